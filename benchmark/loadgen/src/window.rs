//! The measured part of a run, and who used the processors during it.

use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::cpu_time::{CpuTime, machine_busy};

/// What the time that `Window::at` was asked about belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    WarmUp,
    /// Answered once: counters start from zero here.
    Beginning,
    Measured,
    Over,
}

pub(crate) struct Window {
    begins: Instant,
    ends: Instant,
    server: Option<u32>,
    beginning: Option<Sample>,
}

#[derive(Clone, Copy)]
struct Sample {
    taken: Instant,
    server: CpuTime,
    own: CpuTime,
    busy: Duration,
}

/// The CPU time is in seconds.
pub(crate) struct Usage {
    pub(crate) seconds: f64,
    pub(crate) server: CpuTime,
    pub(crate) own: Duration,
    pub(crate) busy: Duration,
}

impl Window {
    /// The warm-up starts now.
    pub(crate) fn open(arguments: &Arguments) -> Self {
        let begins = Instant::now() + arguments.warmup;
        Self { begins, ends: begins + arguments.measured, server: arguments.server_pid, beginning: None }
    }

    /// To be asked at least once per turn of the load's loop.
    pub(crate) fn at(&mut self, now: Instant) -> Part {
        if self.beginning.is_none() {
            if now < self.begins {
                return Part::WarmUp;
            }
            let sample = self.sample();
            // A load whose first turn came late still gets its full time.
            self.ends += sample.taken - self.begins;
            self.beginning = Some(sample);
            // The driver has the server measure its loop delay from this line on.
            println!("measuring");
            return Part::Beginning;
        }
        if now < self.ends { Part::Measured } else { Part::Over }
    }

    pub(crate) fn close(self) -> Usage {
        let end = self.sample();
        let beginning = self.beginning.unwrap_or(end);
        Usage {
            seconds: (end.taken - beginning.taken).as_secs_f64(),
            server: end.server.since(beginning.server),
            own: end.own.since(beginning.own).sum(),
            busy: end.busy.saturating_sub(beginning.busy),
        }
    }

    fn sample(&self) -> Sample {
        Sample {
            taken: Instant::now(),
            server: self.server.map(CpuTime::of).unwrap_or_default(),
            own: CpuTime::of(std::process::id()),
            busy: machine_busy(),
        }
    }
}
