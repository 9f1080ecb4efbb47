//! What glibc's allocator is told of the memory that V8 is going to ask it for.

/// What [`expect_large_blocks`] frees: glibc learns from blocks below 32 MiB only.
const LARGE_BLOCK: usize = 31 * 1024 * 1024;

/// Lets the allocator keep the memory of large blocks that are freed, so that the next ones need no fresh pages.
///
/// glibc gives the top of its heap back to the system whenever more than twice the largest block ever freed lies there, at
/// first 256 KiB: each read of 512 KiB then costs a system call and 128 page faults, more than the copying. It learns by
/// itself from the first large block that a program frees; this is that block. Its pages are never touched, and at most
/// 32 MiB stay with the process.
pub fn expect_large_blocks() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE_BLOCK))));
}

/// Tells the allocator that small blocks which one thread makes are freed by another, as V8 does with the memory of events.
///
/// glibc puts what is freed so into lists of its own and merges all of that whenever a block of a KiB or more is made or freed,
/// again and again. Without those lists each block is merged once, and an event of 100 to 1,000 bytes costs 0.3 µs less.
pub fn expect_foreign_frees() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // SAFETY: it may be called at any time, from any thread; what it answers to this parameter is always success.
        unsafe { libc::mallopt(libc::M_MXFAST, 0) };
    });
}

/// Whether [`prefetch_behind`] does anything.
pub const PREFETCHES: bool = cfg!(target_arch = "x86_64");

/// What V8 allocates with the bytes of an array buffer, as measured on Node 20: 160 bytes in three blocks, rounded up to lines.
#[cfg(target_arch = "x86_64")]
const COMPANIONS: usize = 192;

/// Brings memory into the processor's cache that the next event's bytes will probably have, for writing.
///
/// Another thread frees the memory of events in the order in which it was made, and glibc makes one block of it, from whose
/// start the next allocations come: the memory of an event follows that of the one before it, 98 times in 100. That thread has
/// touched it last, or nobody for some MiB of events, so that each line of it would be waited for.
///
/// It is a hint to the processor, which ignores addresses without memory. It fetches only a dozen lines at a time, so that many
/// of them are waited for here.
#[cfg(target_arch = "x86_64")]
pub fn prefetch_behind(bytes: &[u8]) {
    use std::arch::x86_64::{_MM_HINT_ET0, _mm_prefetch};

    const LINE: usize = 64;
    let end = bytes.as_ptr_range().end;
    for offset in (0..bytes.len() + COMPANIONS).step_by(LINE) {
        // SAFETY: a prefetch neither reads nor writes as far as the program can tell, and does not fault, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_ET0>(end.wrapping_add(offset).cast()) };
    }
}

/// As on x86-64, where it was measured; here it does nothing.
#[cfg(not(target_arch = "x86_64"))]
pub fn prefetch_behind(_bytes: &[u8]) {}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn memory_that_does_not_exist_may_be_prefetched() {
        const PAGE: usize = 4096;
        // SAFETY: a new mapping at an address of the system's choice.
        let start = unsafe {
            libc::mmap(std::ptr::null_mut(), 3 * PAGE, libc::PROT_READ, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
        };
        assert_ne!(start, libc::MAP_FAILED);
        // SAFETY: the last two pages of the mapping made above, which nobody else knows.
        assert_eq!(unsafe { libc::munmap(start.byte_add(PAGE), 2 * PAGE) }, 0);
        // SAFETY: the first page is there, holds zeros, and stays until the end of the test.
        let page = unsafe { std::slice::from_raw_parts(start.cast::<u8>(), PAGE) };
        prefetch_behind(page);
        prefetch_behind(&page[PAGE..]);
        assert!(page.iter().all(|byte| *byte == 0));
        // SAFETY: the page's slice is not used any more.
        assert_eq!(unsafe { libc::munmap(start, PAGE) }, 0);
    }
}
