//! What tokio does for TLS: handshakes, and sending the last bytes of sockets that the program has closed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::task::AbortHandle;

use crate::runtime;
use crate::sys::{AsyncStream, StreamIo};
use crate::tls::{
    ClientContext, ClientParameters, Failed, HandshakeFailure, Handshaken, ServerContext, ServerParameters, Session,
    client_handshake, server_handshake,
};

/// How long the last bytes of a closed socket may take. A peer that does not read must not hold the process for ever.
const FAREWELL: Duration = Duration::from_secs(30);

/// How often it is looked whether the peer's system has everything: nothing tells.
const ACKNOWLEDGED: Duration = Duration::from_millis(10);

/// A handshake to be made.
#[derive(Debug)]
pub enum Handshake {
    /// As the side that begins.
    Client(Arc<ClientContext>, ClientParameters),
    /// As the side that answers.
    Server(Arc<ServerContext>, ServerParameters),
}

/// How a handshake came out.
#[derive(Debug)]
pub struct Shaken {
    /// The connection, or why there is none.
    pub result: Result<Box<Session>, Box<Failed<()>>>,
    /// What was received, if it was tapped.
    pub received: Vec<u8>,
}

impl Shaken {
    /// A handshake that failed before it began.
    #[must_use]
    pub fn failed(failure: HandshakeFailure) -> Self {
        Self { result: Err(Failed::because(failure)), received: Vec::new() }
    }
}

/// Shakes hands on a tokio thread; `report` is called there exactly once, also when
/// the task is aborted.
///
/// `io` keeps its descriptor, and must not be read or written until then. `initial` is what was received before: it goes
/// first, and is not among the bytes that are kept for a tap.
///
/// # Errors
///
/// The system's, when there is no descriptor or thread left.
pub fn start(
    io: &StreamIo,
    handshake: Handshake,
    initial: Vec<u8>,
    report: impl FnOnce(Shaken) + Send + 'static,
) -> io::Result<AbortHandle> {
    let duplicate = io.duplicate()?;
    let report = Report::new(report);
    let task = runtime::handle()?.spawn(async move {
        let shaken = match AsyncStream::try_from(duplicate) {
            Ok(stream) => shake(stream, handshake, initial).await,
            Err(error) => Shaken::failed(HandshakeFailure::Transport(error)),
        };
        // The duplicate is closed by now, so that closing the socket itself closes the connection.
        report.tell(shaken);
    });
    Ok(task.abort_handle())
}

async fn shake(stream: AsyncStream, handshake: Handshake, initial: Vec<u8>) -> Shaken {
    let known = initial.len();
    let stream = Continued { initial, read: 0, stream };
    let mut shaken = shake_hands(stream, handshake).await;
    shaken.received.drain(..known.min(shaken.received.len()));
    shaken
}

/// A stream whose first bytes were received elsewhere.
struct Continued {
    initial: Vec<u8>,
    read: usize,
    stream: AsyncStream,
}

impl AsyncRead for Continued {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let rest = &self.initial[self.read..];
        if rest.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        self.read += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Continued {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, data)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

async fn shake_hands(stream: Continued, handshake: Handshake) -> Shaken {
    // On the worker's side: what the JS thread allocates for a task should be small, since it may have to for thousands at once.
    let done = match handshake {
        Handshake::Client(context, parameters) => Box::pin(client_handshake(stream, context, parameters)).await,
        Handshake::Server(context, parameters) => Box::pin(server_handshake(stream, context, parameters)).await,
    };
    match done {
        Ok(Handshaken { session, received, .. }) => Shaken { result: Ok(session), received },
        Err(failed) => {
            let Failed { failure, peer_chain, server_name, received, .. } = *failed;
            let failed = Failed { stream: None, failure, peer_chain, server_name, received: Vec::new() };
            Shaken { result: Err(Box::new(failed)), received }
        }
    }
}

/// Sends the last bytes of a closed connection and waits until the peer's system has them; `report` is called when that is
/// over, one way or the other.
///
/// # Errors
///
/// The system's, when there is no descriptor or thread left.
pub fn farewell(io: StreamIo, rest: Vec<u8>, report: impl FnOnce() + Send + 'static) -> io::Result<AbortHandle> {
    let report = Report::new(move |()| report());
    let task = runtime::handle()?.spawn(async move {
        if let Ok(stream) = AsyncStream::try_from(io) {
            // Whether it succeeds or not, there is nobody left to tell.
            let _ = tokio::time::timeout(FAREWELL, leave(stream, &rest)).await;
        }
        report.tell(());
    });
    Ok(task.abort_handle())
}

/// What the peer still sends is read and thrown away: a socket that is closed with received bytes in it is reset, and what it
/// has not sent by then is lost.
async fn leave(mut stream: AsyncStream, mut rest: &[u8]) -> io::Result<()> {
    let mut unread = [0; 4096];
    while !rest.is_empty() {
        let (mut reader, mut writer) = tokio::io::split(&mut stream);
        tokio::select! {
            count = writer.write(rest) => rest = &rest[count?..],
            count = reader.read(&mut unread) => {
                if count? == 0 {
                    // The peer has ended, and may still read.
                    writer.write_all(rest).await?;
                    break;
                }
            }
        }
    }
    stream.shutdown().await?;
    while stream.unacknowledged() > 0 {
        tokio::select! {
            count = stream.read(&mut unread) => {
                if count? == 0 {
                    return Ok(());
                }
            }
            () = tokio::time::sleep(ACKNOWLEDGED) => {}
        }
    }
    Ok(())
}

/// Calls a function exactly once: with what is told, or, should the task panic before, with what stands for that. A socket
/// whose handshake has panicked must not wait for ever.
struct Report<T: Lost, F: FnOnce(T)> {
    function: Option<F>,
    told: std::marker::PhantomData<fn(T)>,
}

/// What is reported of a task that ended without a word.
trait Lost {
    fn lost() -> Self;
}

impl Lost for Shaken {
    fn lost() -> Self {
        Self::failed(HandshakeFailure::Transport(io::ErrorKind::Other.into()))
    }
}

impl Lost for () {
    fn lost() {}
}

impl<T: Lost, F: FnOnce(T)> Report<T, F> {
    fn new(function: F) -> Self {
        Self { function: Some(function), told: std::marker::PhantomData }
    }

    fn tell(mut self, what: T) {
        if let Some(function) = self.function.take() {
            function(what);
        }
    }
}

impl<T: Lost, F: FnOnce(T)> Drop for Report<T, F> {
    fn drop(&mut self) {
        if let Some(function) = self.function.take() {
            function(T::lost());
        }
    }
}
