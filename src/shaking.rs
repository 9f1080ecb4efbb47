//! A TLS handshake, made in steps.
//!
//! It is one future, which the reactor has polled whenever its poll has something for the socket: on the JS thread, or by a
//! tokio thread. In between it waits with the reactor, and no other poll has to know of the socket.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::Shutdown;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Handle;

use crate::runtime;
use crate::sys::{StreamIo, is_transient};
use crate::tls::{
    ClientContext, ClientParameters, Demands, Failed, HandshakeFailure, Handshaken, ServerContext, ServerParameters,
    Session, client_handshake, server_handshake,
};

/// A `HelloRetryRequest` is shorter, a server's flight with its certificate and signature longer.
const FLIGHT: usize = 400;

/// A handshake to be made.
#[derive(Debug)]
pub enum Handshake {
    /// As the side that begins.
    Client(Arc<ClientContext>, ClientParameters),
    /// As the side that answers.
    Server(Arc<ServerContext>, ServerParameters),
}

impl Handshake {
    /// What a client demands of its server.
    #[must_use]
    pub fn demands(&self) -> Option<&Arc<Demands>> {
        match self {
            Self::Client(_, parameters) => Some(&parameters.demands),
            Self::Server(..) => None,
        }
    }

    fn cost(&self) -> Cost {
        match self {
            Self::Client(..) => Cost::Unknown,
            Self::Server(context, parameters) if context.asks_for_certificate(parameters) => Cost::Unknown,
            // Some signatures take milliseconds.
            Self::Server(context, _) if context.has_rsa() => Cost::LittleAfterFlight,
            Self::Server(..) => Cost::Little,
        }
    }
}

/// Which steps of a handshake take little time, whatever the peer sends.
#[derive(Clone, Copy, Debug)]
enum Cost {
    /// All of them.
    Little,
    /// Those after the flight with the server's signature.
    LittleAfterFlight,
    /// None: it depends on the peer's certificates.
    Unknown,
}

/// How a handshake came out.
#[derive(Debug)]
pub struct Shaken {
    /// The connection, or why there is none.
    pub result: Result<Box<Session>, Box<Failed<()>>>,
    /// The alert that tells the peer of a failure, to be sent when the program has been told.
    pub alert: Vec<u8>,
}

impl Shaken {
    /// A handshake that failed before it began.
    #[must_use]
    pub fn failed(failure: HandshakeFailure) -> Self {
        Self { result: Err(Failed::because(failure)), alert: Vec::new() }
    }
}

/// The socket of a handshake.
#[derive(Debug)]
pub struct Socket {
    /// The socket itself.
    pub io: Arc<StreamIo>,
    /// Set once this side has sent FIN: from then on what should be sent goes nowhere, and that is no failure.
    pub silenced: Arc<AtomicBool>,
    /// Set while the program wants nothing to be read: it may say so while a step is on its way.
    pub held: Arc<AtomicBool>,
    /// Where what is received comes from if somebody else reads the socket.
    pub inlet: Option<Arc<Inlet>>,
}

/// What of the peer's was received for a handshake that is tapped, and so does not read the socket itself. The reactor puts it here between
/// two steps; the lock is for the next one, which another thread may take.
#[derive(Debug, Default)]
pub struct Inlet(Mutex<Inflow>);

#[derive(Debug, Default)]
struct Inflow {
    bytes: Vec<u8>,
    read: usize,
    /// What comes after them.
    end: Option<io::Result<()>>,
}

impl Inlet {
    /// More has come.
    pub fn put(&self, bytes: &[u8]) {
        self.lock().bytes.extend_from_slice(bytes);
    }

    /// Nothing more comes.
    pub fn end(&self, how: io::Result<()>) {
        self.lock().end = Some(how);
    }

