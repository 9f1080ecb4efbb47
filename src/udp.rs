//! UDP sockets: what the kernel has for them, and which event comes next.
//!
//! [`Udp::step`] tells at most one event. Those of one round follow each other, without an event of another socket in between, in
//! the order of Bun:
//!
//! | due | event |
//! |---|---|
//! | a reply that waited and was refused | `Failed`, once for each |
//! | errors that came back (ICMP), or that a send left behind | `Failed`, once for each |
//! | datagrams in the kernel, those that come during the round included | `Datagram`, until they are [`BATCH`] or more |
//! | room after a send that had none, or the first room at all | `Drain` |
//!
//! A datagram that was read and not told yet when its socket is closed is dropped, as in Bun.

use std::io;
use std::net::SocketAddr;

use crate::aligned::Aligned;
use crate::failure::Failure;
use crate::replies::{Flushed, LONGEST, Replies};
use crate::slab::Key;
use crate::sys::{Arrived, DatagramIo, Packet, Ready, Reported, is_transient};

/// How many datagrams one system call reads at most. They are told without an event of another socket in between, so that
/// this is also how many a flooded socket is ahead of the others. With more, the call's own cost shrinks no further.
pub const BATCH: usize = 32;
/// Room for one datagram: 65,527 bytes of payload is the most that UDP has.
pub const ROOM: usize = 64 * 1024;

/// A UDP socket.
#[derive(Debug)]
pub struct Udp {
    io: DatagramIo,
    ready: Readiness,
    /// The last send found no room, or there has been none yet: a drain event is owed.
    full: bool,
    replies: Replies,
    /// Why replies were not sent.
    refused: Vec<Failure>,
    /// The round that has begun, if it may go on.
    round: Option<Round>,
    /// Whether the poll tells of room. `None` if it has to look again.
    polled_for_room: Option<bool>,
    port: u16,
    /// The port of the other end, if it is connected.
    peer_port: Option<u16>,
}

/// What is still to be told in this round.
#[derive(Clone, Copy, Debug)]
struct Round {
    failures: bool,
    /// So many datagrams may come before others have their turn. In Bun they wait until none come any more.
    datagrams: usize,
    drain: bool,
}

/// Where an error was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// On the socket.
    Pending,
    /// In the socket's error queue, which only Linux has.
    Queued,
    /// When a reply was sent that had waited.
    Sending,
}

/// What the edge-triggered poll has said and no system call has used up yet.
#[derive(Clone, Copy, Debug, Default)]
struct Readiness {
    readable: bool,
    writable: bool,
    /// Errors may wait in the socket's queue.
    failed: bool,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdpEvent {
    /// A datagram, whose bytes are in the scratch memory.
    Datagram(Arrived),
    /// There is room again after a send that had none.
    Drain,
    /// An error has come back. The socket goes on.
    Failed {
        /// What it says.
        failure: Failure,
        /// Where it was found.
        found: Found,
    },
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
    memory: Aligned,
    arrived: Vec<Arrived>,
    told: usize,
    owner: Option<Key>,
}

impl Udp {
    /// A socket that is bound.
    #[must_use]
    pub fn new(io: DatagramIo) -> Self {
        let port = io.local_address().map_or(0, |address| address.port());
        Self {
            io,
            ready: Readiness::default(),
            // As in Bun: the first room is told of, too.
            full: true,
            replies: Replies::default(),
            refused: Vec::new(),
            round: None,
            polled_for_room: Some(true),
            port,
            peer_port: None,
        }
    }

    /// Fixes the other end.
    ///
    /// # Errors
    ///
    /// Those of `connect`.
    pub fn connect(&mut self, address: SocketAddr) -> io::Result<()> {
        self.io.connect(address)?;
        self.peer_port = Some(address.port());
        Ok(())
    }

    /// The socket, for its addresses and options.
    #[must_use]
    pub fn io(&self) -> &DatagramIo {
        &self.io
    }

    /// The socket, for the poll.
    pub fn io_mut(&mut self) -> &mut DatagramIo {
        &mut self.io
    }

    /// Notes what the poll says. True if a step may have something to do.
    pub fn note(&mut self, ready: &Ready) -> bool {
        self.ready.readable |= ready.readable;
        self.ready.writable |= ready.writable;
        self.ready.failed |= ready.failed;
        self.has_work()
    }

    /// Whether a step may have something to do, what waits in the inbox aside.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.ready.readable || self.ready.failed || (self.ready.writable && self.full) || !self.refused.is_empty()
    }

