//! The web face (feature `web`): the only place with async. Until accounts exist it answers one
//! route, `/health`, and lets nobody else in; it listens on loopback only and holds no seat.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use thiserror::Error;
use tokio::sync::oneshot;

/// Why the listener cannot start.
#[derive(Debug, Error)]
pub enum ListenError {
    /// Not a loopback address.
    #[error(
        "{0} is not a loopback address: without accounts Busbar listens on this machine only, such as 127.0.0.1:18080"
    )]
    NotLoopback(SocketAddr),
    /// The address is taken or not ours.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The runtime or its thread cannot be made.
    #[error("the web listener's thread cannot be started")]
    Thread(#[source] io::Error),
}

/// A running listener; dropping it stops it.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Listens on `address`, which must be on loopback.
    ///
    /// # Errors
    /// The address is not on loopback or cannot be had.
    pub fn start(address: SocketAddr) -> Result<Self, ListenError> {
        if !address.ip().is_loopback() {
            return Err(ListenError::NotLoopback(address));
        }
        let bind = |source| ListenError::Bind { address, source };
        let socket = TcpListener::bind(address).map_err(bind)?;
        socket.set_nonblocking(true).map_err(bind)?;
        let address = socket.local_addr().map_err(bind)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(ListenError::Thread)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let body = move || {
            let served: io::Result<()> = runtime.block_on(async {
                let socket = tokio::net::TcpListener::from_std(socket)?;
                // An answer takes microseconds: nobody is cut off who was not stalling.
                tokio::select! {
                    served = async { axum::serve(socket, routes()).await } => served,
                    _ended = stopped => Ok(()),
                }
            });
            if let Err(error) = served {
                tracing::error!(%error, "the web listener ended");
            }
        };
        let thread = std::thread::Builder::new().name("web".into()).spawn(body);
        let thread = Some(thread.map_err(ListenError::Thread)?);
        Ok(Self { address, stop: Some(stop), thread })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the web listener ended by a panic");
        }
    }
}

fn routes() -> Router {
    Router::new().route("/health", get(health)).fallback(closed)
}

async fn health() -> Response {
    plain(StatusCode::OK, "application/json", "{\"status\":\"ok\"}\n")
}

async fn closed() -> Response {
    let body = concat!(
        "{\"type\":\"about:blank\",\"title\":\"Not signed in\",\"status\":401,",
        "\"code\":\"not_signed_in\",\"detail\":\"Pages and data need an account, and this version ",
        "has none yet. Use the window, or the terminal in which busbar serve runs.\"}\n"
    );
    plain(StatusCode::UNAUTHORIZED, "application/problem+json", body)
}

fn plain(status: StatusCode, kind: &'static str, body: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn only_health_is_open_and_everything_else_asks_for_a_sign_in() {
        let listener = Listener::start("127.0.0.1:0".parse().unwrap()).unwrap();
        let get = |path: &str| {
            let request =
                format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            ask(listener.address(), &request)
        };
        assert!(get("/health").starts_with("HTTP/1.1 200"));
        for path in ["/", "/api/v1/packs", "/../etc/passwd", "/health/x"] {
            let answer = get(path);
            assert!(answer.starts_with("HTTP/1.1 401"), "{path}: {answer}");
            assert!(answer.contains("not_signed_in"));
        }
    }

    #[test]
    fn other_machines_are_not_listened_to() {
        let error = Listener::start("0.0.0.0:0".parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("not a loopback address"));
    }

    #[test]
    fn an_address_that_is_taken_is_named() {
        let first = Listener::start("127.0.0.1:0".parse().unwrap()).unwrap();
        let error = Listener::start(first.address()).unwrap_err();
        assert!(error.to_string().contains(&first.address().to_string()));
    }
}
