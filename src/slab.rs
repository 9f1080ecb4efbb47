//! Slots for the handles of one reactor.
//!
//! An index is reused only after [`Slab::recycle`]: within one batch of events an index always means the same handle, so
//! an event for a handle that was just closed can never reach its successor.

/// Names one handle for as long as it lives; the generation tells a slot's successive tenants apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The slot, which JS uses as the index of its own table.
    pub index: u32,
    generation: u32,
}

impl Key {
    /// The key as the number that the poll carries.
    #[must_use]
    pub fn token(self) -> mio::Token {
        mio::Token(self.index as usize | (self.generation as usize) << 32)
    }

    /// The reverse of [`Key::token`].
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "takes the two halves apart again")]
    pub fn from_token(token: mio::Token) -> Self {
        Self { index: token.0 as u32, generation: (token.0 >> 32) as u32 }
    }
}

/// A vector of reusable, generation-checked slots.
#[derive(Debug)]
pub struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    quarantine: Vec<u32>,
    len: usize,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Slab<T> {
    /// An empty slab.
    #[must_use]
    pub fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), quarantine: Vec::new(), len: 0 }
    }

    /// Puts `value` into a free slot.
    pub fn insert(&mut self, value: T) -> Key {
        self.len += 1;
        if let Some(index) = self.free.pop() {
            let slot = &mut self.slots[index as usize];
            slot.value = Some(value);
            return Key { index, generation: slot.generation };
        }
        let index = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.slots.push(Slot { generation: 0, value: Some(value) });
        Key { index, generation: 0 }
    }

    /// The value behind a key, unless it is gone.
    pub fn at(&mut self, key: Key) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.index as usize)?;
        if slot.generation == key.generation { slot.value.as_mut() } else { None }
    }

    /// The present tenant of a slot.
    pub fn slot(&mut self, index: u32) -> Option<&mut T> {
        self.slots.get_mut(index as usize)?.value.as_mut()
    }

    /// The key of the present tenant of a slot.
    #[must_use]
    pub fn key(&self, index: u32) -> Option<Key> {
        let slot = self.slots.get(index as usize)?;
        slot.value.as_ref().map(|_| Key { index, generation: slot.generation })
    }

    /// Takes a value out; its slot rests until [`Slab::recycle`].
    pub fn remove(&mut self, index: u32) -> Option<T> {
        let slot = self.slots.get_mut(index as usize)?;
        let value = slot.value.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.quarantine.push(index);
        self.len -= 1;
        Some(value)
    }

    /// Makes the slots that were emptied since the last call usable again.
    pub fn recycle(&mut self) {
        self.free.append(&mut self.quarantine);
    }

    /// The numbers of all slots, empty ones included.
    #[must_use]
    pub fn indices(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no value at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_not_reused_before_it_is_recycled() {
        let mut slab = Slab::new();
        let first = slab.insert("a");
        assert_eq!(slab.remove(first.index), Some("a"));
        let second = slab.insert("b");
        assert_ne!(first.index, second.index);
        slab.recycle();
        let third = slab.insert("c");
        assert_eq!(first.index, third.index);
        assert_ne!(first, third);
        assert!(slab.at(first).is_none());
        assert_eq!(slab.at(third), Some(&mut "c"));
        assert_eq!(slab.len(), 2);
    }

    #[test]
    fn a_key_survives_the_trip_through_a_token() {
        let mut slab = Slab::new();
        let old = slab.insert(1);
        slab.remove(old.index);
        slab.recycle();
        let key = slab.insert(2);
        assert_eq!(Key::from_token(key.token()), key);
    }
}
