//! How much one turn of the loop may do, and what to do when there is nothing left.

use std::time::{Duration, Instant};

use crate::waits::Waits;

/// Events in one turn: enough that the cost of a turn does not show, few enough that a timer waits some milliseconds.
const EVENTS: usize = 1024;
/// Bytes in one turn: some dozen of the largest reads.
const BYTES: usize = 16 * 1024 * 1024;
/// Time in one turn, handlers included. Timers and other I/O of the program wait at most about so long.
const TIME: Duration = Duration::from_millis(4);
/// The same in a turn in which the JS thread takes steps of handshakes: a handful of them, and a storm of handshakes delays
/// timers by less than it does on Bun and in Node, at the same rate.
const HANDSHAKE_TIME: Duration = Duration::from_micros(400);
/// So many events may go before a step of a handshake that waits.
pub(crate) const BEFORE_STEP: usize = 16;
/// The clock is read once in so many events, and after the first, second, fourth and eighth: handlers that take milliseconds
/// must not run sixteen times.
const CLOCK: usize = 16;

/// The longest wait without sleeping. A sleep costs four context switches and two wake-ups: 10 to 30 µs of CPU time in all.
const SPIN: Duration = Duration::from_micros(50);

/// After one socket has given so many bytes twice running, a wait begins with spinning, whatever waits have been like: its
/// sender usually goes on at once, need not wake anybody then, and each read after a sleep is a small one. With several
/// senders the sleep is of use: data gathers. A stream that is slower than that costs a [`SPIN`] for each event, about what the
/// sleep does, until it has given [`ONE_WAY`].
const BULK: usize = 64 * 1024;

/// A socket that has given so many bytes without an answer, and nobody else meanwhile, is read only every [`GATHERING`]. Less than
/// that may be a message whose sender waits.
const ONE_WAY: usize = 1024 * 1024;

/// How long after its last read such a socket is left alone, handler included; Linux adds the slack of its timers, 50 µs. A read of
/// all that has come by then costs less than reads of what has just come, with an acknowledgement for each of them: bulk in on one
/// connection takes 0.23 s CPU per GB instead of 0.59, at 1.3 times the throughput. Everybody else waits for that long at most.
const GATHERING: Duration = Duration::from_micros(30);
/// After a pause that was of no use so many are left out.
const LEFT_OUT: u32 = 32;
/// [`TIME`] for a turn with such a pause.
const GATHERING_TIME: Duration = Duration::from_millis(1);

/// After an event of so many bytes, or several datagrams at once, a wait begins with sleep, unless that one socket is alone: more
/// gathers meanwhile, and larger reads cost less.
const GATHERS: usize = 16 * 1024;

/// How long nobody looks for more when nothing is ready, where all that has come lately is bulk data from several sockets; Linux adds
/// the slack of its timers, 50 µs. What comes meanwhile is read in fewer and larger pieces, and neither the senders nor the
/// watcher wake anybody up for it.
const LULL: Duration = Duration::from_micros(100);

/// The budget of the present turn and the memory of the last ones.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts: one switch, and what has just happened")]
pub struct Turn {
    events: usize,
    /// Events since the last step of a handshake.
    before_step: usize,
    bytes: usize,
    began: Instant,
    time: Duration,
    spin: bool,
    /// The present wait, until something comes.
    wait: Option<Wait>,
    waits: Waits,
    /// The last socket that gave much, and whether the one before was the same and nobody has slept since.
    giver: Option<u32>,
    alone: bool,
    /// When it gave, and how much since it was last written to.
    given: Instant,
    unanswered: usize,
    /// How many pauses to leave out, because the last one was of no use.
    left_out: u32,
    /// Bytes of streams since anything else came, or anybody was written to.
    streamed: usize,
    /// Bytes since this thread slept.
    awake: usize,
    /// Whether what came last was so much that sleeping is of use.
    gathers: bool,
    /// Whether the datagram that came last was one of several, and not the last of them.
    amid_datagrams: bool,
}

