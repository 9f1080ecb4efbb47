//! UDP sockets: what the kernel has for them, and which event comes next.
//!
//! [`Udp::step`] tells at most one event. When several things are due, the order is:
//!
//! | due | event |
//! |---|---|
//! | room after a send that had none | `Drain` |
//! | a datagram that was read together with earlier ones | `Datagram` |
//! | an error that came back (ICMP), or that a send left behind | `Failed`, once for each |
//! | datagrams in the kernel | the first of up to [`BATCH`], which one system call reads, as `Datagram` |
//!
//! A datagram that was read and not told yet when its socket is closed is dropped, as in Bun.

use std::io;
use std::net::SocketAddr;

use crate::failure::Failure;
use crate::slab::Key;
use crate::sys::{Arrived, DatagramIo, Packet, Ready, is_transient};

/// How many datagrams one system call reads at most. They are told without an event of another socket in between, so that
/// this is also how many a flooded socket is ahead of the others. With more, the call's own cost shrinks no further.
pub const BATCH: usize = 32;
/// Room for one datagram: 65,527 bytes of payload is the most that UDP has.
pub const ROOM: usize = 64 * 1024;

/// A UDP socket.
#[derive(Debug)]
pub struct Udp {
    io: DatagramIo,
    connected: bool,
    readable: bool,
    writable: bool,
    /// Errors may wait in the socket's queue.
    failed: bool,
    /// The last send found no room: a drain event is owed.
    full: bool,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdpEvent {
    /// A datagram, whose bytes are in the scratch memory.
    Datagram(Arrived),
    /// There is room again after a send that had none.
    Drain,
    /// An error has come back. The socket goes on.
    Failed(Failure),
}

/// What became of a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The kernel took so many datagrams. If they are not all, a drain event follows.
    Taken(usize),
    /// The kernel refused the first datagram.
    Refused(Failure),
}

/// Datagrams that were read together and wait to be told one by one. One serves all sockets of a reactor: it is filled only
/// when it is empty.
#[derive(Debug, Default)]
pub struct Inbox {
    memory: Vec<u8>,
    arrived: Vec<Arrived>,
    told: usize,
    owner: Option<Key>,
}

impl Udp {
    /// A socket that is bound.
    #[must_use]
    pub fn new(io: DatagramIo) -> Self {
        Self { io, connected: false, readable: false, writable: false, failed: false, full: false }
    }

    /// The socket, for its addresses and options.
    #[must_use]
    pub fn io(&self) -> &DatagramIo {
        &self.io
    }

    /// Fixes the other end.
    ///
    /// # Errors
    ///
    /// Those of `connect`.
    pub fn connect(&mut self, address: SocketAddr) -> io::Result<()> {
        self.io.connect(address)?;
        self.connected = true;
        Ok(())
    }

    /// Notes what the poll says. True if a step may have something to do.
    pub fn note(&mut self, ready: &Ready) -> bool {
        self.readable |= ready.readable;
        self.writable |= ready.writable;
        self.failed |= ready.failed;
        self.has_work()
    }

    /// Whether a step may have something to do, what waits in the inbox aside.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.readable || self.failed || (self.writable && self.full)
    }

    /// Takes one step. `scratch`, of [`ROOM`] bytes at least, receives the bytes of a [`UdpEvent::Datagram`].
    pub fn step(&mut self, key: Key, inbox: &mut Inbox, scratch: &mut [u8]) -> Option<UdpEvent> {
        if std::mem::take(&mut self.writable) && std::mem::take(&mut self.full) {
            return Some(UdpEvent::Drain);
        }
        if let Some(arrived) = inbox.next(key, scratch) {
            return Some(UdpEvent::Datagram(arrived));
        }
        if self.failed
            && let Some(failure) = self.take_failure()
        {
            return Some(UdpEvent::Failed(failure));
        }
        if !self.readable {
            return None;
        }
        match inbox.fill(key, &self.io) {
            Ok(more) => {
                self.readable = more;
                inbox.next(key, scratch).map(UdpEvent::Datagram)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.readable = false;
                None
            }
            // Where errors are queued, this one is in the queue as well: it must not be told twice.
            Err(error) => Some(UdpEvent::Failed(self.take_failure().unwrap_or_else(|| error.into()))),
        }
    }

    /// Sends one datagram; `to` is `None` on a connected socket.
    pub fn send(&mut self, bytes: &[u8], to: Option<SocketAddr>) -> Sent {
        let sent = self.io.send(Packet { bytes, to }).map(|()| 1);
        self.sent(sent, 1)
    }

    /// Sends datagrams.
    pub fn send_many(&mut self, packets: &[Packet<'_>]) -> Sent {
        if packets.is_empty() {
            return Sent::Taken(0);
        }
        let sent = self.io.send_many(packets);
        self.sent(sent, packets.len())
    }

    fn sent(&mut self, sent: io::Result<usize>, of: usize) -> Sent {
        let taken = match sent {
            Ok(taken) => taken,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock || is_transient(&error) => 0,
            Err(error) => return Sent::Refused(error.into()),
        };
        if taken < of {
            self.full = true;
            // The kernel does not say whether the next one had no room or was refused, and for a full device queue no edge
            // follows. As in Bun, `drain` comes in all of these cases: at once unless there really is no room.
            self.writable = self.io.has_room();
        }
        Sent::Taken(taken)
    }

    fn take_failure(&mut self) -> Option<Failure> {
        match self.io.take_error() {
            Ok(Some(error)) | Err(error) => Some(error.into()),
            Ok(None) => {
                self.failed = false;
                None
            }
        }
    }
}

impl Inbox {
    /// An inbox without memory: it gets some when it is first filled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a datagram of this socket waits.
    #[must_use]
    pub fn has(&self, key: Key) -> bool {
        self.owner == Some(key) && self.told < self.arrived.len()
    }

    /// Forgets what waits for this socket.
    pub fn drop_for(&mut self, key: Key) {
        if self.owner == Some(key) {
            self.arrived.clear();
            self.owner = None;
        }
    }

    /// Copies the next datagram of this socket to the start of `scratch`.
    fn next(&mut self, key: Key, scratch: &mut [u8]) -> Option<Arrived> {
        if !self.has(key) {
            return None;
        }
        let arrived = self.arrived[self.told];
        let start = self.told * ROOM;
        scratch[..arrived.length].copy_from_slice(&self.memory[start..start + arrived.length]);
        self.told += 1;
        Some(arrived)
    }

    fn fill(&mut self, key: Key, io: &DatagramIo) -> io::Result<bool> {
        debug_assert!(self.told >= self.arrived.len(), "what another socket has read would be lost");
        self.arrived.clear();
        self.told = 0;
        self.owner = Some(key);
        if self.memory.is_empty() {
            // Zeroed pages that nothing touches take no memory.
            self.memory = vec![0; BATCH * ROOM];
        }
        io.receive(self.memory.chunks_exact_mut(ROOM), &mut self.arrived)
    }
}
