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
