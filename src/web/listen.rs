//! The socket: takes connections within limits and hands them to the routes; speaks HTTPS where it
//! has a certificate; stops without cutting off what is being answered.

mod connection;
mod crowd;
mod stall;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::runtime::Runtime;

use crate::web::listen::connection::Reception;
use crate::web::listen::crowd::Crowd;
use crate::web::routes::routes;
use crate::web::shared::Shared;
use crate::web::tls::{Certificate, TlsError};

/// Threads that answer.
const WORKERS: usize = 2;
/// Threads for work that blocks: passwords, the store, and files that are sent. More than there are turns
/// for work aside, so that none of it waits for a download.
const BLOCKING: usize = 64;
/// How long to wait when the machine has no more room for a connection.
const BREATH: Duration = Duration::from_millis(50);
/// How often it is looked whether all is done once the listener is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Why the listener cannot start.
#[derive(Debug, Error)]
pub enum ListenError {
    /// Plain HTTP, and not a loopback address.
    #[error(
        "{0} is not a loopback address: plain HTTP would send passwords in the clear; use HTTPS"
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
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The runtime or its threads cannot be made.
    #[error("the web listener's threads cannot be started")]
    Thread(#[source] io::Error),
}

/// A bound socket, which listens from now on.
#[derive(Debug)]
pub struct Socket {
    socket: TcpListener,
    address: SocketAddr,
}

impl Socket {
    /// Binds `address`.
    ///
    /// # Errors
    /// The address cannot be had.
    pub fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let bind = |source| ListenError::Bind { address, source };
        let socket = TcpListener::bind(address).map_err(bind)?;
        socket.set_nonblocking(true).map_err(bind)?;
        let address = socket.local_addr().map_err(bind)?;
        Ok(Self { socket, address })
    }

    /// The same socket once more: whoever listens on it next takes over without a gap.
    ///
    /// # Errors
    /// The machine has no more room.
    pub fn again(&self) -> Result<Self, ListenError> {
        let socket = self.socket.try_clone();
        let bind = |source| ListenError::Bind { address: self.address, source };
        Ok(Self { socket: socket.map_err(bind)?, address: self.address })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A running listener; dropping it stops it, within the time that its limits give to requests in
/// flight.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    shared: Shared,
    runtime: Option<Runtime>,
}

impl Listener {
    /// Listens on `address`, which must be on loopback, in plain HTTP.
    ///
    /// # Errors
    /// The address is not on loopback or cannot be had.
    pub fn start(address: SocketAddr, shared: Shared) -> Result<Self, ListenError> {
        if !address.ip().is_loopback() {
            return Err(ListenError::NotLoopback(address));
        }
        Self::open(Socket::bind(address)?, None, shared)
    }

    /// Listens on `socket`, in HTTPS where there is a certificate. Whether plain HTTP may be spoken
    /// there was decided before.
    ///
    /// # Errors
    /// The machine has no more threads.
    pub fn open(
        socket: Socket,
        certificate: Option<&Certificate>,
        shared: Shared,
    ) -> Result<Self, ListenError> {
        let address = socket.address;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .max_blocking_threads(BLOCKING)
            .thread_name("web")
            .enable_all()
            .build()
            .map_err(ListenError::Thread)?;
        let entered = runtime.enter();
        let socket = tokio::net::TcpListener::from_std(socket.socket);
        let socket = socket.map_err(|source| ListenError::Bind { address, source })?;
        drop(entered);
        let router = routes(&shared).router();
        let crowd = Crowd::new(&shared);
        let reception = Arc::new(Reception::new(router, certificate, shared.clone()));
        runtime.spawn(take(socket, crowd, reception, shared.clone()));
        Ok(Self { address, shared, runtime: Some(runtime) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its handlers share.
    #[must_use]
    pub const fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Takes no more connections; what is in flight is finished when the listener is dropped.
    pub fn close(&self) {
        self.shared.stop();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.stop();
        let Some(runtime) = self.runtime.take() else { return };
        let limit = self.shared.limits().drain;
        let shared = self.shared.clone();
        runtime.block_on(async move {
            let over = async {
                while shared.open_connections() > 0 {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            };
            if tokio::time::timeout(limit, over).await.is_err() {
                tracing::info!("connections were cut off when the listener stopped");
            }
        });
        // Work that blocks may be in the middle of a transaction, which ends by itself.
        runtime.shutdown_background();
    }
}

/// Takes connections until the listener is to stop.
async fn take(
    socket: tokio::net::TcpListener,
    crowd: Arc<Crowd>,
    reception: Arc<Reception>,
    shared: Shared,
) {
    let stopping = shared.stopping();
    tokio::pin!(stopping);
    loop {
        let taken = tokio::select! {
            taken = socket.accept() => taken,
            () = &mut stopping => return,
        };
        match taken {
            Ok((stream, peer)) => match crowd.admit(peer.ip()) {
                Some(place) => {
                    let reception = Arc::clone(&reception);
                    tokio::spawn(async move { reception.receive(stream, peer, place).await });
                }
                // Told nothing: an answer would cost what there is too little of.
                None => drop(stream),
            },
            // The other side has gone already.
            Err(error) if is_gone(&error) => {}
            // The machine has no room for it; what ends meanwhile makes some.
            Err(error) => {
                tracing::debug!(%error, "a connection could not be taken");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    [ConnectionAborted, ConnectionReset, Interrupted].contains(&error.kind())
}
