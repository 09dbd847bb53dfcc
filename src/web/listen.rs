//! The socket: takes connections within limits and hands them to the routes.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;

use thiserror::Error;
use tokio::sync::oneshot;

use crate::web::routes::routes;
use crate::web::shared::Shared;

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
    pub fn start(address: SocketAddr, shared: Shared) -> Result<Self, ListenError> {
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
                    served = async { axum::serve(socket, routes(&shared).router()).await } => served,
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
