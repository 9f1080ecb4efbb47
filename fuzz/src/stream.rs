//! The state machine of a connected socket, driven by a random program on both ends of a real connection over loopback.
//!
//! What must hold whatever happens: bytes arrive in order and unchanged; no event comes while it may not; `Closed` comes
//! exactly once and last; unless somebody has cut the connection, everything that was accepted arrives; nothing hangs.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use bun_sockets::reactor::{Event, Next, Reactor, Target, Wake};
use bun_sockets::stream::{Ended, READ_LIMIT, StreamEvent, Written};
use bun_sockets::transport::Transport;

/// A connection that is not over by then hangs.
const LIMIT: Duration = Duration::from_secs(10);

/// Operations of one program; more of them find nothing that fewer do not.
const MOST: usize = 300;

/// What either end may do. The numbers are bytes, except for turns, where they are events.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    /// The socket writes.
    Write(usize),
    /// The socket ends, with data.
    End(usize),
    /// The socket sends its FIN.
    ShutWrite,
    /// The socket stops reading.
    ShutRead,
    /// The socket is paused.
    Pause,
    /// The socket is resumed.
    Resume,
    /// The socket is closed.
    Close,
    /// The reactor tells so many events.
    Turn(usize),
    /// The peer sends.
    PeerWrite(usize),
    /// The peer receives.
    PeerRead(usize),
    /// The peer sends its FIN.
    PeerShut,
    /// The peer closes: a FIN, or a reset if it has not read everything.
    PeerClose,
    /// The peer resets the connection.
    PeerReset,
}

impl Operation {
    /// What two bytes mean. What ends a connection is rare, so that there is time for the rest.
    pub(crate) fn from_bytes(kind: u8, number: u8) -> Self {
        let number = usize::from(number);
        match kind {
            0..=39 => Self::Write(number),
            40..=59 => Self::Write(number * 8192),
            60..=119 => Self::Turn(number % 16 + 1),
            120..=149 => Self::PeerWrite(number),
            150..=169 => Self::PeerWrite(number * 8192),
            170..=199 => Self::PeerRead(number * 4096),
            200..=214 => Self::Pause,
            215..=234 => Self::Resume,
            235..=238 => Self::End(number * 8192),
            239..=241 => Self::End(0),
            242..=244 => Self::ShutWrite,
            245 => Self::ShutRead,
            246..=247 => Self::Close,
            248..=252 => Self::PeerShut,
            253 => Self::PeerClose,
            254..=255 => Self::PeerReset,
        }
    }
}

/// The first byte says whether the socket stays half open; each pair after it is an operation with its number.
pub(crate) fn run(bytes: &[u8]) {
    let [half_open, program @ ..] = bytes else { return };
    let operations = program.chunks_exact(2).map(|pair| Operation::from_bytes(pair[0], pair[1]));
    drive(half_open % 2 == 1, operations);
}

/// Runs a program on a fresh connection.
pub(crate) fn drive(allow_half_open: bool, operations: impl Iterator<Item = Operation>) {
    let mut run = Connection::new(allow_half_open);
    for operation in operations.take(MOST) {
        run.perform(operation);
    }
    run.finish();
}

#[expect(clippy::struct_excessive_bools, reason = "each is something that may or may not have happened")]
struct Connection {
    reactor: Reactor,
    slot: u32,
    half_open: bool,
    scratch: Vec<u8>,
    peer: Option<TcpStream>,
    open: bool,
    /// A write was short, and no drain event has come since.
    short: bool,
    /// The socket writes no more.
    shut: bool,
    /// Some of an `end(data)` may still wait.
    flushing: bool,
    paused: bool,
    ended: bool,
    peer_ended: bool,
    /// The connection was cut: what is under way may be lost.
    cut: bool,
    /// The peer has reset the connection, which must end it without anybody's doing.
    reset: bool,
    /// The socket gave up reading: what the peer sends may be lost.
    deaf: bool,
    accepted: usize,
    peer_received: usize,
    peer_sent: usize,
    received: usize,
}

impl Connection {
    fn new(allow_half_open: bool) -> Self {
        let mut reactor = Reactor::new(Wake::new(|| {})).expect("a reactor");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let slot = reactor.connect(Target::Address(address, None), allow_half_open);
        let (peer, _) = listener.accept().expect("a connection");
        peer.set_nonblocking(true).expect("a socket");
        let mut scratch = vec![0; READ_LIMIT];
        let until = Instant::now() + LIMIT;
        loop {
            reactor.begin(false);
            match reactor.next(&mut scratch).expect("the poll works") {
                Next::Event(Event::Connected { socket, .. }) if socket == slot => break,
                Next::Event(event) => panic!("{event:?}"),
                Next::Idle | Next::Yield => assert!(Instant::now() < until, "never connected"),
            }
        }
        Self {
            reactor,
            slot,
            half_open: allow_half_open,
            scratch,
            peer: Some(peer),
            open: true,
            short: false,
            shut: false,
            flushing: false,
            paused: false,
            ended: false,
            peer_ended: false,
            cut: false,
            reset: false,
            deaf: false,
            accepted: 0,
            peer_received: 0,
            peer_sent: 0,
            received: 0,
        }
    }

