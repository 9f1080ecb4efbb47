//! A listening socket.

use crate::sys::{ListenerIo, StreamIo, is_aborted};

/// A listening socket and whether connections may wait in its backlog.
#[derive(Debug)]
pub struct Listener {
    io: ListenerIo,
    allow_half_open: bool,
    expects_handshakes: bool,
    waiting: bool,
}

/// What taking a connection came to.
#[derive(Debug)]
pub enum Accepted {
    /// A connection.
    Stream(StreamIo),
    /// None waits.
    None,
    /// There is no descriptor or memory for one more. The backlog keeps the connection; try again later.
    Exhausted,
}

impl Listener {
    /// A listener over a socket that already listens.
    #[must_use]
    pub fn new(io: ListenerIo, allow_half_open: bool) -> Self {
        Self { io, allow_half_open, expects_handshakes: false, waiting: false }
    }

    /// The socket, for its address.
    #[must_use]
    pub fn io(&self) -> &ListenerIo {
        &self.io
    }

    /// The socket, for the poll.
    pub fn io_mut(&mut self) -> &mut ListenerIo {
        &mut self.io
    }

    /// Whether accepted sockets stay open after the peer's FIN.
    #[must_use]
    pub fn allow_half_open(&self) -> bool {
        self.allow_half_open
    }

    /// Has all connections from now on wait for a handshake.
    pub fn expect_handshakes(&mut self) {
        self.expects_handshakes = true;
    }

    /// Whether accepted sockets wait for a handshake: nothing is written or read in plain text.
    #[must_use]
    pub fn expects_handshakes(&self) -> bool {
        self.expects_handshakes
    }

    /// Notes that connections wait, or that it is time to try again.
    pub fn note(&mut self) {
        self.waiting = true;
    }

    /// Whether [`Listener::accept`] may find a connection.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.waiting
    }

    /// Takes one connection out of the backlog.
    pub fn accept(&mut self) -> Accepted {
        // Whoever gave up before being accepted is passed over, but not without end.
        for _ in 0..ABORTED_AT_ONCE {
            match self.io.accept() {
                Ok(stream) => return Accepted::Stream(stream),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    self.waiting = false;
                    return Accepted::None;
                }
                Err(error) if is_aborted(&error) => {}
                // Whatever else the system says of an intact listener passes: the poll is edge-triggered, so silence now
                // would be silence for ever.
                Err(_) => {
                    self.waiting = false;
                    return Accepted::Exhausted;
                }
            }
        }
        Accepted::None
    }
}

/// Aborted connections that one step passes over; the listener keeps its place in the queue.
const ABORTED_AT_ONCE: usize = 64;
