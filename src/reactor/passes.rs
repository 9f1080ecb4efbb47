//! In which order those come that have something to tell.
//!
//! It is the order of Bun, whose poll is level-triggered: in one pass everybody who is ready is told of once. Whoever was told of stays in
//! the kernel's list and so comes first in the next pass, if there is something again; behind them come the others, as they became ready.
//! An edge-triggered poll knows the latter order only, so that the former is kept here. It shows where both ends of connections, or
//! several clients, are in one process.

use std::collections::VecDeque;

use crate::slab::Key;

/// When something was told of last; larger than that of everything told before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Told(u64);

/// Those of this pass, and those of the next one.
#[derive(Debug, Default)]
pub(super) struct Passes {
    now: VecDeque<Key>,
    /// For the next pass: who is told of in this one, or was in the one that has just ended.
    again: Vec<(Told, Key)>,
    /// For the next pass: everybody else.
    fresh: Vec<Key>,
    told: Told,
    /// What `told` was when this pass began.
    began: Told,
}

impl Passes {
    /// Somebody has something to tell in the next pass, who was told of last at `told`.
    #[inline]
    pub(super) fn add(&mut self, key: Key, told: Told) {
        if told > self.began {
            self.again.push((told, key));
        } else {
            self.fresh.push(key);
        }
    }

    /// Somebody has something to tell before everybody else of this pass.
    pub(super) fn add_first(&mut self, key: Key) {
        self.now.push_front(key);
    }

    /// Who is next in this pass.
    #[inline]
    pub(super) fn first(&self) -> Option<Key> {
        self.now.front().copied()
    }

    /// Takes who is next out of this pass.
    #[inline]
    pub(super) fn take(&mut self) -> Option<Key> {
        self.now.pop_front()
    }

    /// Notes that something is told of.
    #[inline]
    pub(super) fn tell(&mut self) -> Told {
        self.told.0 += 1;
        self.told
    }

    /// The next pass begins. Without anybody in it nobody is remembered: the kernel's list is empty, too.
    pub(super) fn begin(&mut self) {
        self.began = self.told;
        self.again.sort_unstable_by_key(|&(told, _)| told);
        self.now.extend(self.again.drain(..).map(|(_, key)| key));
        self.now.extend(self.fresh.drain(..));
    }

    /// Whether nobody is left in this pass.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.now.is_empty()
    }

    /// Whether nobody has anything to tell.
    pub(super) fn is_empty(&self) -> bool {
        self.now.is_empty() && self.again.is_empty() && self.fresh.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slab::Slab;

    /// Tells of everybody in the pass that begins.
    fn pass(passes: &mut Passes, told: &mut Slab<Told>) -> Vec<Key> {
        passes.begin();
        let mut all = Vec::new();
        while let Some(key) = passes.take() {
            *told.at(key).expect("nobody has left") = passes.tell();
            all.push(key);
        }
        all
    }

    /// So many of whom nothing has been told, and what has been told of each.
    fn some<const N: usize>() -> ([Key; N], Slab<Told>) {
        let mut told = Slab::new();
        (std::array::from_fn(|_| told.insert(Told::default())), told)
    }

    fn ready(passes: &mut Passes, told: &mut Slab<Told>, keys: &[Key]) {
        for key in keys {
            passes.add(*key, *told.at(*key).expect("nobody has left"));
        }
    }

    #[test]
    fn whoever_was_told_of_comes_first_in_the_next_pass_in_the_same_order() {
        let ([a, b, c, d], mut told) = some();
        let mut passes = Passes::default();
        ready(&mut passes, &mut told, &[c, a]);
        assert_eq!(pass(&mut passes, &mut told), [c, a]);
        ready(&mut passes, &mut told, &[b, a, d, c]);
        assert_eq!(pass(&mut passes, &mut told), [c, a, b, d]);
        ready(&mut passes, &mut told, &[d, c]);
        assert_eq!(pass(&mut passes, &mut told), [c, d]);
    }

    #[test]
    fn whoever_was_left_out_of_a_pass_is_as_good_as_new() {
        let ([a, b, c], mut told) = some();
        let mut passes = Passes::default();
        ready(&mut passes, &mut told, &[a, b]);
        assert_eq!(pass(&mut passes, &mut told), [a, b]);
        ready(&mut passes, &mut told, &[b]);
        assert_eq!(pass(&mut passes, &mut told), [b]);
        ready(&mut passes, &mut told, &[c, a, b]);
        assert_eq!(pass(&mut passes, &mut told), [b, c, a]);
        assert_eq!(pass(&mut passes, &mut told), []);
        ready(&mut passes, &mut told, &[c, b]);
        assert_eq!(pass(&mut passes, &mut told), [c, b], "nobody was in the last one");
    }

    #[test]
    fn what_becomes_ready_during_a_pass_waits_for_the_next_unless_it_is_put_first() {
        let ([a, b, c], mut told) = some();
        let mut passes = Passes::default();
        ready(&mut passes, &mut told, &[a, b]);
        passes.begin();
        assert_eq!(passes.take(), Some(a));
        *told.at(a).expect("it is there") = passes.tell();
        ready(&mut passes, &mut told, &[c, a]);
        assert_eq!(passes.first(), Some(b));
        passes.add_first(a);
        assert_eq!(passes.take(), Some(a));
        assert_eq!(passes.take(), Some(b));
        assert!(passes.is_over() && !passes.is_empty());
        assert_eq!(pass(&mut passes, &mut told), [a, c]);
        assert!(passes.is_empty());
    }
}