    /// What the poll has to tell of from now on, if it is not what it had to: whether of room, too.
    pub fn polls_for_room(&mut self) -> Option<bool> {
        (self.polled_for_room.replace(self.full) != Some(self.full)).then_some(self.full)
    }

    /// Whether the next step belongs to the round of the last one, what waits in the inbox aside.
    #[must_use]
    pub fn is_amid_round(&self) -> bool {
        self.round.is_some_and(|round| {
            round.failures || round.drain || (round.datagrams > 0 && self.ready.readable) || !self.refused.is_empty()
        })
    }

    /// Whether what is sent with this destination comes here, so far as its port says; `to` is `None` for the other end of `from`.
    #[must_use]
    pub fn is_at(&self, from_peer: Option<u16>, to: Option<SocketAddr>) -> bool {
        to.map(|to| to.port()).or(from_peer) == Some(self.port)
    }

    /// The port of the other end, if it is connected.
    #[must_use]
    pub fn peer_port(&self) -> Option<u16> {
        self.peer_port
    }

    /// A datagram was sent here during the round: it is told in it as well, if it has room for more.
    pub fn arrives(&mut self) {
        if self.round.is_some_and(|round| round.datagrams > 0) {
            self.ready.readable = true;
        }
    }

    /// Ends the round: what comes now waits for the next one.
    pub fn end_round(&mut self) {
        self.round = None;
    }

    /// Takes one step. `scratch`, of [`ROOM`] bytes at least, receives the bytes of a [`UdpEvent::Datagram`].
    pub fn step(&mut self, key: Key, inbox: &mut Inbox, scratch: &mut [u8]) -> Option<UdpEvent> {
        let mut round = self.round.unwrap_or(Round {
            failures: self.ready.failed,
            datagrams: if self.ready.readable { BATCH } else { 0 },
            drain: self.ready.writable && self.full,
        });
        let event = self.due(&mut round, key, inbox, scratch);
        // Without an event there is nothing left.
        self.round = event.is_some().then_some(round);
        event
    }

