//! What differs between platforms: sockets, and how the JS thread learns that they are ready.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, SockRef, Socket, Type};

mod async_stream;
mod cache;
mod datagram;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[path = "glibc.rs"]
#[expect(unsafe_code, reason = "a C function that no crate wraps, and prefetching")]
mod memory;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
#[path = "other_allocators.rs"]
mod memory;
#[cfg_attr(target_os = "linux", expect(unsafe_code, reason = "an allocator, and a system call that takes an address"))]
mod pages;
#[cfg(unix)]
#[path = "unix.rs"]
#[expect(unsafe_code, reason = "system calls that no crate wraps")]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;
mod poller;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[path = "linux_transfer.rs"]
#[expect(unsafe_code, reason = "system calls without libc's wrappers")]
mod transfer;
#[cfg(all(unix, not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))))]
mod transfer;

pub use async_stream::AsyncStream;
pub use cache::second_level_cache;
pub use datagram::{Arrived, DatagramIo, DatagramSharing, Membership, Packet, Reported};
pub use memory::{PREFETCHES, expect_foreign_frees, expect_large_blocks, prefetch_behind};
pub use pages::give_back;
#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
pub(crate) use pages::is_resident;
pub use platform::{
    ALREADY_THERE, BAD_DESCRIPTOR, CONNECTION_REFUSED, CONNECTION_RESET, Descriptor, INVALID, IO_ERROR, ListenerIo,
    Sharing, StreamIo, UNSUPPORTED, interface_index, interface_name, is_aborted, is_transient, number,
};
pub use poller::{ARRIVALS, ARRIVALS_AND_ROOM, Poller, Ready};

/// Whether there are IPv6 sockets.
#[must_use]
pub fn has_ipv6() -> bool {
    Socket::new(Domain::IPV6, Type::STREAM, None).is_ok()
}

/// Has a connection begin at an address of this machine. As on Bun, a port may be one at which another connection begins or has begun; not
/// on Windows, where the option for that takes the port of others over.
///
/// # Errors
///
/// Those of `bind`.
pub fn begin_at(socket: &SockRef<'_>, local: SocketAddr) -> io::Result<()> {
    if local.port() != 0 && !cfg!(windows) {
        socket.set_reuse_address(true)?;
    }
    socket.bind(&local.into())
}
