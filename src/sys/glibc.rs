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