    /// Whether the handshake has not read all of it, or nothing more comes.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let inflow = self.lock();
        inflow.read < inflow.bytes.len() || inflow.end.is_some()
    }

    /// Whether nothing more comes.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        let inflow = self.lock();
        inflow.read == inflow.bytes.len() && inflow.end.is_some()
    }

    /// What the handshake has left.
    #[must_use]
    pub fn take_rest(&self) -> Vec<u8> {
        let Inflow { bytes, read, .. } = std::mem::take(&mut *self.lock());
        bytes[read..].to_vec()
    }

    fn read(&self, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut inflow = self.lock();
        let rest = &inflow.bytes[inflow.read..];
        let count = rest.len().min(buffer.remaining());
        if count > 0 {
            buffer.put_slice(&rest[..count]);
            inflow.read += count;
            if inflow.read == inflow.bytes.len() {
                (inflow.bytes, inflow.read) = (Vec::new(), 0);
            }
            return Poll::Ready(Ok(()));
        }
        match &mut inflow.end {
            None => Poll::Pending,
            Some(end) => Poll::Ready(std::mem::replace(end, Ok(()))),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inflow> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handshake under way.
pub struct Steps {
    handshake: Pin<Box<dyn Future<Output = Shaken> + Send>>,
    again: Waker,
    runtime: &'static Handle,
    cost: Cost,
    progress: Arc<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    /// From then on there are steps.
    begun: AtomicBool,
    /// From then on the socket is read. A client's first words have no answer yet, and what comes in the same moment waits for the next step:
    /// the program may have paused the socket.
    hears: AtomicBool,
    /// The present step, or the last one, has read less than it had room for: what the kernel had. It reads no more, for a failure that it
    /// would find is not the handshake's if that is complete.
    drained: AtomicBool,
    /// How much has been sent.
    sent: AtomicUsize,
}

/// What a step came to.
#[derive(Debug)]
pub enum Stepped {
    /// The handshake is over.
    Over(Shaken),
    /// It waits for the peer, or for the program.
    Waits(Steps),
}

impl Steps {
    /// A handshake that goes on from bytes that were received `initial`ly.
    /// A server's time limit begins now, a client's with the first step. `again` is called, on any thread, when there may be a
    /// step to take although the poll says nothing of the socket: at the time limit, or when the program has answered a
    /// question.
    ///
    /// # Errors
    ///
    /// The system's, when there is no thread left.
    pub fn new(
        socket: Socket,
        handshake: Handshake,
        initial: Vec<u8>,
        again: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let runtime = runtime::handle()?;
        let (cost, waits) = (handshake.cost(), matches!(handshake, Handshake::Server(..)));
        let demands = handshake.demands().cloned();
        let progress = Arc::new(Progress { hears: waits.into(), ..Progress::default() });
        let stream = HandshakeStream {
            socket,
            initial,
            read: 0,
            flight: Vec::new(),
            demands,
            refused: false,
            unheard: false,
            progress: Arc::clone(&progress),
        };
        let mut steps = Self {
            handshake: Box::pin(shake(stream, handshake)),
            again: Waker::from(Arc::new(Again(again))),
            runtime,
            cost,
            progress,
        };
        if waits {
            // It finds nothing to read, and starts the clock.
            let _waits = steps.poll();
        }
        Ok(steps)
    }

    /// Whether the next step takes little time, whatever the peer has sent.
    #[must_use]
    pub fn is_quick(&self) -> bool {
        match self.cost {
            Cost::Little => true,
            Cost::LittleAfterFlight => self.has_sent_flight(),
            Cost::Unknown => false,
        }
    }

    /// Whether a flight was sent that is as long as a server's.
    #[must_use]
    pub fn has_sent_flight(&self) -> bool {
        self.progress.sent.load(Ordering::Relaxed) >= FLIGHT
    }

    /// Whether the first step has been taken.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.progress.begun.load(Ordering::Relaxed)
    }

    /// Whether the last step has read less than it had room for, and then no more.
    #[must_use]
    pub fn has_drained(&self) -> bool {
        self.progress.drained.load(Ordering::Relaxed)
    }

    /// Goes on as far as the peer's bytes allow.
    #[must_use]
    pub fn step(mut self) -> Stepped {
        self.progress.begun.store(true, Ordering::Relaxed);
        self.progress.drained.store(false, Ordering::Relaxed);
        match catch_unwind(AssertUnwindSafe(|| self.poll())) {
            Ok(Poll::Ready(shaken)) => Stepped::Over(shaken),
            Ok(Poll::Pending) => {
                self.progress.hears.store(true, Ordering::Relaxed);
                Stepped::Waits(self)
            }
            // A socket whose handshake has panicked must not wait for ever.
            Err(_) => Stepped::Over(Shaken::failed(HandshakeFailure::Transport(io::ErrorKind::Other.into()))),
        }
    }

    fn poll(&mut self) -> Poll<Shaken> {
        // For the time limit, which tokio keeps.
        let _inside = self.runtime.enter();
        self.handshake.as_mut().poll(&mut Context::from_waker(&self.again))
    }

    /// Does the same on a tokio thread, where `report` is called with what it came to.
    pub fn step_elsewhere(self, report: impl FnOnce(Stepped) + Send + 'static) {
        // Nobody waits for the task, which cannot fail.
        drop(self.runtime.spawn(async move { report(self.step()) }));
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Steps").field("cost", &self.cost).field("progress", &self.progress).finish_non_exhaustive()
    }
}

struct Again<F>(F);

impl<F: Fn() + Send + Sync> Wake for Again<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        (self.0)();
    }
}

async fn shake(stream: HandshakeStream, handshake: Handshake) -> Shaken {
    // Memory of their own for as long as they take: between the steps of thousands of handshakes at once little should be left.
    let done = match handshake {
        Handshake::Client(context, parameters) => Box::pin(client_handshake(stream, context, parameters)).await,
        Handshake::Server(context, parameters) => Box::pin(server_handshake(stream, context, parameters)).await,
    };
    match done {
        Ok(Handshaken { stream, mut session }) => {
            session.sends_first(stream.flight);
            Shaken { result: Ok(session), alert: Vec::new() }
        }
        Err(failed) => {
            let Failed { stream, failure, peer_chain, server_name } = *failed;
            let failure = match failure {
                HandshakeFailure::Disconnected if stream.as_ref().is_some_and(|stream| stream.unheard) => {
                    HandshakeFailure::Unheard
                }
                failure => failure,
            };
            let alert = stream.map(|stream| stream.flight).unwrap_or_default();
            Shaken { result: Err(Box::new(Failed { stream: None, failure, peer_chain, server_name })), alert }
        }
    }
}

