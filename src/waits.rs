//! Whether to spin or to sleep when there is nothing to do, learnt from how both have gone lately.

use std::time::Duration;

/// Spinning for longer, in microseconds, costs more CPU time than the sleep that it saves, also in a virtual machine whose
/// processors take 100 µs to wake up.
const WORTH: f32 = 75.0;
/// The same after an answer, whose receiver may be about to send again: then its next message is there in half of the time. Where
/// waking up takes longest, its own wake-up takes up to 200 µs.
const WORTH_ANSWERED: f32 = 250.0;
/// A wait that is over so soon, in microseconds, is not worth a sleep in any case.
const SHORT: f32 = 5.0;
/// What is known at first: no spinning until it has been seen to pay.
const UNKNOWN: f32 = WORTH_ANSWERED;
/// No wait counts for more than so many microseconds or, where waits have been longer than a third of that, three times their average, up
/// to three times as much as this: one hiccup does not outweigh many waits before it, and a pause does not have to be outweighed for long.
const HICCUP: f32 = 100.0;
/// The same for waits that are slept through: at most half as long is what spinning has to be.
const SLEPT_HICCUP: f32 = 2.0 * HICCUP;
/// See [`HICCUP`].
const TIMES: f32 = 3.0;
/// After so many waits some go the other way, to see what that would be like.
const USUAL: u32 = 256;
/// So many in a row: where the other end waits for answers, its own waits become shorter with ours, and its processor has no
/// time to fall asleep. The first of a row does not show that. They cost a spin each at worst.
const TRIAL: u32 = 4;
/// Weight of the newest wait in the average of those that go the usual way.
const USUAL_WEIGHT: f32 = 0.125;
/// The same for those that go the other way, of which there are few.
const TRIAL_WEIGHT: f32 = 0.5;

/// The averages of the last waits, in microseconds.
///
/// Both are needed. A wait that was slept through seems longer than it was by the time that waking up takes, and a peer that
/// waits for an answer before it sends again is slower for that: what seem to be long waits may be short ones.
#[derive(Debug)]
pub struct Waits {
    spun: f32,
    slept: f32,
    /// Waits since the last trial.
    since_trial: u32,
    /// The other way, while it is tried.
    trial: Option<bool>,
}

