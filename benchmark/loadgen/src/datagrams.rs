//! UDP loads.
//!
//! UDP loses what the receiver has no room for, so nothing here waits for a single datagram: a socket that got no answer
//! for a while takes what is missing as lost and starts again. Where the server has to count, the first byte of each
//! datagram says which part of the run it belongs to (`bare_datagram_server::Count` and `servers/datagrams.mjs`).

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::thread::sleep;
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Protocol, Socket, Type};

use crate::arguments::Arguments;
use crate::dial::MOST_EVENTS;
use crate::failure::Failure;
use crate::latency::Latencies;
use crate::report::Report;
use crate::sys::{BATCH, Batch, Peers, cut_into_datagrams};
use crate::window::{Part, Window};

/// Every socket keeps `depth` datagrams on their way.
pub(crate) fn echo(arguments: &Arguments) -> Result<(), Failure> {
    let mut poll = Poll::new()?;
    let depth = arguments.depth.min(BATCH);
    let mut callers = Vec::with_capacity(arguments.connections);
    for token in 0..arguments.connections {
        callers.push(Caller::new(registered(arguments, &poll, token)?));
    }
    let mut batch = Batch::new(datagram_size(arguments)?);
    let mut latencies = Latencies::new();
    let (mut answered, mut lost) = (0, 0);
    let mut events = Events::with_capacity(MOST_EVENTS);
    let mut window = Window::open(arguments);
    loop {
        let now = Instant::now();
        match window.at(now) {
            Part::Beginning => {
                (answered, lost) = (0, 0);
                latencies.clear();
            }
            Part::Over => break,
            Part::WarmUp | Part::Measured => {}
        }
        for caller in &mut callers {
            lost += caller.start_again_if_silent(&mut batch, depth, now)?;
        }
        poll.poll(&mut events, Some(TURN))?;
        for event in &events {
            answered += callers[event.token().0].serve(&mut batch, &mut latencies)?;
        }
    }
    Report::new(answered, &window.close()).with_latencies(&latencies).with_errors(lost).print();
    Ok(())
}

/// Sends without regard for what arrives. The server counts what it got in the measured part.
pub(crate) fn flood(arguments: &Arguments) -> Result<(), Failure> {
    let socket = connected(arguments)?;
    let mut batch = Batch::new(datagram_size(arguments)?);
    // A receiver that is faster than the sender would be measured by the sender's speed.
    cut_into_datagrams(&socket, arguments.size)?;
    let mut window = Window::open(arguments);
    let mut stamp = Stamp::WarmUp;
    stamp.put_on(&mut batch);
    let mut sent = 0;
    loop {
        match window.at(Instant::now()) {
            Part::Beginning => {
                stamp = Stamp::Measured;
                stamp.put_on(&mut batch);
            }
            Part::Over => break,
            Part::WarmUp | Part::Measured => {}
        }
        socket.send(batch.all())?;
        if stamp == Stamp::Measured {
            sent += BATCH as u64;
        }
    }
    let usage = window.close();
    // The flood goes on for a moment, so that the server sees its end at full speed.
    Stamp::Over.put_on(&mut batch);
    let end = Instant::now() + Duration::from_millis(20);
    while Instant::now() < end {
        socket.send(batch.all())?;
    }
    say_that_it_is_over(&socket, &mut batch)?;
    Report::new(sent, &usage).print();
    Ok(())
}

/// Sends `rate` datagrams per second in a burst every millisecond. The server counts, and should miss none.
pub(crate) fn paced(arguments: &Arguments) -> Result<(), Failure> {
    let socket = connected(arguments)?;
    let mut batch = Batch::new(datagram_size(arguments)?);
    let mut window = Window::open(arguments);
    let started = Instant::now();
    let mut stamp = Stamp::WarmUp;
    stamp.put_on(&mut batch);
    let (mut sent, mut sent_before) = (0_u64, 0);
    loop {
        match window.at(Instant::now()) {
            Part::Beginning => {
                stamp = Stamp::Measured;
                stamp.put_on(&mut batch);
                sent_before = sent;
            }
            Part::Over => break,
            Part::WarmUp | Part::Measured => {}
        }
        while sent < due(started.elapsed(), arguments.rate) {
            let missing = due(started.elapsed(), arguments.rate) - sent;
            let count = usize::try_from(missing).unwrap_or(BATCH).min(BATCH);
            sent += batch.send(&socket, count, Peers::Connected)? as u64;
        }
        sleep(Duration::from_millis(1));
    }
    let usage = window.close();
    sleep(Duration::from_millis(50));
    say_that_it_is_over(&socket, &mut batch)?;
    Report::new(sent - sent_before, &usage).print();
    Ok(())
}

