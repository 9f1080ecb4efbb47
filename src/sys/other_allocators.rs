//! Allocators that need not be told of the memory that V8 is going to ask them for, as far as is known.

/// Needed with glibc only.
pub fn expect_large_blocks() {}

/// Needed with glibc only.
pub fn expect_foreign_frees() {}

/// Not done here.
pub const PREFETCHES: bool = false;

/// Where glibc's next block lies can be foretold; of others it is not known.
pub fn prefetch_behind(_bytes: &[u8]) {}
