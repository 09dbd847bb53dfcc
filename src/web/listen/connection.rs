//! One connection: HTTPS or not, and its requests one after the other.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

use crate::web::listen::crowd::Place;
use crate::web::listen::stall::Patient;
use crate::web::shared::Shared;
use crate::web::tls::Certificate;

/// What the kernel may keep for a client, in bytes; it counts twice as much for its own records.
const SEND_BYTES: usize = 192 * 1024;
/// First byte of a TLS handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// Receives connections.
pub struct Reception {
    router: Router,
    tls: Option<TlsAcceptor>,
    http: http1::Builder,
    shared: Shared,
}

impl Reception {
    /// Hands requests to `router`.
    pub fn new(router: Router, certificate: Option<&Certificate>, shared: Shared) -> Self {
        let limits = shared.limits();
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_headers(limits.fields)
            .max_buf_size(limits.head_bytes);
        let tls = certificate.map(|certificate| TlsAcceptor::from(certificate.config()));
        Self { router, tls, http, shared }
    }

    /// Answers what comes over `stream`.
    pub async fn receive(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, place: Place) {
        // Without the first the last piece of an answer may wait for an acknowledgement; without the
        // second the kernel keeps megabytes for a client that does not read.
        let set = stream.set_nodelay(true);
        let set = set.and_then(|()| SockRef::from(&stream).set_send_buffer_size(SEND_BYTES));
        if let Err(error) = set {
            tracing::debug!(%error, "a connection has gone");
            return;
        }
        let limits = self.shared.limits();
        let (stall, handshake) = (limits.stall, limits.handshake);
        let Some(tls) = &self.tls else {
            return self.serve(Patient::new(stream, stall, place), peer).await;
        };
        let mut first = [0];
        match timeout(handshake, stream.peek(&mut first)).await {
            Ok(Ok(1)) => {}
            Ok(Ok(_) | Err(_)) | Err(_) => return,
        }
        let stream = Patient::new(stream, stall, place);
        if first != [HANDSHAKE] {
            return self.redirect(stream).await;
        }
        match timeout(handshake, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream, peer).await,
            Ok(Err(error)) => tracing::debug!(%error, %peer, "no TLS"),
            Err(_elapsed) => tracing::debug!(%peer, "the TLS handshake took too long"),
        }
    }

    async fn serve(&self, stream: impl Stream, peer: SocketAddr) {
        let service = service_fn(|request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            self.router.clone().call(request)
        });
        self.speak(stream, service).await;
    }

    /// Sends whoever speaks plain HTTP to a listener of HTTPS to the right address.
    async fn redirect(&self, stream: impl Stream) {
        let service = service_fn(|request: Request<Incoming>| async move {
            Ok::<_, Infallible>(moved(&request, &self.shared))
        });
        self.speak(stream, service).await;
    }

    /// Speaks HTTP until the other side is done or the listener is to stop.
    async fn speak<S>(&self, stream: impl Stream, service: S)
    where
        S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>,
        S::Future: Send,
    {
        let connection = self.http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        tokio::pin!(connection);
        let done = tokio::select! {
            done = connection.as_mut() => done,
            () = self.shared.stopping() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = done {
            tracing::debug!(%error, "a connection ended");
        }
    }
}

/// What HTTP is spoken over.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

/// The same address in HTTPS.
fn moved(request: &Request<Incoming>, shared: &Shared) -> Response<Body> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let good = |host: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]_".contains(c);
        !host.is_empty() && host.chars().all(plain)
    };
    let base = match host.filter(good) {
        Some(host) => format!("https://{host}"),
        None => shared.base(),
    };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let path = if path.starts_with('/') { path } else { "/" };
    let answer = Response::builder()
        .status(StatusCode::PERMANENT_REDIRECT)
        .header(header::LOCATION, format!("{base}{path}"))
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::CONNECTION, "close")
        .body(Body::empty());
    answer.unwrap_or_else(|_odd| {
        let mut answer = Response::new(Body::empty());
        *answer.status_mut() = StatusCode::BAD_REQUEST;
        answer
    })
}
