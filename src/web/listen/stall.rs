//! A connection whose other side must take what it is sent: one that takes nothing for too long is
//! cut off, so that nobody holds a place by not reading.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::web::listen::crowd::Place;

/// Whether a connection was given up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GivenUp {
    No,
    Yes,
}

/// A connection that does not wait for ever. Holds its place in the crowd, whatever becomes of the
/// connection (a WebSocket, say).
pub struct Patient<S> {
    stream: S,
    limit: Duration,
    /// Runs while something waits to be taken.
    stalled: Option<Pin<Box<Sleep>>>,
    given_up: GivenUp,
    _place: Place,
}

impl<S> Patient<S> {
    /// `stream`, whose other side may take nothing for `limit` at most.
    pub const fn new(stream: S, limit: Duration, place: Place) -> Self {
        Self { stream, limit, stalled: None, given_up: GivenUp::No, _place: place }
    }

    fn judge<T>(
        &mut self,
        done: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.stalled = None;
            return done;
        }
        if self.given_up == GivenUp::No {
            let limit = self.limit;
            let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(limit)));
            ready!(stalled.as_mut().poll(context));
            self.given_up = GivenUp::Yes;
        }
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(done, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.judge(done, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_flush(context);
        self.judge(done, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_shutdown(context);
        self.judge(done, context)
    }
}