    fn perform(&mut self, operation: Operation) {
        match operation {
            Operation::Turn(events) => drop(self.turn(events)),
            Operation::PeerWrite(length) => self.peer_write(length),
            Operation::PeerRead(length) => drop(self.peer_read(length)),
            Operation::PeerShut => self.peer_shut(),
            Operation::PeerClose => self.peer_leave(false),
            Operation::PeerReset => self.peer_leave(true),
            _ if !self.open => {}
            Operation::Write(length) => self.write(length),
            Operation::End(length) => self.end(length),
            Operation::ShutWrite => {
                self.reactor.with_stream(self.slot, Transport::shut_write);
                self.shut = true;
            }
            Operation::ShutRead => {
                self.reactor.with_stream(self.slot, Transport::shut_read);
                self.deaf = true;
                self.cut = true;
            }
            Operation::Pause => {
                self.reactor.with_stream(self.slot, Transport::pause);
                self.paused = true;
            }
            Operation::Resume => {
                self.reactor.with_stream(self.slot, Transport::resume);
                self.paused = false;
            }
            Operation::Close => self.close(),
        }
    }

    fn write(&mut self, length: usize) {
        let data = OURS.part(self.accepted, length);
        match self.reactor.with_stream(self.slot, |stream| stream.write(&data)).expect("an open stream") {
            Written::Taken(count) => {
                assert!(!self.shut || count == 0, "taken after the end");
                assert!(count <= length);
                self.short |= count < length;
                self.accepted += count;
            }
            Written::Refused => assert!(self.shut || self.peer.is_none() || self.cut, "refused for no reason"),
        }
    }

    fn end(&mut self, length: usize) {
        let data = OURS.part(self.accepted, length);
        let ended = self.reactor.with_stream(self.slot, |stream| stream.end(&data)).expect("an open stream");
        if ended == Ended::Refused {
            assert!(length > 0 && (self.shut || self.peer.is_none() || self.cut), "refused for no reason");
            return;
        }
        if !self.shut {
            self.accepted += length;
            if self.half_open && ended == Ended::Later {
                self.paused = false;
            }
        }
        self.shut = true;
        if ended == Ended::Close {
            self.close();
        } else {
            self.flushing = true;
        }
    }

    fn close(&mut self) {
        // A socket that is closed with something unread in it is reset.
        self.cut |= self.received < self.peer_sent || self.flushing;
        self.deaf = true;
        self.reactor.close(self.slot);
        self.open = false;
    }

    /// Lets the reactor tell at most so many events; how many there were.
    fn turn(&mut self, events: usize) -> usize {
        self.reactor.begin(false);
        for told in 0..events {
            match self.reactor.next(&mut self.scratch).expect("the poll works") {
                Next::Event(Event::Stream(slot, event)) => {
                    assert_eq!(slot, self.slot);
                    assert!(self.open, "{event:?} after the close");
                    self.event(event);
                }
                Next::Event(event) => panic!("{event:?}"),
                Next::Idle | Next::Yield => return told,
            }
        }
        events
    }

    fn event(&mut self, event: StreamEvent) {
        match event {
            StreamEvent::Data(count) => {
                let data = self.scratch[..count].to_vec();
                self.data(&data);
            }
            StreamEvent::Bulk(count) => {
                assert!(count <= READ_LIMIT);
                let mut room = vec![0; count];
                let count = self.reactor.receive(self.slot, &mut room);
                self.data(&room[..count]);
            }
            StreamEvent::End => {
                assert!((!self.paused || self.reset || self.cut) && !self.ended, "an end at the wrong time");
                assert!(self.peer_ended || self.deaf, "an end that nobody has sent");
                assert!(self.cut || self.received == self.peer_sent, "an end before all the data");
                self.ended = true;
            }
            StreamEvent::Drain => {
                assert!(std::mem::take(&mut self.short), "room that nobody waits for");
            }
            StreamEvent::Closed(failure) => {
                assert!(failure.is_none() || self.peer.is_none() || self.cut, "{failure:?} for no reason");
                let all = self.received == self.peer_sent;
                if self.flushing && !self.half_open {
                    // An `end` that is done, which does not wait for what the peer still says; that resets the connection.
                    self.cut |= !all;
                    self.deaf = true;
                }
                assert!(self.cut || failure.is_some() || all, "closed before all the data");
                self.open = false;
            }
            StreamEvent::Raw(_) | StreamEvent::Hello | StreamEvent::Broken(_) => panic!("{event:?} on a plain socket"),
        }
    }