/// Nothing has come since a moment.
#[derive(Clone, Copy, Debug)]
struct Wait {
    since: Instant,
    began_with_spinning: bool,
    asleep: bool,
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
            before_step: 0,
            bytes: 0,
            began: now,
            time: TIME,
            spin: true,
            wait: None,
            waits: Waits::new(),
            giver: None,
            alone: false,
            given: now,
            unanswered: 0,
            left_out: 0,
            streamed: 0,
            awake: 0,
            gathers: false,
            amid_datagrams: false,
        }
    }

    /// Spinning on or off.
    pub fn set_spin(&mut self, on: bool) {
        self.spin = on;
    }

    /// Fills the budget again. `early` when nobody has called: the wait goes on unless something is there all the same.
    pub fn begin(&mut self, early: bool) {
        let now = Instant::now();
        if !early {
            self.wait_ends(now);
        }
        self.events = 0;
        self.bytes = 0;
        self.began = now;
        self.time = TIME;
    }

    /// Counts an event with so many bytes.
    #[inline]
    pub fn count(&mut self, bytes: usize) {
        self.events += 1;
        self.before_step += 1;
        self.bytes += bytes;
        self.streamed = if bytes == 0 { 0 } else { self.streamed.saturating_add(bytes) };
        self.awake = self.awake.saturating_add(bytes);
        self.gathers = bytes >= GATHERS;
        if self.wait.is_some() {
            self.wait_ends(Instant::now());
        }
    }

    /// Counts a step of a handshake.
    pub fn count_handshake(&mut self) {
        self.time = HANDSHAKE_TIME;
        self.count(0);
        self.before_step = 0;
    }

    /// Counts an event with so many bytes from the socket of a slot.
    pub fn count_received(&mut self, slot: u32, bytes: usize) {
        if bytes >= BULK {
            self.alone = self.giver == Some(slot);
            self.giver = Some(slot);
            self.given = Instant::now();
            self.unanswered = if self.alone { self.unanswered.saturating_add(bytes) } else { bytes };
        } else if self.giver != Some(slot) {
            self.alone = false;
        }
        self.count(bytes);
    }

    /// Counts a write to the socket of a slot: its peer may have waited for that, and wait no longer.
    pub fn count_written(&mut self, slot: u32) {
        self.streamed = 0;
        if self.giver == Some(slot) {
            self.unanswered = 0;
        }
    }

    /// Counts a datagram of so many bytes; `more` if others came with it, and are still to be told.
    pub fn count_datagram(&mut self, bytes: usize, more: bool) {
        let one_of_several = more || self.amid_datagrams;
        self.amid_datagrams = more;
        self.count(bytes);
        self.gathers |= one_of_several;
        // Datagrams that wait for too long are lost.
        self.streamed = 0;
    }

    /// Whether a step of a handshake has waited for long enough.
    #[must_use]
    pub fn owes_step(&self) -> bool {
        self.before_step >= BEFORE_STEP
    }

    /// Whether this turn has done its share.
    #[inline]
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.events >= EVENTS || self.bytes >= BYTES || (self.is_time_to_look() && self.began.elapsed() >= self.time)
    }

    fn is_time_to_look(&self) -> bool {
        self.time < TIME || self.events % CLOCK == CLOCK - 1 || (self.events < CLOCK && self.events.is_power_of_two())
    }

    /// Whether [`Turn::gathering`] may say somebody.
    #[inline]
    #[must_use]
    pub fn may_gather(&self) -> bool {
        self.alone && self.gathers
    }

    /// From whom more could gather, and how long a sleep that takes. Nobody else must be ready, the giver's peer in the same
    /// process above all.
    pub fn gathering(&mut self) -> Option<(u32, Duration)> {
        // There a sleep takes half a millisecond at least.
        if cfg!(windows) || !self.may_gather() || self.unanswered < ONE_WAY {
            return None;
        }
        if self.left_out > 0 {
            self.left_out -= 1;
            return None;
        }
        let giver = self.giver?;
        self.time = self.time.min(GATHERING_TIME);
        // If nothing comes meanwhile, it was not that much.
        self.alone = false;
        Some((giver, GATHERING.saturating_sub(self.given.elapsed())))
    }

    /// A pause is over, before and after which so many bytes waited. Where hardly more came, what waited was all that the sender may
    /// send before it is read.
    pub fn gathered(&mut self, before: usize, after: usize) {
        if before > 0 && after < before + GATHERS {
            self.left_out = LEFT_OUT;
        }
    }

    /// Nothing is ready: how long to sleep before anybody looks again, if it is bulk data that will come. [`Turn::lull_ends`] follows.
    pub fn lull(&mut self) -> Option<Duration> {
        if cfg!(windows) || self.alone || self.streamed < ONE_WAY || self.awake < BULK {
            return None;
        }
        if self.left_out > 0 {
            self.left_out -= 1;
            return None;
        }
        self.awake = 0;
        self.time = self.time.min(GATHERING_TIME);
        Some(LULL)
    }

    /// A lull is over, and somebody is ready or nobody.
    pub fn lull_ends(&mut self, ready: bool) {
        if !ready {
            self.left_out = LEFT_OUT;
        }
    }

    /// Nothing is ready: what now?
    pub fn idle(&mut self) -> Idle {
        if let Some(wait) = self.wait {
            return if wait.asleep { Idle::Sleep } else { Idle::Spin };
        }
        let began_with_spinning = self.spin && (self.alone || (!self.gathers && self.waits.spin_now()));
        self.wait = Some(Wait { since: Instant::now(), began_with_spinning, asleep: false });
        if began_with_spinning { Idle::Spin } else { self.rest() }
    }

    /// Nothing came during one round of spinning: what now?
    pub fn spun(&mut self) -> Idle {
        match self.wait {
            Some(wait) if wait.since.elapsed() < SPIN => Idle::Spin,
            _ => self.rest(),
        }
    }

    fn rest(&mut self) -> Idle {
        self.alone = false;
        self.awake = 0;
        // A wait that goes on past the spinning counts from where it began.
        if let Some(wait) = &mut self.wait {
            wait.asleep = true;
        }
        Idle::Sleep
    }

    fn wait_ends(&mut self, now: Instant) {
        if let Some(wait) = self.wait.take() {
            self.waits.over(wait.began_with_spinning, now - wait.since);
        }
    }
}