/// Asks for bursts: every datagram of the load makes the server send `BURST` back.
pub(crate) fn bursts(arguments: &Arguments) -> Result<(), Failure> {
    let mut poll = Poll::new()?;
    let socket = registered(arguments, &poll, 0)?;
    let mut batch = Batch::new(datagram_size(arguments)?);
    let (mut received, mut lost) = (0, 0);
    let mut owed = 0;
    let mut last_heard: Option<Instant> = None;
    let mut events = Events::with_capacity(MOST_EVENTS);
    let mut window = Window::open(arguments);
    loop {
        let now = Instant::now();
        match window.at(now) {
            Part::Beginning => (received, lost) = (0, 0),
            Part::Over => break,
            Part::WarmUp | Part::Measured => {}
        }
        if last_heard.is_none_or(|heard| now - heard > SILENCE) {
            lost += owed;
            owed = BURST * arguments.depth as u64;
            last_heard = Some(now);
            batch.fill();
            batch.send(&socket, arguments.depth.min(BATCH), Peers::Connected)?;
        }
        poll.poll(&mut events, Some(TURN))?;
        while let Some(count) = received_now(&mut batch, &socket)? {
            last_heard = Some(Instant::now());
            received += count as u64;
            let before = owed.div_ceil(BURST);
            owed = owed.saturating_sub(count as u64);
            let finished = before - owed.div_ceil(BURST);
            if finished > 0 {
                owed += finished * BURST;
                batch.fill();
                batch.send(&socket, usize::try_from(finished).unwrap_or(1).min(BATCH), Peers::Connected)?;
            }
        }
    }
    Report::new(received, &window.close()).with_errors(lost).print();
    Ok(())
}

/// Datagrams that a `udp-burst` server sends for each one it gets: `servers/datagrams.mjs` has the same number.
pub(crate) const BURST: u64 = 100;

struct Caller {
    socket: UdpSocket,
    /// When the datagram of a sequence number was sent, by the number's lowest bits.
    sent: Box<[Instant; 256]>,
    sequence: u32,
    on_their_way: usize,
    last_heard: Option<Instant>,
}

impl Caller {
    fn new(socket: UdpSocket) -> Self {
        Self { socket, sent: Box::new([Instant::now(); 256]), sequence: 0, on_their_way: 0, last_heard: None }
    }

    /// How many datagrams it took as lost.
    fn start_again_if_silent(&mut self, batch: &mut Batch, depth: usize, now: Instant) -> io::Result<u64> {
        if self.last_heard.is_some_and(|heard| now - heard < SILENCE) {
            return Ok(0);
        }
        self.last_heard = Some(now);
        let lost = self.on_their_way as u64;
        self.on_their_way = 0;
        self.send(batch, depth)?;
        Ok(lost)
    }

    fn serve(&mut self, batch: &mut Batch, latencies: &mut Latencies) -> io::Result<u64> {
        let mut answered = 0;
        while let Some(count) = received_now(batch, &self.socket)? {
            let now = Instant::now();
            self.last_heard = Some(now);
            for place in 0..count {
                if let Some((sequence, _)) = batch.datagram(place).split_first_chunk() {
                    latencies.record(now - self.sent[slot_of(u32::from_le_bytes(*sequence))]);
                }
            }
            answered += count as u64;
            // An answer that was taken as lost and came late is not sent on.
            let due = count.min(self.on_their_way);
            self.on_their_way -= due;
            self.send(batch, due)?;
        }
        Ok(answered)
    }

    fn send(&mut self, batch: &mut Batch, count: usize) -> io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        batch.fill();
        let now = Instant::now();
        for place in 0..count {
            if let Some((sequence, _)) = batch.datagram_mut(place).split_first_chunk_mut() {
                *sequence = self.sequence.to_le_bytes();
            }
            self.sent[slot_of(self.sequence)] = now;
            self.sequence = self.sequence.wrapping_add(1);
        }
        self.on_their_way += batch.send(&self.socket, count, Peers::Connected)?;
        Ok(())
    }
}

fn slot_of(sequence: u32) -> usize {
    usize::from(sequence.to_le_bytes()[0])
}

/// The first byte of a datagram that the server counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    WarmUp = 0,
    Measured = 1,
    Over = 2,
}

impl Stamp {
    fn put_on(self, batch: &mut Batch) {
        batch.fill();
        for place in 0..BATCH {
            if let Some(first) = batch.datagram_mut(place).first_mut() {
                *first = self as u8;
            }
        }
    }
}

fn say_that_it_is_over(socket: &UdpSocket, batch: &mut Batch) -> io::Result<()> {
    Stamp::Over.put_on(batch);
    // More than once: the server may still have no room.
    for _ in 0..5 {
        sleep(Duration::from_millis(10));
        batch.send(socket, 1, Peers::Connected)?;
    }
    Ok(())
}

fn received_now(batch: &mut Batch, socket: &impl AsRawFd) -> io::Result<Option<usize>> {
    match batch.receive(socket) {
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

fn registered(arguments: &Arguments, poll: &Poll, token: usize) -> Result<UdpSocket, Failure> {
    let mut socket = connected(arguments)?;
    poll.registry().register(&mut socket, Token(token), Interest::READABLE)?;
    Ok(socket)
}

fn connected(arguments: &Arguments) -> Result<UdpSocket, Failure> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.connect(&arguments.server().into())?;
    Ok(UdpSocket::from_std(socket.into()))
}

fn datagram_size(arguments: &Arguments) -> Result<usize, Failure> {
    if (SMALLEST..=LARGEST).contains(&arguments.size) {
        Ok(arguments.size)
    } else {
        Err(Failure::new(format!("--size must be between {SMALLEST} and {LARGEST} for datagrams")))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounds down on purpose; not negative")]
fn due(elapsed: Duration, rate: f64) -> u64 {
    (elapsed.as_secs_f64() * rate) as u64
}

/// Room for the sequence number.
const SMALLEST: usize = 8;
/// The most that IPv4 can carry.
const LARGEST: usize = 65_507;
/// An answer on loopback takes microseconds; one that is not there by now was lost.
const SILENCE: Duration = Duration::from_millis(100);
const TURN: Duration = Duration::from_millis(20);
/// What is measured is the server: the load must not be the one that loses datagrams.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;
