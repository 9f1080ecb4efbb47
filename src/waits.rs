//! Whether to spin or to sleep when there is nothing to do, learnt from how both have gone lately.

use std::time::Duration;

/// Spinning for longer, in microseconds, costs more CPU time than the sleep that it saves.
const WORTH: f32 = 35.0;
/// A wait that is over so soon, in microseconds, is not worth a sleep in any case.
const SHORT: f32 = 5.0;
/// What is known at first: no spinning until it has been seen to pay. No single wait counts for more, so that one hiccup does not
/// outweigh many waits before it.
const UNKNOWN: f32 = 100.0;
/// One wait in so many goes the other way, to see what that would be like. It costs 50 µs at worst.
const OTHER: u32 = 128;
/// Weight of the newest wait in the average of those that go the usual way.
const USUAL_WEIGHT: f32 = 0.125;
/// The same for those that go the other way, of which there are few.
const OTHER_WEIGHT: f32 = 0.5;

/// The averages of the last waits, in microseconds.
///
/// Both are needed. A wait that was slept through seems longer than it was by the time that waking up takes, and a peer that
/// waits for an answer before it sends again is slower for that: what seem to be long waits may be short ones.
#[derive(Debug)]
pub struct Waits {
    spun: f32,
    slept: f32,
    /// Waits since one went the other way.
    alike: u32,
}

impl Waits {
    /// Nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self { spun: UNKNOWN, slept: UNKNOWN, alike: 0 }
    }

    /// Whether the wait that begins should begin with spinning.
    pub fn spin_now(&mut self) -> bool {
        self.alike += 1;
        if self.alike < OTHER {
            return self.pays();
        }
        self.alike = 0;
        !self.pays()
    }

    /// A wait is over that began with spinning or with sleep.
    pub fn over(&mut self, began_with_spinning: bool, wait: Duration) {
        let weight = if began_with_spinning == self.pays() { USUAL_WEIGHT } else { OTHER_WEIGHT };
        let average = if began_with_spinning { &mut self.spun } else { &mut self.slept };
        *average += ((wait.as_secs_f32() * 1e6).min(UNKNOWN) - *average) * weight;
    }

    /// Spinning pays if waits are short, and at most half as long for it.
    fn pays(&self) -> bool {
        self.spun < SHORT || (self.spun < WORTH && self.slept > 2.0 * self.spun)
    }
}

impl Default for Waits {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goes through so many waits, each of which takes so many microseconds if it is spun or slept through. How many were spun
    /// through among the last [`OTHER`].
    fn go_through(waits: &mut Waits, count: u32, spinning: u64, sleeping: u64) -> u32 {
        let mut spins = 0;
        for left in (0..count).rev() {
            let spin = waits.spin_now();
            waits.over(spin, Duration::from_micros(if spin { spinning } else { sleeping }));
            spins += u32::from(spin && left < OTHER);
        }
        spins
    }

    #[test]
    fn nothing_is_spun_through_before_it_was_tried() {
        assert_eq!(go_through(&mut Waits::new(), OTHER - 1, 1, 1), 0);
    }

    #[test]
    fn a_peer_that_waits_for_the_answer_is_spun_for() {
        assert_eq!(go_through(&mut Waits::new(), 8 * OTHER, 18, 60), OTHER - 1);
    }

    #[test]
    fn waits_that_are_hardly_shorter_for_it_are_slept_through() {
        assert_eq!(go_through(&mut Waits::new(), 8 * OTHER, 20, 25), 1);
    }

    #[test]
    fn the_shortest_waits_are_spun_through_in_any_case() {
        assert_eq!(go_through(&mut Waits::new(), 8 * OTHER, 3, 4), OTHER - 1);
    }

    #[test]
    fn long_waits_are_slept_through() {
        assert_eq!(go_through(&mut Waits::new(), 20 * OTHER, 80, 200), 1);
    }

    #[test]
    fn a_hiccup_does_not_end_the_spinning_and_a_pause_does() {
        let mut waits = Waits::new();
        go_through(&mut waits, 8 * OTHER, 8, 60);
        waits.over(true, Duration::from_secs(1));
        assert!(waits.pays(), "after one long wait");
        for _ in 0..4 {
            waits.over(true, Duration::from_secs(1));
        }
        assert!(!waits.pays(), "after five of them");
    }
}
