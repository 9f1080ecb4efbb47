//! As many bytes as the server takes, and gives back.

use std::time::{Duration, Instant};

use mio::{Events, Poll};

use crate::aligned::Aligned;
use crate::arguments::{Arguments, Direction};
use crate::dial::{Dialer, MOST_EVENTS};
use crate::failure::Failure;
use crate::report::Report;
use crate::stream::{Received, Stream};
use crate::window::{Part, Window};

pub(crate) fn run(arguments: &Arguments, direction: Direction) -> Result<(), Failure> {
    let mut poll = Poll::new()?;
    let streams = Dialer::new(arguments)?.open_all(&mut poll, arguments.connections)?;
    let mut flows: Vec<_> = streams.into_iter().map(Flow::new).collect();
    let outgoing = vec![b'a'; arguments.size];
    let mut incoming = Aligned::zeroed(256 * 1024);
    let most_on_their_way = match direction {
        Direction::In => u64::MAX,
        Direction::Echo => arguments.window,
    };
    let mut events = Events::with_capacity(MOST_EVENTS);
    let mut window = Window::open(arguments);
    let moved = |flows: &[Flow]| -> u64 {
        flows
            .iter()
            .map(|flow| match direction {
                Direction::In => flow.sent,
                Direction::Echo => flow.received,
            })
            .sum()
    };
    let mut moved_before = 0;
    loop {
        match window.at(Instant::now()) {
            Part::Beginning => moved_before = moved(&flows),
            Part::Over => break,
            Part::WarmUp | Part::Measured => {}
        }
        // One write and one read each per turn keep the connections fair.
        let mut moving = false;
        for flow in &mut flows {
            moving |= flow.push(&outgoing, most_on_their_way)?;
            moving |= flow.pull(&mut incoming)?;
        }
        poll.poll(&mut events, Some(if moving { Duration::ZERO } else { TURN }))?;
        for event in &events {
            let flow = &mut flows[event.token().0];
            if event.is_writable() {
                flow.stream.flush()?;
                flow.writable = true;
            }
            flow.readable |= event.is_readable() || event.is_read_closed();
        }
    }
    let count = moved(&flows) - moved_before;
    Report::new(count, &window.close()).print();
    Ok(())
}

struct Flow {
    stream: Stream,
    sent: u64,
    received: u64,
    writable: bool,
    readable: bool,
}

impl Flow {
    fn new(stream: Stream) -> Self {
        Self { stream, sent: 0, received: 0, writable: true, readable: true }
    }

    fn push(&mut self, bytes: &[u8], most_on_their_way: u64) -> Result<bool, Failure> {
        if !self.writable || self.sent - self.received >= most_on_their_way {
            return Ok(false);
        }
        let count = self.stream.send(bytes)?;
        self.sent += count as u64;
        self.writable = count > 0;
        Ok(self.writable)
    }

    fn pull(&mut self, buffer: &mut [u8]) -> Result<bool, Failure> {
        if !self.readable {
            return Ok(false);
        }
        match self.stream.receive(buffer)? {
            Received::Bytes(count) => {
                self.received += count as u64;
                self.readable = count == buffer.len() || self.stream.is_tls();
                Ok(true)
            }
            Received::Nothing => {
                self.readable = false;
                Ok(false)
            }
            Received::End => Err(Failure::new("the server closed a connection")),
        }
    }
}

/// A silent server must not keep the load beyond its time.
const TURN: Duration = Duration::from_millis(200);
