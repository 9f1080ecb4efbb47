//! Messages that are answered: each connection keeps a fixed number of them on their way.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use mio::{Events, Poll};

use crate::aligned::Aligned;
use crate::arguments::Arguments;
use crate::dial::{Dialer, MOST_EVENTS};
use crate::failure::Failure;
use crate::latency::Latencies;
use crate::report::Report;
use crate::stream::{Received, Stream};
use crate::window::{Part, Window};

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut poll = Poll::new()?;
    let streams = Dialer::new(arguments)?.open_all(&mut poll, arguments.connections)?;
    let mut conversations: Vec<_> = streams.into_iter().map(Conversation::new).collect();
    let mut load = Load {
        message_size: arguments.size,
        outgoing: vec![b'a'; arguments.size * arguments.depth],
        incoming: Aligned::zeroed(256 * 1024),
        latencies: Latencies::new(),
        answered: 0,
    };
    let mut window = Window::open(arguments);
    for conversation in &mut conversations {
        conversation.ask(&load.outgoing, arguments.depth, Instant::now())?;
    }
    let mut events = Events::with_capacity(MOST_EVENTS);
    loop {
        poll.poll(&mut events, Some(TURN))?;
        match window.at(Instant::now()) {
            Part::Beginning => {
                load.answered = 0;
                load.latencies.clear();
            }
            Part::Over => break,
            Part::WarmUp | Part::Measured => {}
        }
        for event in &events {
            let conversation = &mut conversations[event.token().0];
            if event.is_writable() && conversation.unsent > 0 {
                conversation.flush(&load.outgoing)?;
            }
            if event.is_readable() {
                load.serve(conversation)?;
            }
        }
    }
    Report::new(load.answered, &window.close()).with_latencies(&load.latencies).print();
    Ok(())
}

struct Load {
    message_size: usize,
    /// As many messages as one connection can have on their way.
    outgoing: Vec<u8>,
    incoming: Aligned,
    latencies: Latencies,
    answered: u64,
}

impl Load {
    fn serve(&mut self, conversation: &mut Conversation) -> Result<(), Failure> {
        loop {
            match conversation.stream.receive(&mut self.incoming)? {
                Received::Bytes(count) => {
                    conversation.partial += count;
                    let answers = conversation.partial / self.message_size;
                    conversation.partial %= self.message_size;
                    if answers > 0 {
                        let now = Instant::now();
                        for asked in conversation.asked.drain(..answers) {
                            self.latencies.record(now - asked);
                        }
                        self.answered += answers as u64;
                        conversation.ask(&self.outgoing[..answers * self.message_size], answers, now)?;
                    }
                    if count < self.incoming.len() && !conversation.stream.is_tls() {
                        return Ok(());
                    }
                }
                Received::Nothing => return Ok(()),
                Received::End => return Err(Failure::new("the server closed a connection")),
            }
        }
    }
}

struct Conversation {
    stream: Stream,
    /// When each message on its way was sent, oldest first.
    asked: VecDeque<Instant>,
    /// Bytes received of a message that is not whole yet.
    partial: usize,
    /// Bytes of asked messages that the socket has not taken yet.
    unsent: usize,
}

impl Conversation {
    fn new(stream: Stream) -> Self {
        Self { stream, asked: VecDeque::new(), partial: 0, unsent: 0 }
    }

    fn ask(&mut self, messages: &[u8], count: usize, now: Instant) -> Result<(), Failure> {
        self.asked.extend(std::iter::repeat_n(now, count));
        if self.unsent > 0 {
            self.unsent += messages.len();
        } else {
            self.unsent = messages.len() - self.stream.send(messages)?;
        }
        self.stream.flush()?;
        Ok(())
    }

    /// Never more than `outgoing` is unsent, for no more messages than that are on their way.
    fn flush(&mut self, outgoing: &[u8]) -> Result<(), Failure> {
        self.stream.flush()?;
        self.unsent -= self.stream.send(&outgoing[..self.unsent])?;
        Ok(())
    }
}

/// A silent server must not keep the load beyond its time.
const TURN: Duration = Duration::from_millis(200);
