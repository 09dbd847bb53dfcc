//! What connections and requests may take. The defaults are what runs; tests set shorter ones.

use std::time::Duration;

use axum::http::Method;

/// Bytes of a recording that is taken in.
pub const UPLOAD_BYTES: u64 = 4_000_000_000;
/// Longest that a recording may take to come in, and to be looked at.
pub const UPLOAD_TIME: Duration = Duration::from_secs(4 * 3600);

/// Whether a request brings a recording: its body goes to the disk piece by piece, and may be large and
/// slow. Who may send it is asked before anything of it is read.
#[must_use]
pub fn is_upload(method: &Method, path: &str) -> bool {
    *method == Method::PUT && path.starts_with("/api/v1/recordings/")
        || *method == Method::POST && path == "/can/recordings/upload"
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
}
