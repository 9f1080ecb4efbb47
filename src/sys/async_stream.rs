//! A socket in tokio's hands, for as long as a farewell takes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use socket2::Socket;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// A connected stream socket of any family. It must be used inside of a tokio runtime.
#[derive(Debug)]
pub enum AsyncStream {
    /// TCP.
    Tcp(TcpStream),
    /// A unix socket.
    #[cfg(unix)]
    Unix(UnixStream),
}

impl AsyncStream {
    /// Takes over a non-blocking socket.
    ///
    /// # Errors
    ///
    /// The system's, when tokio's poll can't take it.
    pub(super) fn new(socket: Socket) -> io::Result<Self> {
        #[cfg(unix)]
        if socket.local_addr()?.is_unix() {
            return UnixStream::from_std(socket.into()).map(Self::Unix);
        }
        TcpStream::from_std(socket.into()).map(Self::Tcp)
    }
}

impl AsyncStream {
    /// As [`super::StreamIo::unacknowledged`].
    #[must_use]
    pub fn unacknowledged(&self) -> usize {
        match self {
            Self::Tcp(stream) => super::platform::unacknowledged(stream),
            #[cfg(unix)]
            Self::Unix(_) => 0,
        }
    }
}

/// Polls whichever stream it is, again when a signal came between: tokio reports that as a failure.
macro_rules! each {
    ($self:ident, $stream:ident => $work:expr) => {
        loop {
            let polled = match &mut *$self {
                AsyncStream::Tcp($stream) => $work,
                #[cfg(unix)]
                AsyncStream::Unix($stream) => $work,
            };
            match polled {
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                polled => return polled,
            }
        }
    };
}

impl AsyncRead for AsyncStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_read(cx, buffer))
    }
}

impl AsyncWrite for AsyncStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, stream => Pin::new(stream).poll_write(cx, data))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self, stream => Pin::new(stream).poll_write_vectored(cx, data))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}