impl Default for Turn {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVER: u32 = 7;

    /// A turn in which one socket has given so much that more of it may gather.
    fn after_one_way_stream() -> Turn {
        let mut turn = Turn::new();
        for _ in 0..ONE_WAY / BULK {
            turn.count_received(GIVER, BULK);
        }
        turn
    }

    #[test]
    #[cfg(not(windows))]
    fn a_one_way_stream_gathers_once_after_each_read() {
        let mut turn = after_one_way_stream();
        assert!(turn.gathering().is_some_and(|(giver, pause)| giver == GIVER && pause <= GATHERING));
        assert_eq!(turn.gathering(), None);
        turn.count_received(GIVER, BULK);
        assert!(turn.gathering().is_some());
    }

    #[test]
    fn a_stream_does_not_gather_before_it_is_known_to_be_one_way() {
        let mut turn = Turn::new();
        for _ in 1..ONE_WAY / BULK {
            turn.count_received(GIVER, BULK);
        }
        assert_eq!(turn.gathering(), None);
    }

    #[test]
    fn a_peer_that_has_got_an_answer_is_read_at_once() {
        let mut turn = after_one_way_stream();
        turn.count_written(GIVER);
        assert_eq!(turn.gathering(), None);
        turn.count_received(GIVER, BULK);
        assert_eq!(turn.gathering(), None);
    }

    #[test]
    #[cfg(not(windows))]
    fn a_write_to_somebody_else_is_no_answer() {
        let mut turn = after_one_way_stream();
        turn.count_written(GIVER + 1);
        assert!(turn.gathering().is_some());
    }