    fn due(&mut self, round: &mut Round, key: Key, inbox: &mut Inbox, scratch: &mut [u8]) -> Option<UdpEvent> {
        if let Some(failure) = self.refused.pop() {
            return Some(UdpEvent::Failed { failure, found: Found::Sending });
        }
        if let Some(arrived) = inbox.next(key, scratch) {
            return Some(UdpEvent::Datagram(arrived));
        }
        if round.failures {
            if let Some(failed) = self.take_failure() {
                return Some(failed);
            }
            round.failures = false;
        }
        if round.datagrams > 0 && self.ready.readable {
            match inbox.fill(key, &self.io) {
                Ok(more) => {
                    self.ready.readable = more;
                    round.datagrams = round.datagrams.saturating_sub(inbox.arrived.len());
                    if let Some(arrived) = inbox.next(key, scratch) {
                        return Some(UdpEvent::Datagram(arrived));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.ready.readable = false,
                Err(error) => {
                    round.datagrams = 0;
                    // Where errors are queued, this one is in the queue as well: it must not be told twice.
                    return Some(self.take_failure().unwrap_or_else(|| failed(error, Found::Pending)));
                }
            }
        }
        if std::mem::take(&mut round.drain) {
            round.datagrams = 0;
            self.ready.writable = false;
            if self.flush() {
                self.full = false;
                return Some(UdpEvent::Drain);
            }
        }
        None
    }

    /// Sends one datagram; `to` is `None` on a connected socket.
    pub fn send(&mut self, bytes: &[u8], to: Option<SocketAddr>) -> Sent {
        if !self.flush() {
            return Sent::Taken(0);
        }
        let sent = self.io.send(Packet { bytes, to }).map(|()| 1);
        self.sent(sent, 1)
    }

    /// Sends one datagram with those that follow soon: it waits until [`Udp::flush`].
    pub fn reply(&mut self, bytes: &[u8], to: Option<SocketAddr>) -> Sent {
        if self.full || bytes.len() > LONGEST {
            return self.send(bytes, to);
        }
        if self.replies.is_full() && !self.flush() {
            return Sent::Taken(0);
        }
        self.replies.add(bytes, to);
        Sent::Taken(1)
    }

    /// Whether a reply has waited long enough.
    #[must_use]
    pub fn has_due_replies(&self) -> bool {
        self.replies.is_due()
    }

    /// Sends the replies that wait. False if the kernel has no room for all of them; a drain event is owed then.
    pub fn flush(&mut self) -> bool {
        if self.replies.is_empty() {
            return true;
        }
        let Flushed { blocked, mut refused } = self.replies.flush(&self.io);
        // They are taken from the end.
        refused.reverse();
        self.refused.splice(0..0, refused);
        if blocked {
            self.owe_drain();
        }
        !blocked
    }

    /// Sends datagrams.
    pub fn send_many(&mut self, packets: &[Packet<'_>]) -> Sent {
        if packets.is_empty() || !self.flush() {
            return Sent::Taken(0);
        }
        let sent = self.io.send_many(packets);
        self.sent(sent, packets.len())
    }

    /// Sends datagrams that continue those of an earlier [`Udp::send_many`]: to the program both are one call, and if the
    /// first of these is refused, it is a later one that ends the batch. A drain event follows then.
    pub fn send_more(&mut self, packets: &[Packet<'_>]) -> Sent {
        match self.send_many(packets) {
            Sent::Refused(_) => {
                self.owe_drain();
                Sent::Taken(0)
            }
            Sent::Taken(count) => Sent::Taken(count),
        }
    }

    fn sent(&mut self, sent: io::Result<usize>, of: usize) -> Sent {
        let taken = match sent {
            Ok(taken) => taken,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock || is_transient(&error) => 0,
            Err(error) => return Sent::Refused(error.into()),
        };
        if taken < of {
            self.owe_drain();
        }
        Sent::Taken(taken)
    }

    /// The kernel does not say whether the next one had no room or was refused, and for a full device queue no edge follows. As in
    /// Bun, `drain` comes in all of these cases, so that the poll looks again: unless there really is no room, it has an event at once.
    fn owe_drain(&mut self) {
        self.ready.writable &= self.full;
        self.full = true;
        if !self.ready.writable {
            self.polled_for_room = None;
        }
    }

    fn take_failure(&mut self) -> Option<UdpEvent> {
        match self.io.take_error() {
            Ok(Some(Reported { error, queued: true })) => Some(failed(error, Found::Queued)),
            Ok(Some(Reported { error, queued: false })) | Err(error) => Some(failed(error, Found::Pending)),
            Ok(None) => {
                self.ready.failed = false;
                None
            }
        }
    }
}

impl Drop for Udp {
    fn drop(&mut self) {
        // There is no later.
        self.flush();
    }
}

fn failed(error: io::Error, found: Found) -> UdpEvent {
    UdpEvent::Failed { failure: error.into(), found }
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
            self.memory = Aligned::zeroed(BATCH * ROOM);
        }
        io.receive(self.memory.chunks_exact_mut(ROOM), &mut self.arrived)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::slab::Slab;
    use crate::sys::DatagramSharing;

    const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;
    const READABLE: Ready = Ready {
        token: mio::Token(0),
        readable: true,
        writable: false,
        urgent: false,
        read_closed: false,
        failed: false,
        broken: false,
    };

    fn socket() -> (Udp, SocketAddr) {
        let io = DatagramIo::bind((LOOPBACK, 0).into(), DatagramSharing::default()).expect("loopback binds");
        let address = io.local_address().expect("a bound socket has an address");
        (Udp::new(io), address)
    }

    fn key() -> Key {
        Slab::new().insert(())
    }

    /// Steps until nothing is left, with what each datagram had in it.
    fn told(udp: &mut Udp, inbox: &mut Inbox, key: Key) -> Vec<Vec<u8>> {
        let mut scratch = vec![0; ROOM];
        let mut all = Vec::new();
        while let Some(event) = udp.step(key, inbox, &mut scratch) {
            if let UdpEvent::Datagram(arrived) = event {
                all.push(scratch[..arrived.length].to_vec());
            }
            if !udp.is_amid_round() && !inbox.has(key) {
                udp.end_round();
            }
        }
        all
    }

    /// What the poll says where there is room.
    const WRITABLE: Ready = Ready { readable: false, writable: true, ..READABLE };

    #[test]
    fn more_datagrams_than_a_batch_are_told_in_order() {
        let ((mut near, from), (mut far, to)) = (socket(), socket());
        let sent: Vec<Vec<u8>> = (0u8..80).map(|i| vec![i; usize::from(i)]).collect();
        let packets: Vec<Packet<'_>> = sent.iter().map(|bytes| Packet { bytes, to: Some(to) }).collect();
        assert_eq!(near.send_many(&packets), Sent::Taken(80));
        let (mut inbox, mut scratch, key) = (Inbox::new(), vec![0; ROOM], key());
        assert!(far.note(&READABLE));
        let first = far.step(key, &mut inbox, &mut scratch);
        let expected = Arrived { length: 0, truncated: false, sender: from };
        assert_eq!(first, Some(UdpEvent::Datagram(expected)));
        assert!(inbox.has(key));
        assert_eq!(told(&mut far, &mut inbox, key), sent[1..]);
        assert!(!far.has_work() && !inbox.has(key));
    }

    #[test]
    fn what_a_closed_socket_has_read_is_forgotten() {
        let ((mut near, _), (mut far, to)) = (socket(), socket());
        for byte in *b"abc" {
            assert_eq!(near.send(&[byte], Some(to)), Sent::Taken(1));
        }
        let (mut inbox, mut scratch, key) = (Inbox::new(), vec![0; ROOM], key());
        far.note(&READABLE);
        assert!(far.step(key, &mut inbox, &mut scratch).is_some());
        assert!(inbox.has(key));
        inbox.drop_for(key);
        assert!(!inbox.has(key));
        assert_eq!(told(&mut far, &mut inbox, key), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn the_longest_datagram_arrives_whole_and_a_longer_one_is_refused() {
        let ((mut near, _), (mut far, to)) = (socket(), socket());
        let longest = vec![7; 65_507];
        assert_eq!(near.send(&longest, Some(to)), Sent::Taken(1));
        assert!(matches!(near.send(&vec![0; 65_508], Some(to)), Sent::Refused(Failure::System(_))));
        far.note(&READABLE);
        assert_eq!(told(&mut far, &mut Inbox::new(), key()), [longest]);
    }

    #[test]
    fn a_refused_packet_ends_a_batch_and_drain_follows() {
        let ((mut near, _), (_far, to)) = (socket(), socket());
        let long = vec![0; 70_000];
        let packet = |bytes| Packet { bytes, to: Some(to) };
        let room = |near: &mut Udp| {
            near.note(&WRITABLE);
            let event = near.step(key(), &mut Inbox::new(), &mut []);
            near.end_round();
            event
        };
        // As in Bun, the first room is told of, too.
        assert_eq!(room(&mut near), Some(UdpEvent::Drain));
        assert_eq!((near.polls_for_room(), near.polls_for_room()), (Some(false), None));
        assert_eq!(room(&mut near), None);
        assert_eq!(near.send_many(&[packet(b"a"), packet(&long), packet(b"b")]), Sent::Taken(1));
        assert_eq!(near.polls_for_room(), Some(true));
        assert_eq!(room(&mut near), Some(UdpEvent::Drain));
        assert!(matches!(near.send_many(&[packet(&long), packet(b"b")]), Sent::Refused(_)));
        assert_eq!(near.send_many(&[]), Sent::Taken(0));
        assert_eq!((near.polls_for_room(), room(&mut near)), (Some(false), None));
        assert_eq!(near.send_more(&[packet(&long), packet(b"b")]), Sent::Taken(0));
        assert_eq!((near.polls_for_room(), room(&mut near)), (Some(true), Some(UdpEvent::Drain)));
        assert_eq!((near.polls_for_room(), room(&mut near)), (Some(false), None));
    }

    #[test]
    fn a_round_has_what_comes_during_it_and_the_room_at_its_end() {
        let ((mut near, _), (mut far, to)) = (socket(), socket());
        let (mut inbox, mut scratch, key) = (Inbox::new(), vec![0; ROOM], key());
        let mut send = || assert_eq!(near.send(b"x", Some(to)), Sent::Taken(1));
        send();
        far.note(&Ready { writable: true, ..READABLE });
        for _ in 0..BATCH {
            assert!(matches!(far.step(key, &mut inbox, &mut scratch), Some(UdpEvent::Datagram(_))));
            assert!(far.is_at(None, Some(to)));
            send();
            far.arrives();
            assert!(far.is_amid_round());
        }
        assert_eq!(far.step(key, &mut inbox, &mut scratch), Some(UdpEvent::Drain));
        assert!(!far.is_amid_round());
        far.end_round();
        far.note(&READABLE);
        assert!(matches!(far.step(key, &mut inbox, &mut scratch), Some(UdpEvent::Datagram(_))));
        assert!(!far.is_amid_round());
    }

    /// A datagram socket whose peer's queue can fill up; that of a UDP socket on loopback drops instead.
    #[cfg(unix)]
    #[test]
    fn without_room_drain_waits_for_the_poll() {
        let (near, far) = std::os::unix::net::UnixDatagram::pair().expect("a pair");
        let mut near = Udp::new(DatagramIo::from_descriptor(near.into()).expect("not blocking"));
        let mut sent = 0;
        while near.send(b"x", None) == Sent::Taken(1) {
            sent += 1;
        }
        assert_eq!(near.send_many(&[Packet { bytes: b"y", to: None }]), Sent::Taken(0));
        let (mut inbox, key) = (Inbox::new(), key());
        assert_eq!(near.step(key, &mut inbox, &mut []), None);
        for _ in 0..sent {
            assert_eq!(far.recv(&mut [0; 8]).expect("it was sent"), 1);
        }
        assert!(near.note(&Ready { readable: false, writable: true, ..READABLE }));
        assert_eq!(near.step(key, &mut inbox, &mut []), Some(UdpEvent::Drain));
        assert_eq!(near.send(b"z", None), Sent::Taken(1));
        assert_eq!(near.step(key, &mut inbox, &mut []), None);
    }

    #[cfg(unix)]
    #[test]
    fn replies_without_room_wait_and_keep_their_place() {
        let (near, far) = std::os::unix::net::UnixDatagram::pair().expect("a pair");
        let mut near = Udp::new(DatagramIo::from_descriptor(near.into()).expect("not blocking"));
        let mut sent = 0;
        while near.send(b"x", None) == Sent::Taken(1) {
            sent += 1;
        }
        let (mut inbox, key) = (Inbox::new(), key());
        let room = Ready { readable: false, writable: true, ..READABLE };
        let next = || {
            let mut bytes = [0; 8];
            let length = far.recv(&mut bytes).expect("it was sent");
            bytes[..length].to_vec()
        };
        for _ in 0..sent {
            assert_eq!(next(), b"x");
        }
        near.note(&room);
        assert_eq!(near.step(key, &mut inbox, &mut []), Some(UdpEvent::Drain));
        for _ in 0..sent - 1 {
            assert_eq!(near.send(b"y", None), Sent::Taken(1));
        }
        for byte in b"abc" {
            assert_eq!(near.reply(&[*byte], None), Sent::Taken(1));
        }
        assert!(!near.flush());
        // What comes now is not sent: it would overtake them.
        assert_eq!(near.send(b"d", None), Sent::Taken(0));
        assert_eq!(near.reply(b"d", None), Sent::Taken(0));
        assert_eq!(near.send_many(&[Packet { bytes: b"d", to: None }]), Sent::Taken(0));
        assert_eq!(near.step(key, &mut inbox, &mut []), None);
        for _ in 0..sent - 1 {
            assert_eq!(next(), b"y");
        }
        assert_eq!(next(), b"a");
        near.note(&room);
        assert_eq!(near.step(key, &mut inbox, &mut []), Some(UdpEvent::Drain));
        assert_eq!(near.send(b"e", None), Sent::Taken(1));
        assert_eq!(near.reply(b"f", None), Sent::Taken(1));
        drop(near);
        assert_eq!([next(), next(), next(), next()], [b"b", b"c", b"e", b"f"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_dead_port_is_told_once_for_each_datagram_if_at_all() {
        let (mut near, _) = socket();
        let (gone, dead) = socket();
        drop(gone);
        let failed = Ready { readable: false, failed: true, ..READABLE };
        let (mut inbox, key) = (Inbox::new(), key());

        assert_eq!(near.send(b"x", Some(dead)), Sent::Taken(1));
        assert_eq!(near.send(b"x", Some(dead)), Sent::Taken(1));
        near.note(&failed);
        assert_eq!(near.step(key, &mut inbox, &mut []), None);

        near.io().report_errors(true).expect("Linux knows the option");
        assert_eq!(near.send(b"x", Some(dead)), Sent::Taken(1));
        near.note(&failed);
        let refused = Failure::System(crate::sys::CONNECTION_REFUSED);
        assert_eq!(
            near.step(key, &mut inbox, &mut []),
            Some(UdpEvent::Failed { failure: refused, found: Found::Queued })
        );
        assert_eq!(near.step(key, &mut inbox, &mut []), None);

        // It is pending when the next one is sent, which it refuses, and is told all the same.
        assert_eq!(near.send(b"x", Some(dead)), Sent::Taken(1));
        assert_eq!(near.send(b"x", Some(dead)), Sent::Refused(refused));
        near.note(&failed);
        assert_eq!(
            near.step(key, &mut inbox, &mut []),
            Some(UdpEvent::Failed { failure: refused, found: Found::Queued })
        );
        assert_eq!(near.step(key, &mut inbox, &mut []), None);
    }
}
