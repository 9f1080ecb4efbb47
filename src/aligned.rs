//! Memory for received bytes, from the beginning of a page on.
//!
//! The kernel copies received bytes with `rep movsb`, for which AMD's Zen 3 takes five to eight times as long where the
//! address that it copies to is 1 to 31 bytes behind the one it copies from, both counted from the beginning of their pages. What it
//! copies from mostly begins at a page or at a multiple of 32 bytes. Large blocks of glibc's allocator begin 16 bytes behind a page.

use std::ops::{Deref, DerefMut};

/// Bytes in the smallest page of the systems that this runs on. Larger ones begin at multiples of it, too.
pub const PAGE: u32 = 4096;

/// At which of its bytes the first page in some memory begins.
#[must_use]
pub fn page_start(memory: &[u8]) -> usize {
    memory.as_ptr().align_offset(PAGE as usize)
}

/// Bytes, zeros at first, that begin at a page. The empty one takes no memory.
#[derive(Debug, Default)]
pub struct Aligned {
    memory: Vec<u8>,
    start: usize,
}

impl Aligned {
    /// So many bytes. Pages that nobody writes to take no memory.
    #[must_use]
    pub fn zeroed(length: usize) -> Self {
        let mut memory = vec![0; length + PAGE as usize];
        let start = page_start(&memory);
        memory.truncate(start + length);
        Self { memory, start }
    }
}

impl Deref for Aligned {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[self.start..]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_at_a_page_wherever_its_block_does() {
        const PAGE: usize = super::PAGE as usize;
        let mut kept = Vec::new();
        for length in [1, PAGE - 1, PAGE, PAGE + 1, 100_000, 600_000] {
            let mut aligned = Aligned::zeroed(length);
            assert_eq!(aligned.len(), length);
            assert_eq!(aligned.as_ptr().addr() % PAGE, 0, "{length}");
            assert!(aligned.iter().all(|byte| *byte == 0));
            aligned[length - 1] = 1;
            kept.push(aligned);
        }
        assert!(Aligned::default().is_empty());
    }
}
