//! Streams over HTTPS: the same frames through another layer.

use std::sync::Arc;

use busbar::engine::Preset;
use serde_json::Value;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

use super::kind;
use super::stage::Stage;

type Secure = WebSocket<StreamOwned<ClientConnection, std::net::TcpStream>>;

fn stream(stage: &Stage, token: &str) -> Secure {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(stage.certificate()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let tls = ClientConnection::new(Arc::new(config), name).unwrap();
    let address = format!("wss://127.0.0.1:{}/api/v1/live", stage.port());
    let mut request = address.into_client_request().unwrap();
    let bearer = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    tungstenite::client(request, StreamOwned::new(tls, stage.wire())).unwrap().0
}

fn hear(stream: &mut Secure) -> Value {
    loop {
        if let Message::Text(text) = stream.read().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

#[test]
fn a_stream_goes_on_over_https_whatever_the_size_of_its_messages() {
    let stage = Stage::secure();
    let token = stage.token("emil", Preset::Engineer);
    let mut stream = stream(&stage, &token);
    let all = r#"{"subscribe":{"id":"a","packs":["*"],"signals":["*"],"frames":{},"rate_hz":20}}"#;
    stream.send(Message::text(all)).unwrap();
    assert_eq!(kind(&hear(&mut stream)), "snapshot");
    for _ in 0..15 {
        assert_eq!(kind(&hear(&mut stream)), "change");
    }
    // A second one under another name: its frames are put together from two pieces.
    stream.send(Message::text(all.replace("\"a\"", "\"another\""))).unwrap();
    let mut others = (0..40).map(|_| hear(&mut stream)).filter(|m| m["subscription"] == "another");
    assert_eq!(kind(&others.next().unwrap()), "snapshot");
    assert_eq!(kind(&others.next().unwrap()), "change");
}
