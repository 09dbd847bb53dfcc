//! The files that every page is made of: style sheets, the script, fonts, the mark. They are in the
//! program itself and hold nothing that needs a sign-in; their address names their content, so that
//! a browser asks once.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::web::pages::{shell, theme};

/// One file.
struct Asset {
    name: &'static str,
    kind: &'static str,
    body: &'static [u8],
}

/// What is kept in the program as it is; what has colours is made from the tokens.
const KEPT: [Asset; 8] = [
    Asset {
        name: "site.css",
        kind: "text/css; charset=utf-8",
        body: include_bytes!("../../../assets/web/site.css"),
    },
    Asset {
        name: "live.js",
        kind: "text/javascript; charset=utf-8",
        body: include_bytes!("../../../assets/web/live.js"),
    },
    Asset {
        name: "can.js",
        kind: "text/javascript; charset=utf-8",
        body: include_bytes!("../../../assets/web/can.js"),
    },
    Asset {
        name: "form.js",
        kind: "text/javascript; charset=utf-8",
        body: include_bytes!("../../../assets/web/form.js"),
    },
    Asset {
        name: "Inter-Regular.woff2",
        kind: "font/woff2",
        body: include_bytes!("../../../assets/web/fonts/Inter-Regular.woff2"),
    },
    Asset {
        name: "Inter-SemiBold.woff2",
        kind: "font/woff2",
        body: include_bytes!("../../../assets/web/fonts/Inter-SemiBold.woff2"),
    },
    Asset {
        name: "JetBrainsMono-Regular.woff2",
        kind: "font/woff2",
        body: include_bytes!("../../../assets/web/fonts/JetBrainsMono-Regular.woff2"),
    },
    Asset {
        name: "JetBrainsMono-Medium.woff2",
        kind: "font/woff2",
        body: include_bytes!("../../../assets/web/fonts/JetBrainsMono-Medium.woff2"),
    },
];

/// What is made from the tokens, and the name of this set of files: a part of the hash of all.
struct Made {
    theme: String,
    mark: String,
    version: String,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let (theme, mark) = (theme::css(), theme::mark());
    let made = Sha256::new().chain_update(&theme).chain_update(&mark);
    let all = KEPT
        .iter()
        .fold(made, |hash, asset| hash.chain_update(asset.name).chain_update(asset.body));
    let digest = data_encoding::HEXLOWER.encode(&all.finalize());
    Made { theme, mark, version: digest.chars().take(16).collect() }
});

/// The name of this set of files, for their addresses.
#[must_use]
pub fn version() -> &'static str {
    &MADE.version
}

/// A file by its name, with what it is.
fn find(name: &str) -> Option<(&'static str, &'static [u8])> {
    match name {
        "theme.css" => Some(("text/css; charset=utf-8", MADE.theme.as_bytes())),
        "mark.svg" => Some(("image/svg+xml", MADE.mark.as_bytes())),
        kept => KEPT.iter().find(|asset| asset.name == kept).map(|a| (a.kind, a.body)),
    }
}

/// Answers with a file.
pub async fn asset(Path((set, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let version = version();
    let Some((kind, body)) = find(&name) else {
        return shell::nothing_there();
    };
    let tag = format!("\"{version}\"");
    // An address of another set (an older page) gets today's file, but must ask again next time.
    let keep = if set == version { "public, max-age=31536000, immutable" } else { "no-cache" };
    let seen = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = if seen == Some(tag.as_str()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, kind)], Bytes::from_static(body)).into_response()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
