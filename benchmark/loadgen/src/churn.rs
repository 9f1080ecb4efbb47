//! Short connections, one after the other on each worker.

use std::io;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Poll};

use crate::aligned::Aligned;
use crate::arguments::{Arguments, Visit};
use crate::dial::{Dialer, MOST_EVENTS};
use crate::failure::Failure;
use crate::latency::Latencies;
use crate::report::Report;
use crate::stream::{Received, Stream};
use crate::window::{Part, Window};

pub(crate) fn run(arguments: &Arguments, visit: Visit) -> Result<(), Failure> {
    let mut poll = Poll::new()?;
    let mut dialer = Dialer::new(arguments)?;
    let expected = match visit {
        Visit::Message => arguments.size,
        Visit::Handshake => 0,
        Visit::Greeting => 1,
    };
    let message = vec![b'a'; arguments.size];
    let mut buffer = Aligned::zeroed(64 * 1024);
    let mut workers = Vec::with_capacity(arguments.connections);
    for token in 0..arguments.connections {
        workers.push(Worker::new(dialer.dial(&poll, token)?));
    }
    let (mut done, mut errors) = (0_u64, 0_u64);
    let mut latencies = Latencies::new();
    let mut events = Events::with_capacity(MOST_EVENTS);
    let mut window = Window::open(arguments);
    loop {
        poll.poll(&mut events, Some(TURN))?;
        match window.at(Instant::now()) {
            Part::Beginning => {
                (done, errors) = (0, 0);
                latencies.clear();
            }
            Part::Over => break,
            Part::WarmUp | Part::Measured => {}
        }
        for event in &events {
            let token = event.token().0;
            let worker = &mut workers[token];
            match worker.advance(event, visit, &message, expected, &mut buffer) {
                Ok(false) => continue,
                Ok(true) => {
                    done += 1;
                    latencies.record(worker.started.elapsed());
                }
                Err(_) => errors += 1,
            }
            workers[token] = Worker::new(dialer.dial(&poll, token)?);
        }
    }
    Report::new(done, &window.close()).with_latencies(&latencies).with_errors(errors).print();
    Ok(())
}

struct Worker {
    stream: Stream,
    step: Step,
    started: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Opening,
    /// Bytes received so far.
    Waiting(usize),
}

impl Worker {
    fn new(stream: Stream) -> Self {
        Self { stream, step: Step::Opening, started: Instant::now() }
    }

    /// True when the visit is over.
    fn advance(
        &mut self,
        event: &Event,
        visit: Visit,
        message: &[u8],
        expected: usize,
        buffer: &mut [u8],
    ) -> io::Result<bool> {
        if self.step == Step::Opening {
            if event.is_error() || (self.stream.is_tls() && !self.stream.establish()?) {
                return if event.is_error() { Err(io::ErrorKind::ConnectionRefused.into()) } else { Ok(false) };
            }
            if visit == Visit::Message {
                // A plain stream is tried at once: asking whether it is connected costs as much as sending.
                if self.stream.send(message)? == message.len() {
                    self.step = Step::Waiting(0);
                } else if self.stream.is_tls() {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                // The echo of a moment ago cannot be here yet, and comes with an event of its own.
                return Ok(false);
            }
            self.step = Step::Waiting(0);
        }
        let Step::Waiting(mut received) = self.step else { return Ok(false) };
        while received < expected {
            match self.stream.receive(buffer)? {
                Received::Bytes(count) => received += count,
                Received::Nothing => {
                    self.step = Step::Waiting(received);
                    return Ok(false);
                }
                Received::End => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        Ok(true)
    }
}

/// A silent server must not keep the load beyond its time.
const TURN: Duration = Duration::from_millis(200);