    #[test]
    fn nobody_waits_while_others_give_too() {
        let mut turn = after_one_way_stream();
        turn.count(64);
        assert_eq!(turn.gathering(), None, "after a small event");
        turn.count_received(GIVER, BULK);
        turn.count_received(GIVER + 1, BULK);
        assert_eq!(turn.gathering(), None, "after another socket's bulk");
    }

    #[test]
    fn a_giver_is_not_alone_while_others_give_little() {
        let mut turn = after_one_way_stream();
        assert_eq!(turn.idle(), Idle::Spin);
        turn.count_received(GIVER, 1);
        assert_eq!(turn.idle(), Idle::Spin, "its own last bytes");
        turn.count_received(GIVER + 1, GATHERS);
        assert_eq!(turn.idle(), Idle::Sleep, "another's");
    }

    /// A turn in which two sockets have given so much, by turns, that more of it may gather.
    fn after_streams() -> Turn {
        let mut turn = Turn::new();
        for slot in (0..ONE_WAY / BULK).map(|event| GIVER + u32::from(event % 2 == 1)) {
            assert_eq!(turn.lull(), None, "not known to be one-way yet");
            turn.count_received(slot, BULK);
        }
        turn
    }

    #[test]
    #[cfg(not(windows))]
    fn streams_have_a_lull_once_they_have_given_enough_since_the_last_sleep() {
        let mut turn = after_streams();
        assert_eq!(turn.lull(), Some(LULL));
        turn.lull_ends(true);
        turn.count_received(GIVER, BULK - 1);
        assert_eq!(turn.lull(), None);
        turn.count(1);
        assert_eq!(turn.lull(), Some(LULL), "small pieces count, too");
        turn.lull_ends(true);
        turn.count_received(GIVER, BULK);
        assert_eq!(turn.idle(), Idle::Sleep);
        assert_eq!(turn.lull(), None, "after another sleep");
    }

    #[test]
    fn whoever_waits_for_an_answer_ends_the_lulls() {
        let mut turn = after_streams();
        turn.count_written(GIVER + 2);
        assert_eq!(turn.lull(), None, "after a write to anybody");
        let mut turn = after_streams();
        turn.count(0);
        assert_eq!(turn.lull(), None, "after an event without bytes");
        let mut turn = after_streams();
        turn.count_datagram(BULK, false);
        assert_eq!(turn.lull(), None, "after a datagram");
        let mut turn = after_one_way_stream();
        assert_eq!(turn.lull(), None, "one socket alone");
    }

    #[test]
    #[cfg(not(windows))]
    fn lulls_of_no_use_are_left_out_for_a_while() {
        let mut turn = after_streams();
        assert_eq!(turn.lull(), Some(LULL));
        turn.lull_ends(false);
        turn.count(BULK);
        for _ in 0..LEFT_OUT {
            assert_eq!(turn.lull(), None);
        }
        assert_eq!(turn.lull(), Some(LULL));
    }

    #[test]
    #[cfg(not(windows))]
    fn pauses_of_no_use_are_left_out_for_a_while() {
        let mut turn = after_one_way_stream();
        turn.gathered(BULK, BULK);
        for _ in 0..LEFT_OUT {
            assert_eq!(turn.gathering(), None);
        }
        assert!(turn.gathering().is_some());
    }

    #[test]
    #[cfg(not(windows))]
    fn pauses_in_which_more_or_nothing_came_are_not() {
        let mut turn = after_one_way_stream();
        turn.gathered(BULK, 2 * BULK);
        turn.gathered(0, 0);
        assert!(turn.gathering().is_some());
    }

    #[test]
    #[cfg(not(windows))]
    fn a_handler_that_took_longer_needs_no_pause() {
        let mut turn = after_one_way_stream();
        turn.given = Instant::now().checked_sub(GATHERING).expect("a machine that has been up for longer");
        assert_eq!(turn.gathering(), Some((GIVER, Duration::ZERO)));
    }
}
