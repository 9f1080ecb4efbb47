//! Which of two ways to wait for more bulk data brings more of it, learnt from how fast it has come both ways.

use std::time::Instant;

/// A stretch of more microseconds says more of the senders than of this end.
const LONGEST: f32 = 2000.0;
/// Where the other way does not pay one stretch in so many goes it all the same, to see what that would be like. It may take four times as
/// long.
const TRY_OTHER: u32 = 128;
/// Where it pays one stretch in so many goes the usual way.
const TRY_USUAL: u32 = 16;

/// What it takes to believe that the other way pays.
#[derive(Clone, Copy, Debug)]
pub struct Doubt {
    /// The averages are over so many stretches: those that go the other way are few, and one says little.
    memory: f32,
    /// Stretches that must have gone the other way.
    proofs: f32,
    /// Microseconds between two trials while there are not so many, and while they don't pay.
    between: [u128; 2],
    /// So many times as fast it must be.
    margin: f32,
    /// In bytes per microsecond. What is slower is waited for in the usual way.
    slowest: f32,
}

/// To let one-way streams gather: nobody waits for those but their senders, where their buffers are small. Of slower ones nothing gathers
/// that is worth it.
pub const ONE_WAY_LULLS: Doubt = Doubt { memory: 16.0, proofs: 1.0, between: [0, 0], margin: 1.0, slowest: 256.0 };
/// To let gather what is answered. Where the senders wait for that, one lull too many is lost time: less than 1 % of it goes into trials.
pub const ANSWERED_LULLS: Doubt = Doubt { memory: 64.0, proofs: 8.0, between: [4_000, 16_000], ..ONE_WAY_LULLS };
/// To spin after large data that was answered, which takes a processor for as long as it lasts. At the slowest 16 KiB come in about the
/// longest spin.
pub const SPINS: Doubt = Doubt { margin: 1.1, slowest: 64.0, ..ANSWERED_LULLS };

/// The speed of the stretches of one kind, from sums that forget.
#[derive(Debug, Default)]
struct Speed {
    stretches: f32,
    bytes: f32,
    micros: f32,
}

impl Speed {
    fn add(&mut self, bytes: f32, micros: f32, memory: f32) {
        self.stretches = (self.stretches + 1.0).min(memory);
        self.bytes += (bytes - self.bytes) / self.stretches;
        self.micros += (micros - self.micros) / self.stretches;
    }

    /// In bytes per microsecond; 0 until something is known.
    fn rate(&self) -> f32 {
        if self.micros > 0.0 { self.bytes / self.micros } else { 0.0 }
    }
}

/// The speeds of bulk data that was waited for in one way and in the other. A stretch is from one time that it was asked for until the next.
///
/// Both are needed. Where the senders compute for all that they send, to let it gather costs nothing, and fewer wake-ups leave them more
/// time. Where they wait for room in a small buffer, each lull makes them wait for longer; and where they wait for an answer, whoever spins
/// has what they send next sooner, but less at once.
#[derive(Debug)]
pub struct Trials {
    doubt: Doubt,
    usual: Speed,
    other: Speed,
    since: Instant,
    /// Whether the present stretch goes the other way.
    goes_other: bool,
    /// Stretches since one went the other way, and when that was.
    alike: u32,
    tried: Instant,
}

impl Trials {
    /// Nothing is known; the usual way is gone until the other has been tried.
    #[must_use]
    pub fn new(doubt: Doubt, now: Instant) -> Self {
        let (usual, other) = (Speed::default(), Speed::default());
        Self { doubt, usual, other, since: now, goes_other: false, alike: 0, tried: now }
    }

    /// So many bytes have come since the last call, and no more are there: whether to wait in the other way.
    #[expect(clippy::cast_precision_loss, reason = "averages")]
    pub fn other_way_now(&mut self, bytes: usize, now: Instant) -> bool {
        let (bytes, micros) = (bytes as f32, (now - self.since).as_secs_f32() * 1e6);
        self.since = now;
        if micros <= LONGEST {
            if self.goes_other { &mut self.other } else { &mut self.usual }.add(bytes, micros, self.doubt.memory);
        }
        self.goes_other = bytes > self.doubt.slowest * micros && self.choose(now);
        self.goes_other
    }

