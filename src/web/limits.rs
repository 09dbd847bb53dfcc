//! What connections and requests may take. The defaults are what runs; tests set shorter ones.

use std::time::Duration;

use axum::http::Method;

use crate::engine::{LARGEST_DBC, LARGEST_PACK};

/// Bytes of a recording that is taken in.
pub const UPLOAD_BYTES: u64 = 4_000_000_000;
/// Longest that a recording may take to come in, and to be looked at.
const UPLOAD_TIME: Duration = Duration::from_secs(4 * 3600);
/// Longest that a DBC file or a profile pack may take to come in.
const DBC_TIME: Duration = Duration::from_secs(300);
/// What a form has around the file that it brings, bytes.
const FORM_BYTES: u64 = 64 * 1024;

/// What the body of a request is. Who may send it is asked before anything of it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brings {
    /// Fields of a form, or a document.
    Words,
    /// The same, and what it asks for takes long to make.
    Long,
    /// A DBC file.
    Dbc,
    /// A profile pack.
    Pack,
    /// A recording: goes to the disk piece by piece, and may be large and slow.
    Recording,
}

impl Brings {
    /// What a request to this address brings.
    #[must_use]
    pub fn of(method: &Method, path: &str) -> Self {
        let one_of = |folder: &str| {
            path.strip_prefix(folder).is_some_and(|name| !name.is_empty() && !name.contains('/'))
        };
        match *method {
            Method::PUT if one_of("/api/v1/recordings/") => Self::Recording,
            Method::POST if path == "/can/recordings/upload" => Self::Recording,
            Method::PUT if one_of("/api/v1/dbc/") => Self::Dbc,
            Method::POST if path == "/can/dbc/upload" => Self::Dbc,
            // A DBC of a device folder, or what stands beside it there.
            Method::PUT if path.starts_with("/api/v1/devices/") => Self::Dbc,
            Method::POST if path == "/parts/custom" => Self::Dbc,
            Method::POST if path == "/api/v1/packs" || path == "/profile-pack" => Self::Pack,
            Method::POST if path == "/api/v1/backup" || path == "/system/backup" => Self::Long,
            // A recording is read before anything can be said of it.
            Method::GET
                if path.starts_with("/api/v1/recordings/") && path.ends_with("/discovery") =>
            {
                Self::Long
            }
            Method::GET if path.starts_with("/can/recordings/") && path.ends_with("/discover") => {
                Self::Long
            }
            _ => Self::Words,
        }
    }

    /// Most bytes of what is brought.
    #[must_use]
    pub const fn most(self, limits: &Limits) -> u64 {
        match self {
            Self::Words | Self::Long => limits.body_bytes as u64,
            Self::Dbc => LARGEST_DBC,
            Self::Pack => LARGEST_PACK,
            Self::Recording => UPLOAD_BYTES,
        }
    }

    /// Most bytes of the body that brings it: a form has something around it.
    #[must_use]
    pub const fn most_of_body(self, limits: &Limits) -> u64 {
        match self {
            Self::Words | Self::Long => self.most(limits),
            Self::Dbc | Self::Pack | Self::Recording => self.most(limits) + FORM_BYTES,
        }
    }

    /// Time from the head of the request to the head of its answer.
    #[must_use]
    pub const fn time(self, limits: &Limits) -> Duration {
        match self {
            Self::Words => limits.answer,
            Self::Dbc | Self::Pack => DBC_TIME,
            Self::Long | Self::Recording => UPLOAD_TIME,
        }
    }
}

/// A limit in words: "256 KiB", "16 MiB", "4 GB".
#[must_use]
pub fn size_words(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000, "GB"), (1 << 20, "MiB"), (1_000_000, "MB"), (1 << 10, "KiB")];
    let whole = UNITS.iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    whole
        .map_or_else(|| format!("{bytes} bytes"), |(unit, name)| format!("{} {name}", bytes / unit))
}

/// What connections and requests may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Of these, from other machines: what is left is for this machine itself.
    pub from_elsewhere: usize,
    /// Connections at once from one address of another machine.
    pub per_address: usize,
    /// Time for the head of a request, and how long a connection may idle between requests.
    pub head: Duration,
    /// Time for the TLS handshake.
    pub handshake: Duration,
    /// Time from the head of a request to the head of its answer.
    pub answer: Duration,
    /// How long the other side may take nothing of what is sent to it.
    pub stall: Duration,
    /// How long requests in flight may take once the listener is to stop.
    pub drain: Duration,
    /// Bytes of a head.
    pub head_bytes: usize,
    /// Fields of a head.
    pub fields: usize,
    /// Bytes of a path and its query.
    pub uri_bytes: usize,
    /// Bytes of a body.
    pub body_bytes: usize,
}

/// Open files that are left for everything but connections.
const OTHER_FILES: usize = 64;

impl Limits {
    /// The usual limits, and no more connections than this machine lets the program have.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let usual = Self::default();
        let Some(files) = open_files() else { return usual };
        let connections = usual.connections.min(files.saturating_sub(OTHER_FILES)).max(1);
        Self { connections, from_elsewhere: usual.from_elsewhere.min(connections * 3 / 4), ..usual }
    }
}

/// How many files the program may have open, where the system says so.
fn open_files() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            from_elsewhere: 3072,
            per_address: 256,
            head: Duration::from_secs(10),
            handshake: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            drain: Duration::from_secs(2),
            head_bytes: 32 * 1024,
            fields: 64,
            uri_bytes: 4096,
            body_bytes: 256 * 1024,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_room_for_this_machine_itself() {
        let limits = Limits::of_this_machine();
        assert!(limits.from_elsewhere < limits.connections, "{limits:?}");
        assert!(limits.connections <= Limits::default().connections);
    }

    #[test]
    fn what_is_brought_is_known_by_its_address_and_its_limit_is_told_in_words() {
        let of = |method: Method, path: &str| Brings::of(&method, path);
        assert_eq!(of(Method::PUT, "/api/v1/dbc/car"), Brings::Dbc);
        assert_eq!(of(Method::POST, "/can/dbc/upload"), Brings::Dbc);
        assert_eq!(of(Method::POST, "/api/v1/dbc/car/assign"), Brings::Words);
        assert_eq!(of(Method::PUT, "/api/v1/dbc/car/file"), Brings::Words);
        assert_eq!(of(Method::POST, "/can/dbc"), Brings::Words);
        assert_eq!(of(Method::PUT, "/api/v1/recordings/a.log"), Brings::Recording);
        assert_eq!(of(Method::GET, "/api/v1/recordings/a.log"), Brings::Words);
        let limits = Limits::default();
        let told = |brings: Brings| size_words(brings.most(&limits));
        assert_eq!(told(Brings::Words), "256 KiB");
        assert_eq!(told(Brings::Dbc), "16 MiB");
        assert_eq!(told(Brings::Pack), "80 MiB");
        assert_eq!(of(Method::POST, "/profile-pack"), Brings::Pack);
        assert_eq!(told(Brings::Recording), "4 GB");
        assert_eq!(size_words(1000), "1000 bytes");
    }
}