impl Waits {
    /// Nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self { spun: UNKNOWN, slept: UNKNOWN, since_trial: 0, trial: None }
    }

    /// Whether the wait that begins should begin with spinning; `answered` if what came last has been answered.
    pub fn spin_now(&mut self, answered: bool) -> bool {
        self.since_trial += 1;
        if self.since_trial == USUAL {
            self.trial = Some(!self.pays(answered));
        } else if self.since_trial == USUAL + TRIAL {
            self.since_trial = 0;
            self.trial = None;
        }
        self.trial.unwrap_or_else(|| self.pays(answered))
    }

    /// A wait is over that began with spinning or with sleep.
    pub fn over(&mut self, began_with_spinning: bool, wait: Duration) {
        let weight = if self.trial == Some(began_with_spinning) { TRIAL_WEIGHT } else { USUAL_WEIGHT };
        let (average, hiccup) =
            if began_with_spinning { (&mut self.spun, HICCUP) } else { (&mut self.slept, SLEPT_HICCUP) };
        let most = (TIMES * *average).clamp(hiccup, TIMES * hiccup);
        *average += ((wait.as_secs_f32() * 1e6).min(most) - *average) * weight;
    }

    /// Spinning pays if waits are short, and at most half as long for it.
    fn pays(&self, answered: bool) -> bool {
        let worth = if answered { WORTH_ANSWERED } else { WORTH };
        self.spun < SHORT || (self.spun < worth && self.slept > 2.0 * self.spun)
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

    /// From a trial to the next one.
    const ROUND: u32 = USUAL + TRIAL;

    /// Goes through so many waits after answers, each of which takes so many microseconds if it is spun or slept through. How many
    /// were spun through among the last [`ROUND`].
    fn go_through(waits: &mut Waits, count: u32, spinning: u64, sleeping: u64) -> u32 {
        go_through_after(true, waits, count, spinning, sleeping)
    }

    /// The same, `answered` or not.
    fn go_through_after(answered: bool, waits: &mut Waits, count: u32, spinning: u64, sleeping: u64) -> u32 {
        let mut spins = 0;
        for left in (0..count).rev() {
            let spin = waits.spin_now(answered);
            waits.over(spin, Duration::from_micros(if spin { spinning } else { sleeping }));
            spins += u32::from(spin && left < ROUND);
        }
        spins
    }

    #[test]
    fn nothing_is_spun_through_before_it_was_tried() {
        assert_eq!(go_through(&mut Waits::new(), USUAL - 1, 1, 1), 0);
    }

    #[test]
    fn a_peer_that_waits_for_the_answer_is_spun_for() {
        assert_eq!(go_through(&mut Waits::new(), 8 * ROUND, 18, 60), USUAL);
    }

    #[test]
    fn one_trial_shows_that_it_pays_even_where_waking_up_takes_longest() {
        for (spinning, sleeping) in [(60, 180), (170, 500)] {
            let mut waits = Waits::new();
            go_through(&mut waits, USUAL - 1, spinning, sleeping);
            assert!(!waits.pays(true));
            go_through(&mut waits, TRIAL, spinning, sleeping);
            assert!(waits.pays(true), "{spinning} instead of {sleeping} µs");
        }
    }

    #[test]
    fn what_has_its_own_pace_is_spun_for_only_where_that_costs_little() {
        assert_eq!(go_through_after(false, &mut Waits::new(), 8 * ROUND, 60, 180), USUAL);
        assert_eq!(go_through_after(false, &mut Waits::new(), 8 * ROUND, 100, 400), TRIAL);
    }

    #[test]
    fn the_last_of_a_trial_count_most() {
        let mut waits = Waits::new();
        go_through(&mut waits, USUAL - 1, 40, 160);
        for microseconds in [300, 120, 40, 40] {
            assert!(waits.spin_now(true));
            waits.over(true, Duration::from_micros(microseconds));
        }
        assert!(waits.pays(true));
    }

    #[test]
    fn waits_that_are_hardly_shorter_for_it_are_slept_through() {
        assert_eq!(go_through(&mut Waits::new(), 8 * ROUND, 20, 25), TRIAL);
        assert_eq!(go_through(&mut Waits::new(), 8 * ROUND, 150, 250), TRIAL);
    }

    #[test]
    fn the_shortest_waits_are_spun_through_in_any_case() {
        assert_eq!(go_through(&mut Waits::new(), 8 * ROUND, 3, 4), USUAL);
    }

    #[test]
    fn long_waits_are_slept_through() {
        assert_eq!(go_through(&mut Waits::new(), 20 * ROUND, 260, 600), TRIAL);
    }

    #[test]
    fn a_hiccup_does_not_end_the_spinning_and_a_pause_does() {
        for (spinning, sleeping) in [(8, 60), (170, 500)] {
            let mut waits = Waits::new();
            go_through(&mut waits, 8 * ROUND, spinning, sleeping);
            waits.over(true, Duration::from_secs(1));
            assert!(waits.pays(true), "after one long wait, instead of {spinning} µs");
            for _ in 0..7 {
                waits.over(true, Duration::from_secs(1));
            }
            assert!(!waits.pays(true), "after eight of them, instead of {spinning} µs");
        }
    }

    #[test]
    fn what_a_pause_has_taught_is_forgotten_in_one_trial() {
        let mut waits = Waits::new();
        go_through(&mut waits, 20 * ROUND, 100_000, 100_000);
        go_through(&mut waits, 2 * ROUND, 18, 60);
        assert!(waits.pays(true));
    }
}
