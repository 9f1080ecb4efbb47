//! How much one turn of the loop may do, and what to do when there is nothing left.

use std::time::{Duration, Instant};

/// Events in one turn: enough that the cost of a turn does not show, few enough that a timer waits some milliseconds.
const EVENTS: usize = 1024;
/// Bytes in one turn: some dozen of the largest reads.
const BYTES: usize = 16 * 1024 * 1024;
/// Time in one turn, handlers included. Timers and other I/O of the program wait at most about so long.
const TIME: Duration = Duration::from_millis(4);
/// The clock is read once in so many events.
const CLOCK: usize = 16;

/// The longest wait without sleeping. A sleep costs two context switches and a wake-up, some 20 µs of CPU time in all.
const SPIN: Duration = Duration::from_micros(50);
/// Waits that are on average longer than this don't pay: they would burn more CPU time than the sleep costs.
const WORTH: f32 = 25.0;
/// Where the average of the waits stands at first: no spinning until waits have been seen to be short.
const UNKNOWN: f32 = 200.0;
/// Weight of the newest wait in the average.
const NEWEST: f32 = 0.125;

/// Empty turns after bulk data before sleeping: the sender usually goes on within them, and each read after a sleep is a
/// small one.
const LINGER: u32 = 16;
/// A turn with at least so many bytes counts as bulk.
const BULK: usize = 64 * 1024;

/// The budget of the present turn and the memory of the last ones.
#[derive(Debug)]
pub struct Turn {
    events: usize,
    bytes: usize,
    until: Instant,
    spin: bool,
    slept: Option<Instant>,
    spinning: Option<Instant>,
    wait: f32,
    linger: u32,
}

/// What to do when nothing is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Look again at once.
    Spin,
    /// Look again in the next turn of the loop.
    Linger,
    /// Wait for the wake-up.
    Sleep,
}

impl Turn {
    /// A fresh budget.
    #[must_use]
    pub fn new() -> Self {
        let now = Instant::now();
        Self {
            events: 0,
            bytes: 0,
            until: now + TIME,
            spin: true,
            slept: None,
            spinning: None,
            wait: UNKNOWN,
            linger: 0,
        }
    }

    /// Spinning and lingering on or off.
    pub fn set_spin(&mut self, on: bool) {
        self.spin = on;
    }

    /// Fills the budget again.
    pub fn begin(&mut self) {
        self.events = 0;
        self.bytes = 0;
        self.until = Instant::now() + TIME;
    }

    /// Counts an event with so many bytes.
    pub fn count(&mut self, bytes: usize) {
        self.events += 1;
        self.bytes += bytes;
        if bytes >= BULK {
            self.linger = LINGER;
        }
        let (slept, spinning) = (self.slept.take(), self.spinning.take());
        if let Some(since) = slept.or(spinning) {
            self.waited(since.elapsed());
        }
    }

    /// Whether this turn has done its share.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.events >= EVENTS
            || self.bytes >= BYTES
            || (self.events % CLOCK == CLOCK - 1 && Instant::now() >= self.until)
    }

    /// Nothing is ready: what now?
    pub fn idle(&mut self) -> Idle {
        if self.spin && self.wait < WORTH {
            // A turn in which nothing came does not end the wait.
            let slept = self.slept.take();
            self.spinning.get_or_insert_with(|| slept.unwrap_or_else(Instant::now));
            return Idle::Spin;
        }
        self.rest()
    }

    /// Nothing came during one round of spinning: what now?
    pub fn spun(&mut self) -> Idle {
        match self.spinning {
            Some(since) if since.elapsed() < SPIN => Idle::Spin,
            _ => self.rest(),
        }
    }

    fn rest(&mut self) -> Idle {
        if self.spin && self.linger > 0 {
            self.linger -= 1;
            return Idle::Linger;
        }
        // A wait that went on past the spinning counts from where it began.
        let since = self.spinning.take().or(self.slept.take());
        self.slept = Some(since.unwrap_or_else(Instant::now));
        Idle::Sleep
    }

    fn waited(&mut self, wait: Duration) {
        // One very long wait must not outweigh many short ones after it.
        let wait = (wait.as_secs_f32() * 1e6).min(UNKNOWN);
        self.wait += (wait - self.wait) * NEWEST;
    }
}

impl Default for Turn {
    fn default() -> Self {
        Self::new()
    }
}
