//! Memory by the page: what is kept for long without being used goes back to the system.
//!
//! rustls keeps the 4 KiB that it has read a handshake into for as long as the connection lives. They are all that is large about an
//! idle TLS connection, and as much as a page. So memory of just that size begins at a page here, where the system can take it back.

#[cfg(target_os = "linux")]
pub use linux::give_back;
#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
pub(crate) use linux::is_resident;

/// Known to Linux only.
#[cfg(not(target_os = "linux"))]
pub fn give_back(_memory: &mut [u8]) {}

#[cfg(target_os = "linux")]
mod linux {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::ffi::c_void;
    use std::ops::Range;

    use once_cell::sync::OnceCell;

    /// What rustls reads at a time, and the usual size of a page. Where pages are larger, nothing is ever given back.
    const PAGE: usize = 4096;

    #[global_allocator]
    static ALLOCATOR: PageAligned = PageAligned;

    /// The system's allocator, but for memory of [`PAGE`] bytes, which begins at a multiple of that.
    struct PageAligned;

    fn aligned(layout: Layout) -> Layout {
        if layout.size() == PAGE { layout.align_to(PAGE).unwrap_or(layout) } else { layout }
    }

    // SAFETY: each layout goes to the system's allocator as `aligned` makes it, which depends on nothing else: memory is freed as it was
    // allocated. What is asked for is the same or more.
    unsafe impl GlobalAlloc for PageAligned {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: the caller's promise.
            unsafe { System.alloc(aligned(layout)) }
        }

        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            // SAFETY: the caller's promise.
            unsafe { System.alloc_zeroed(aligned(layout)) }
        }

        unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
            // SAFETY: the caller's promise; the memory was allocated as above.
            unsafe { System.dealloc(memory, aligned(layout)) }
        }

        unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            if layout.size() != PAGE && size != PAGE {
                // SAFETY: the caller's promise; neither layout is another one here.
                return unsafe { System.realloc(memory, layout, size) };
            }
            // SAFETY: the caller promises that a layout of this size and alignment is possible.
            let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
            // SAFETY: the size is not 0, by the caller's promise.
            let moved = unsafe { self.alloc(wanted) };
            if !moved.is_null() {
                // SAFETY: both have at least so many bytes and do not overlap; the old memory is not used any more.
                unsafe {
                    std::ptr::copy_nonoverlapping(memory, moved, layout.size().min(size));
                    self.dealloc(memory, layout);
                }
            }
            moved
        }
    }

    /// Gives those pages back to the system that lie in `memory` as a whole. They read as zeros afterwards, and take up memory again
    /// once they are written to; other bytes stay as they are.
    pub fn give_back(memory: &mut [u8]) {
        let pages = pages_in(memory);
        if !pages.is_empty() {
            // SAFETY: the pages are the caller's alone, who lets them be changed. Memory that can't be given back stays as it is.
            unsafe {
                libc::madvise(
                    std::ptr::from_mut(&mut memory[pages.start]).cast::<c_void>(),
                    pages.len(),
                    libc::MADV_DONTNEED,
                )
            };
        }
    }

    /// The size of a page, once it is known; rustix would look for it in memory that valgrind does not know.
    fn page_size() -> usize {
        static SIZE: OnceCell<usize> = OnceCell::new();
        // SAFETY: it only tells a number.
        *SIZE.get_or_init(|| usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(PAGE))
    }

    fn pages_in(memory: &[u8]) -> Range<usize> {
        let page = page_size();
        let start = memory.as_ptr().align_offset(page).min(memory.len());
        start..start + (memory.len() - start) / page * page
    }

    /// Whether the one page in `memory` takes up any.
    #[cfg(all(test, target_arch = "x86_64"))]
    pub(crate) fn is_resident(memory: &[u8]) -> bool {
        let pages = pages_in(memory);
        assert_eq!(pages.len(), page_size(), "one page");
        let mut resident = 0;
        // SAFETY: the page is mapped, and one byte is what the system says of it.
        let status = unsafe { libc::mincore(memory[pages].as_ptr().cast_mut().cast(), PAGE, &raw mut resident) };
        assert_eq!(status, 0);
        resident & 1 == 1
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn memory_as_large_as_a_page_begins_at_one() {
            let mut kept = Vec::new();
            for _ in 0..8 {
                let mut bytes = vec![1u8; PAGE];
                assert!(bytes.as_ptr().addr().is_multiple_of(PAGE));
                bytes.extend_from_slice(&[2; 10]);
                bytes.truncate(PAGE);
                bytes.shrink_to_fit();
                assert!(bytes.as_ptr().addr().is_multiple_of(PAGE));
                assert!(bytes.iter().all(|byte| *byte == 1));
                assert!(vec![0u8; PAGE].iter().all(|byte| *byte == 0));
                kept.push(bytes);
            }
        }

        #[test]
        fn only_whole_pages_are_given_back() {
            let page = page_size();
            let mut bytes = vec![1u8; 4 * page];
            let whole = pages_in(&bytes[1..]);
            assert!(whole.len() == 3 * page || whole.len() == 2 * page, "{whole:?}");
            give_back(&mut bytes[1..]);
            for (index, byte) in bytes[1..].iter().enumerate() {
                assert_eq!(*byte, u8::from(!whole.contains(&index)), "{index}");
            }
            give_back(&mut bytes[..page - 1]);
            give_back(&mut []);
        }
    }
}
