//! How the JS thread learns that sockets are ready.
//!
//! Where descriptors nest (epoll, kqueue) the JS thread polls for itself and a watcher thread only waits for that poll to
//! become readable: no event crosses threads. Elsewhere (Windows) the watcher polls and sends the readiness list along.

#[cfg(unix)]
mod nested;
#[cfg(any(windows, test))]
#[cfg_attr(not(windows), expect(unreachable_pub, reason = "only its own tests use it there"))]
mod threaded;

#[cfg(unix)]
pub use nested::Poller;
#[cfg(windows)]
pub use threaded::Poller;

/// What the poll says of one socket.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "five independent facts, as the poll tells them")]
pub struct Ready {
    /// Whose readiness it is.
    pub token: mio::Token,
    /// There is something to read, an end of stream included.
    pub readable: bool,
    /// There is room to write.
    pub writable: bool,
    /// Urgent data waits, at which a read stops short. Known on Linux only.
    pub urgent: bool,
    /// The peer has ended its side, or both sides are closed: reading must go on to the end.
    pub read_closed: bool,
    /// The socket has failed, or both of its sides are closed.
    pub failed: bool,
    /// The socket has failed.
    pub broken: bool,
}

impl Ready {
    /// There is room to write, and nothing else to say.
    #[must_use]
    pub fn room(token: mio::Token) -> Self {
        Self { token, readable: false, writable: true, urgent: false, read_closed: false, failed: false, broken: false }
    }
}

impl From<&mio::event::Event> for Ready {
    fn from(event: &mio::event::Event) -> Self {
        Self {
            token: event.token(),
            readable: event.is_readable(),
            writable: event.is_writable(),
            #[cfg(any(target_os = "linux", target_os = "android"))]
            urgent: event.is_priority(),
            #[cfg(not(any(target_os = "linux", target_os = "android")))]
            urgent: false,
            read_closed: event.is_read_closed(),
            failed: event.is_error() || event.is_write_closed(),
            // Windows tells of a reset as the end of both sides, and of nothing else so.
            broken: event.is_error() || (cfg!(windows) && event.is_write_closed()),
        }
    }
}

/// What a stream is polled for that waits for what comes.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub const ARRIVALS: mio::Interest = mio::Interest::READABLE.add(mio::Interest::PRIORITY);
/// What a stream is polled for that waits for what comes.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub const ARRIVALS: mio::Interest = mio::Interest::READABLE;
/// What a stream is polled for that waits for its connection, or for room, too.
pub const ARRIVALS_AND_ROOM: mio::Interest = ARRIVALS.add(mio::Interest::WRITABLE);

/// How many readiness events one system call fetches; more come with the next call.
const EVENTS: usize = 1024;