    fn choose(&mut self, now: Instant) -> bool {
        let proven = self.other.stretches >= self.doubt.proofs;
        let pay = proven && self.other.rate() > self.usual.rate() * self.doubt.margin;
        self.alike += 1;
        let too_soon = if pay {
            self.alike < TRY_USUAL
        } else {
            self.alike < TRY_OTHER || (now - self.tried).as_micros() < self.doubt.between[usize::from(proven)]
        };
        if too_soon {
            return pay;
        }
        self.alike = 0;
        self.tried = now;
        !pay
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const STRETCHES: u32 = 32 * TRY_OTHER;

    /// Goes through stretches that take so many microseconds each, the other way and the usual one. How many of the last [`TRY_OTHER`]
    /// went the other.
    fn go_through(trials: &mut Trials, now: &mut Instant, bytes: usize, other: u64, usual: u64) -> u32 {
        let mut last = 0;
        for left in (0..STRETCHES).rev() {
            let goes_other = trials.other_way_now(bytes, *now);
            *now += Duration::from_micros(if goes_other { other } else { usual });
            last += u32::from(goes_other && left < TRY_OTHER);
        }
        last
    }

    #[test]
    fn the_way_that_is_seen_to_be_faster_is_gone_and_the_other_one_tried_at_times() {
        let mut now = Instant::now();
        let mut trials = Trials::new(ONE_WAY_LULLS, now);
        for _ in 1..TRY_OTHER {
            assert!(!trials.other_way_now(100_000, now), "nothing is known yet");
            now += Duration::from_micros(100);
        }
        assert_eq!(go_through(&mut trials, &mut now, 100_000, 90, 100), TRY_OTHER - TRY_OTHER / TRY_USUAL);
        assert_eq!(go_through(&mut trials, &mut now, 100_000, 110, 100), 1);
        assert_eq!(go_through(&mut trials, &mut now, 100_000, 90, 100), TRY_OTHER - TRY_OTHER / TRY_USUAL);
    }

    #[test]
    fn where_answers_are_waited_for_trials_are_rare_and_several_must_agree() {
        let mut now = Instant::now();
        let mut trials = Trials::new(ANSWERED_LULLS, now);
        let began = now;
        let mut tried = 0;
        while now - began < Duration::from_secs(1) {
            let other = trials.other_way_now(100_000, now);
            tried += u32::from(other);
            now += Duration::from_micros(if other { 110 } else { 100 });
        }
        assert!((32..=1000 / 16 + 8).contains(&tried), "tried {tried} times in a second");
        assert_eq!(go_through(&mut trials, &mut now, 100_000, 60, 100), TRY_OTHER - TRY_OTHER / TRY_USUAL);
    }

    #[test]
    fn what_has_a_price_must_be_that_much_faster() {
        let mut now = Instant::now();
        let mut trials = Trials::new(SPINS, now);
        assert_eq!(go_through(&mut trials, &mut now, 100_000, 95, 100), 1);
        assert_eq!(go_through(&mut trials, &mut now, 100_000, 85, 100), TRY_OTHER - TRY_OTHER / TRY_USUAL);
    }

    #[test]
    fn slow_streams_are_waited_for_in_the_usual_way() {
        let mut now = Instant::now();
        let mut trials = Trials::new(ONE_WAY_LULLS, now);
        assert_eq!(go_through(&mut trials, &mut now, 100_000, 400, 400), 0);
    }

    #[test]
    fn a_pause_of_the_senders_says_nothing() {
        let mut now = Instant::now();
        let mut trials = Trials::new(ONE_WAY_LULLS, now);
        go_through(&mut trials, &mut now, 100_000, 90, 100);
        let rate = trials.other.rate();
        assert!(trials.other_way_now(100_000, now));
        assert!(!trials.other_way_now(100_000, now + Duration::from_secs(1)));
        assert!((trials.other.rate() - rate).abs() < 1.0);
    }
}
