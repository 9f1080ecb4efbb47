//! Source-specific groups over IPv6 (RFC 3678).

use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::os::fd::AsRawFd;

use mio::net::UdpSocket;
use socket2::SockAddr;

use super::Membership;

pub(super) fn change(
    socket: &UdpSocket,
    change: Membership,
    source: Ipv6Addr,
    group: Ipv6Addr,
    interface: u32,
) -> io::Result<()> {
    let option = match change {
        Membership::Join => libc::MCAST_JOIN_SOURCE_GROUP,
        Membership::Leave => libc::MCAST_LEAVE_SOURCE_GROUP,
    };
    let request =
        libc::group_source_req { gsr_interface: interface, gsr_group: storage(group), gsr_source: storage(source) };
    let size = libc::socklen_t::try_from(size_of_val(&request)).unwrap_or(0);
    // SAFETY: `request` is what the option expects and lives until the call returns.
    let result =
        unsafe { libc::setsockopt(socket.as_raw_fd(), libc::IPPROTO_IPV6, option, (&raw const request).cast(), size) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn storage(address: Ipv6Addr) -> libc::sockaddr_storage {
    let address = SockAddr::from(SocketAddrV6::new(address, 0, 0, 0));
    // SAFETY: the system's own layout, of which `SockAddr` holds all bytes.
    unsafe { address.as_ptr().cast::<libc::sockaddr_storage>().read() }
}