    fn data(&mut self, data: &[u8]) {
        // A reset ends a pause: what came before it would be lost.
        assert!((!self.paused || self.reset || self.cut) && !self.ended, "data at the wrong time");
        assert!(data == THEIRS.part(self.received, data.len()), "other bytes than were sent");
        self.received += data.len();
        assert!(self.received <= self.peer_sent);
    }

    fn peer_write(&mut self, length: usize) {
        let Some(peer) = &mut self.peer else { return };
        if self.peer_ended {
            return;
        }
        let data = THEIRS.part(self.peer_sent, length);
        match peer.write(&data) {
            Ok(count) => {
                self.peer_sent += count;
                // Whoever writes to a socket that is closed is reset, with what it has not read.
                self.cut |= !self.open && count > 0;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => assert!(!self.open || self.cut, "{error}"),
        }
    }

    /// What the peer receives, at most so many bytes; false if there is nothing more to wait for.
    fn peer_read(&mut self, length: usize) -> bool {
        let Some(peer) = &mut self.peer else { return false };
        let mut room = vec![0; length];
        match peer.read(&mut room) {
            Ok(0) => length == 0 || !self.at_their_end(),
            Ok(count) => {
                assert!(room[..count] == OURS.part(self.peer_received, count), "other bytes than were written");
                self.peer_received += count;
                assert!(self.peer_received <= self.accepted);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => true,
            Err(error) => {
                assert!(self.cut, "{error}");
                self.peer = None;
                false
            }
        }
    }

    fn at_their_end(&self) -> bool {
        assert!(self.shut || !self.open, "a FIN that nobody has sent");
        true
    }

    fn peer_shut(&mut self) {
        if let Some(peer) = &self.peer {
            // Not connected any more: the socket has reset it.
            drop(peer.shutdown(Shutdown::Write));
            self.peer_ended = true;
        }
    }

    fn peer_leave(&mut self, reset: bool) {
        let Some(peer) = self.peer.take() else { return };
        if reset {
            socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).expect("a socket");
        }
        self.peer_ended = true;
        self.cut = true;
        self.reset |= reset;
    }

    /// Both ends go on until everything is told.
    fn finish(mut self) {
        self.peer_shut();
        if self.open {
            self.perform(Operation::Resume);
        }
        let until = Instant::now() + LIMIT;
        loop {
            let told = self.turn(64);
            if self.open && self.ended && !self.flushing && !self.reset {
                // One that stays half open.
                self.end(0);
            }
            let before = self.peer_received;
            let waits = self.peer_read(1 << 20);
            if !self.open && !waits {
                break;
            }
            assert!(Instant::now() < until, "it hangs");
            if told == 0 && self.peer_received == before {
                std::thread::sleep(Duration::from_micros(50));
            }
        }
        assert!(self.cut || self.peer_received == self.accepted, "{} of {}", self.peer_received, self.accepted);
        assert!(self.cut || self.deaf || self.received == self.peer_sent, "{} of {}", self.received, self.peer_sent);
        assert_eq!(self.turn(16), 0, "an event after the close");
    }
}

/// What an end says: no byte can be missing, doubled or moved without showing.
struct Saying(Vec<u8>);

/// After so many bytes it repeats itself; a prime number, so that no buffer's size divides it.
const PERIOD: usize = 262_139;

static OURS: LazyLock<Saying> = LazyLock::new(|| Saying::new(2_654_435_761));
static THEIRS: LazyLock<Saying> = LazyLock::new(|| Saying::new(40_503));

impl Saying {
    #[expect(clippy::cast_possible_truncation, reason = "only some of the bits count")]
    fn new(factor: usize) -> Self {
        Self((0..PERIOD).map(|n| (n.wrapping_mul(factor) >> 13) as u8).collect())
    }

    /// The bytes that come after the first `from` ones.
    fn part(&self, from: usize, length: usize) -> Vec<u8> {
        let mut part = Vec::with_capacity(length);
        while part.len() < length {
            let rest = &self.0[(from + part.len()) % PERIOD..];
            part.extend_from_slice(&rest[..rest.len().min(length - part.len())]);
        }
        part
    }
}