/// The socket as the handshake sees it. It wakes nobody: the reactor's poll says when there is more.
///
/// A flight is sent before its answer is read. The last one has no answer: as on Bun the program is told of the handshake, or of its
/// failure, before it leaves. So it takes the program's first words along, and of two ends in one process the one is told first that has
/// known first.
struct HandshakeStream {
    socket: Socket,
    /// What was received elsewhere, and how much of it has been read.
    initial: Vec<u8>,
    read: usize,
    /// What is to be sent: rustls' answers to one flight of the peer, some KiB.
    flight: Vec<u8>,
    /// What a client demands: one that takes no certificate but a good one leaves when its handshake has failed.
    demands: Option<Arc<Demands>>,
    /// The peer was gone when something was sent.
    refused: bool,
    /// And it has said nothing more.
    unheard: bool,
    progress: Arc<Progress>,
}

impl HandshakeStream {
    fn send_flight(&mut self) -> io::Result<()> {
        if self.socket.silenced.load(Ordering::Relaxed) {
            // A send would fail, and take a reset off the socket that the next read is to find.
            self.flight.clear();
        }
        while !self.flight.is_empty() {
            match self.socket.io.send(&self.flight) {
                Ok(count) => {
                    self.progress.sent.fetch_add(count, Ordering::Relaxed);
                    self.flight.drain(..count);
                }
                // The program has sent FIN meanwhile.
                Err(_) if self.socket.silenced.load(Ordering::Relaxed) => self.flight.clear(),
                Err(error) if is_hang_up(&error) => {
                    self.refused = true;
                    self.socket.silenced.store(true, Ordering::Relaxed);
                    // ENOTCONN, mostly.
                    let _ = self.socket.io.shutdown(Shutdown::Write);
                }
                Err(error) => return Err(error),
            }
        }
        // Not kept for the next flight: it would leave a hole in the heap.
        self.flight = Vec::new();
        Ok(())
    }

    /// What the peer has said before it left. As in Bun, a send that has failed takes the reset off the socket, and the handshake fails with
    /// the peer's end, and the connection with that of the reset: unless this is a client that has left by then.
    fn receive_last(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !self.progress.hears.load(Ordering::Relaxed) {
            if let Some(error) = self.socket.io.take_error()? {
                // On a unix socket, where a send leaves it: a listener that was closed before it had accepted.
                return Err(error);
            }
            self.unheard = !self.demands.as_ref().is_some_and(|demands| demands.rejects());
            return Ok(0);
        }
        match self.socket.io.receive(into) {
            Ok(0) => {
                self.unheard = true;
                Ok(0)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            result => result,
        }
    }
}

fn is_hang_up(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
}

fn polled<T>(cx: &Context<'_>, result: io::Result<T>) -> Poll<io::Result<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        // The poll will not say when there is memory again.
        Err(error) if is_transient(&error) => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        result => Poll::Ready(result),
    }
}

impl AsyncRead for HandshakeStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.progress.begun.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        match polled(cx, self.send_flight()) {
            Poll::Ready(Ok(())) => {}
            other => return other,
        }
        let rest = &self.initial[self.read..];
        if rest.is_empty() {
            let hears = self.progress.hears.load(Ordering::Relaxed);
            if self.refused && (self.socket.inlet.is_none() || !hears) {
                let received = self.receive_last(buffer.initialize_unfilled());
                return polled(cx, received).map_ok(|count| buffer.advance(count));
            }
            if let Some(inlet) = &self.socket.inlet {
                let before = buffer.filled().len();
                let result = inlet.read(buffer);
                // As in `receive_last`.
                if self.refused && matches!(result, Poll::Ready(Ok(()))) && buffer.filled().len() == before {
                    self.unheard = true;
                }
                return result;
            }
            let progress = &self.progress;
            let is_held = self.socket.held.load(Ordering::Relaxed);
            if is_held || !hears || progress.drained.load(Ordering::Relaxed) {
                return Poll::Pending;
            }
            let room = buffer.remaining();
            return polled(cx, self.socket.io.receive(buffer.initialize_unfilled())).map_ok(|count| {
                progress.drained.store((1..room).contains(&count), Ordering::Relaxed);
                buffer.advance(count);
            });
        }
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        self.read += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for HandshakeStream {
    fn poll_write(mut self: Pin<&mut Self>, _cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.flight.extend_from_slice(data);
        Poll::Ready(Ok(data.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.socket.io.shutdown(Shutdown::Write))
    }
}
