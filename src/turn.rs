//! How much one turn of the loop may do, and what to do when there is nothing left.

use std::time::{Duration, Instant};

/// Events in one turn: enough that the cost of a turn does not show, few enough that a timer waits some milliseconds.
const EVENTS: usize = 1024;
/// Bytes in one turn: some dozen of the largest reads.
const BYTES: usize = 16 * 1024 * 1024;
/// Time in one turn, handlers included. Timers and other I/O of the program wait at most about so long.
const TIME: Duration = Duration::from_millis(4);
/// The clock is read once in so many events, and after the first, second, fourth and eighth: handlers that take milliseconds
/// must not run sixteen times.
const CLOCK: usize = 16;

/// The longest wait without sleeping. A sleep costs two context switches and a wake-up, some 20 µs of CPU time in all.
const SPIN: Duration = Duration::from_micros(50);
/// Waits that are on average longer than this don't pay: they would burn more CPU time than the sleep costs.
const WORTH: f32 = 25.0;
/// Where the average of the waits stands at first: no spinning until waits have been seen to be short.
const UNKNOWN: f32 = 200.0;
/// Weight of the newest wait in the average.
const NEWEST: f32 = 0.125;

/// After one socket has given so many bytes twice running, a wait begins with spinning, whatever waits have been like: its
/// sender usually goes on at once, need not wake anybody then, and each read after a sleep is a small one. With several
/// senders the sleep is of use: data gathers. A stream that is slower than that costs a [`SPIN`] for each event, about what the
/// sleep does.
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
    /// The last socket that gave much, and whether the one before was the same and nobody has slept since.
    giver: Option<u32>,
    alone: bool,
}

/// What to do when nothing is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Look again at once.
    Spin,
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
            giver: None,
            alone: false,
        }
    }

    /// Spinning on or off.
    pub fn set_spin(&mut self, on: bool) {
        self.spin = on;
    }

    /// Fills the budget again. `early` when nobody has called: the wait goes on unless something is there all the same.
    pub fn begin(&mut self, early: bool) {
        let now = Instant::now();
        if !early && let Some(since) = self.slept.take() {
            self.waited(now - since);
        }
        self.events = 0;
        self.bytes = 0;
        self.until = now + TIME;
    }

    /// Counts an event with so many bytes.
    pub fn count(&mut self, bytes: usize) {
        self.events += 1;
        self.bytes += bytes;
        let (slept, spinning) = (self.slept.take(), self.spinning.take());
        if let Some(since) = slept.or(spinning) {
            self.waited(since.elapsed());
        }
    }

    /// Counts an event with so many bytes from the socket of a slot.
    pub fn count_received(&mut self, slot: u32, bytes: usize) {
        if bytes >= BULK {
            self.alone = self.giver == Some(slot);
            self.giver = Some(slot);
        }
        self.count(bytes);
    }

    /// Whether this turn has done its share.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.events >= EVENTS || self.bytes >= BYTES || (self.is_time_to_look() && Instant::now() >= self.until)
    }

    fn is_time_to_look(&self) -> bool {
        self.events % CLOCK == CLOCK - 1 || (self.events < CLOCK && self.events.is_power_of_two())
    }

    /// Nothing is ready: what now?
    pub fn idle(&mut self) -> Idle {
        if self.slept.is_some() {
            return Idle::Sleep;
        }
        if self.spin && (self.alone || self.wait < WORTH) {
            self.spinning.get_or_insert_with(Instant::now);
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
        self.alone = false;
        // A wait that went on past the spinning counts from where it began.
        self.slept = Some(self.spinning.take().unwrap_or_else(Instant::now));
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
