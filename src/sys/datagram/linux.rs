//! Many datagrams per system call: `recvmmsg` and `sendmmsg`.

use std::io;
use std::mem::zeroed;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::AsRawFd;
use std::ptr;

use mio::net::UdpSocket;

use super::{Arrived, DatagramIo, Packet, Reported};
use crate::udp::BATCH;

/// How many messages one `sendmmsg` takes. Some dozen make the call's own cost small; the arrays for them are on the stack.
const MESSAGES: usize = 64;
/// How many packets the messages of one `sendmmsg` have.
const PARTS: usize = 256;
/// The most segments that the kernel takes in one message (`UDP_MAX_SEGMENTS`; more since 6.9).
const SEGMENTS: usize = 64;
/// Fewer packets than these are messages of their own: segments save little then, and of a run that is sent to a dead port
/// only one error comes back.
const SHORTEST_RUN: usize = 8;
/// Longer packets would not fit the usual 1,500 bytes on the wire: they must be fragmented, not segmented.
const LARGEST_SEGMENT: usize = 1452;
/// The most bytes of one message.
const LARGEST_RUN: usize = 65_507;
/// Room for the control messages of one error: the error itself, with its sender's address, is 60 bytes.
const CONTROL: usize = 256;

/// An address as the system writes it; the length tells which one.
#[derive(Clone, Copy)]
union Address {
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

impl Address {
    const LENGTH: libc::socklen_t = size_of::<Self>() as libc::socklen_t;

    fn new(address: SocketAddr) -> (Self, libc::socklen_t) {
        match address {
            SocketAddr::V4(address) => {
                let v4 = libc::sockaddr_in {
                    sin_family: libc::AF_INET as libc::sa_family_t,
                    sin_port: address.port().to_be(),
                    sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
                    sin_zero: [0; 8],
                };
                (Self { v4 }, size_of_val(&v4) as libc::socklen_t)
            }
            SocketAddr::V6(address) => {
                let v6 = libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: address.port().to_be(),
                    sin6_flowinfo: address.flowinfo(),
                    sin6_addr: libc::in6_addr { s6_addr: address.ip().octets() },
                    sin6_scope_id: address.scope_id(),
                };
                (Self { v6 }, size_of_val(&v6) as libc::socklen_t)
            }
        }
    }

    fn get(&self) -> SocketAddr {
        // SAFETY: every byte of the union was set, by `new` or to zero; any bytes are a valid `sockaddr_in`, which starts
        // with the family as `sockaddr_in6` does.
        let v4 = unsafe { self.v4 };
        if i32::from(v4.sin_family) != libc::AF_INET6 {
            return SocketAddr::new(Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes()).into(), u16::from_be(v4.sin_port));
        }
        // SAFETY: as above, for the larger of the two.
        let v6 = unsafe { self.v6 };
        let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
        SocketAddrV6::new(ip, u16::from_be(v6.sin6_port), v6.sin6_flowinfo, v6.sin6_scope_id).into()
    }
}

pub(super) fn report_errors(socket: &UdpSocket, ipv6: bool, on: bool) -> io::Result<()> {
    set_option(socket, libc::IPPROTO_IP, libc::IP_RECVERR, on.into())?;
    if ipv6 { set_option(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVERR, on.into()) } else { Ok(()) }
}

pub(super) fn receive<'a>(
    io: &DatagramIo,
    rooms: impl Iterator<Item = &'a mut [u8]>,
    arrived: &mut Vec<Arrived>,
) -> io::Result<bool> {
    // SAFETY: all of these are plain numbers and pointers, for which zero is a value.
    let (mut headers, mut parts, mut senders): ([libc::mmsghdr; BATCH], [libc::iovec; BATCH], [Address; BATCH]) =
        unsafe { zeroed() };
    let mut count = 0;
    for (room, (header, (part, sender))) in rooms.zip(headers.iter_mut().zip(parts.iter_mut().zip(senders.iter_mut())))
    {
        *part = libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: room.len() };
        header.msg_hdr.msg_iov = part;
        header.msg_hdr.msg_iovlen = 1;
        header.msg_hdr.msg_name = ptr::from_mut(sender).cast();
        header.msg_hdr.msg_namelen = Address::LENGTH;
        count += 1;
    }
    let filled = loop {
        // SAFETY: the first `count` headers point to memory that lives until the call returns: addresses in `senders` and
        // rooms that are borrowed exclusively.
        let filled = unsafe {
            libc::recvmmsg(io.socket.as_raw_fd(), headers.as_mut_ptr(), count, libc::MSG_DONTWAIT as _, ptr::null_mut())
        };
        if let Ok(filled) = usize::try_from(filled) {
            break filled;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    };
    arrived.extend(headers[..filled].iter().zip(&senders).map(|(header, sender)| Arrived {
        length: header.msg_len as usize,
        truncated: header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
        sender: sender.get(),
    }));
    Ok(filled == count as usize)
}

pub(super) fn send_many(io: &DatagramIo, packets: &[Packet<'_>]) -> io::Result<usize> {
    let mut total = 0;
    while total < packets.len() {
        let mut outbox = Outbox::EMPTY;
        outbox.fill(&packets[total..], io.segments.get());
        match outbox.send(&io.socket) {
            Ok(sent) => {
                total += outbox.packets_in(sent);
                // Why a run was not taken, the next round tells; for a single packet, this is where the batch ends.
                if sent < outbox.count && !outbox.is_run(sent) {
                    break;
                }
            }
            Err(error) if outbox.is_run(0) && is_about_segments(&error) => io.segments.set(false),
            Err(error) if total == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(total)
}

/// Messages for one `sendmmsg`. Packets of one size to one address that follow each other are one message, which the kernel
/// (or the network card) cuts into segments: it passes through the network stack once, not once for each packet.
struct Outbox {
    headers: [libc::mmsghdr; MESSAGES],
    names: [Address; MESSAGES],
    /// Room for the one control message that has the size of the segments.
    controls: [[u64; 3]; MESSAGES],
    parts: [libc::iovec; PARTS],
    /// How many packets each message has.
    runs: [u16; MESSAGES],
    count: usize,
}

impl Outbox {
    // SAFETY: plain numbers and pointers, for which zero is a value.
    const EMPTY: Self = unsafe { zeroed() };

    /// Plans as many packets as fit.
    fn fill(&mut self, packets: &[Packet<'_>], segments: bool) {
        let mut planned = 0;
        while planned < packets.len() && self.count < MESSAGES {
            let rest = &packets[planned..];
            let run = if segments { run_length(rest) } else { 1 };
            if planned + run > PARTS {
                break;
            }
            self.add(planned, &rest[..run]);
            planned += run;
        }
    }

    fn add(&mut self, first_part: usize, run: &[Packet<'_>]) {
        let at = self.count;
        self.count += 1;
        self.runs[at] = run.len() as u16;
        let parts = &mut self.parts[first_part..first_part + run.len()];
        for (part, packet) in parts.iter_mut().zip(run) {
            *part = libc::iovec { iov_base: packet.bytes.as_ptr().cast_mut().cast(), iov_len: packet.bytes.len() };
        }
        let header = &mut self.headers[at].msg_hdr;
        header.msg_iov = parts.as_mut_ptr();
        header.msg_iovlen = parts.len() as _;
        if let Some(to) = run[0].to {
            let (address, length) = Address::new(to);
            self.names[at] = address;
            header.msg_name = ptr::from_mut(&mut self.names[at]).cast();
            header.msg_namelen = length;
        }
        if run.len() > 1 {
            self.cut(at, run[0].bytes.len() as u16);
        }
    }

    /// Says how long the segments of a message are.
    fn cut(&mut self, at: usize, size: u16) {
        let control = &mut self.controls[at];
        let header = &mut self.headers[at].msg_hdr;
        header.msg_control = control.as_mut_ptr().cast();
        // SAFETY: only computes a length.
        let (space, length) = unsafe { (libc::CMSG_SPACE(2), libc::CMSG_LEN(2)) };
        header.msg_controllen = space as _;
        debug_assert!(space as usize <= size_of_val(control));
        // SAFETY: the header has a control memory, of `space` bytes, which is aligned as it must be.
        let message = unsafe { &mut *libc::CMSG_FIRSTHDR(header) };
        message.cmsg_level = libc::SOL_UDP;
        message.cmsg_type = libc::UDP_SEGMENT;
        message.cmsg_len = length as _;
        // SAFETY: the message lies within the control memory.
        let data = unsafe { libc::CMSG_DATA(message) };
        // SAFETY: `space` has room for the two bytes; they need not be aligned.
        unsafe { data.cast::<u16>().write_unaligned(size) };
    }

    fn send(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        let (count, flags) = (self.count as libc::c_uint, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL);
        loop {
            // SAFETY: the first `count` headers point to memory of this outbox, which has not moved since `fill`, and of the
            // packets, which the caller of `fill` still borrows. The call only reads it.
            let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), self.headers.as_mut_ptr(), count, flags as _) };
            if let Ok(sent) = usize::try_from(sent) {
                return Ok(sent);
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }

    /// How many packets the first messages have.
    fn packets_in(&self, messages: usize) -> usize {
        self.runs[..messages].iter().map(|run| usize::from(*run)).sum()
    }

    /// Whether a message has several packets.
    fn is_run(&self, message: usize) -> bool {
        self.runs.get(message).is_some_and(|run| *run > 1)
    }
}

/// Whether the refusal of a run may mean that single packets would be taken: the kernel is older than 4.18, the device can't
/// compute checksums, or the path is narrower than a segment.
fn is_about_segments(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EIO | libc::EINVAL | libc::EMSGSIZE | libc::EOPNOTSUPP))
}

/// How many of the packets, from the first on, make one message.
fn run_length(packets: &[Packet<'_>]) -> usize {
    let size = packets[0].bytes.len();
    if size == 0 || size > LARGEST_SEGMENT {
        return 1;
    }
    let most = SEGMENTS.min(LARGEST_RUN / size).min(packets.len());
    let mut run = 1;
    while run < most {
        let packet = &packets[run];
        if packet.to != packets[0].to || packet.bytes.is_empty() || packet.bytes.len() > size {
            break;
        }
        run += 1;
        // Only the last segment may be shorter.
        if packet.bytes.len() < size {
            break;
        }
    }
    if run < SHORTEST_RUN { 1 } else { run }
}

/// Reads the socket's error queue, which also takes the error off the socket that the next call would give otherwise.
pub(super) fn take_error(socket: &UdpSocket) -> io::Result<Option<Reported>> {
    let mut control = [0u64; CONTROL / 8];
    // SAFETY: plain numbers and pointers, for which zero is a value.
    let mut header: libc::msghdr = unsafe { zeroed() };
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = CONTROL as _;
    loop {
        // SAFETY: the header points to nothing but the control memory, which lives until the end of this function.
        let result =
            unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT) };
        if result >= 0 {
            break;
        }
        let error = io::Error::last_os_error();
        match error.kind() {
            io::ErrorKind::Interrupted => {}
            // None that was queued; there may still be one that was not.
            io::ErrorKind::WouldBlock => {
                return Ok(socket.take_error()?.map(|error| Reported { error, queued: false }));
            }
            _ => return Err(error),
        }
    }
    // SAFETY: `recvmsg` has filled the header and the control memory.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(&raw const header) };
    while !next.is_null() {
        // SAFETY: the pointer is aligned and within the control memory; `CMSG_FIRSTHDR` and `CMSG_NXTHDR` see to it.
        let message = unsafe { *next };
        if matches!(
            (message.cmsg_level, message.cmsg_type),
            (libc::IPPROTO_IP, libc::IP_RECVERR) | (libc::IPPROTO_IPV6, libc::IPV6_RECVERR)
        ) {
            // SAFETY: a message of this type is followed by its data.
            let data = unsafe { libc::CMSG_DATA(next) };
            // SAFETY: the data begins with this structure; it need not be aligned.
            let error = unsafe { data.cast::<libc::sock_extended_err>().read_unaligned() };
            let error = io::Error::from_raw_os_error(error.ee_errno.cast_signed());
            return Ok(Some(Reported { error, queued: true }));
        }
        // SAFETY: as for `CMSG_FIRSTHDR`.
        next = unsafe { libc::CMSG_NXTHDR(&raw const header, next) };
    }
    Ok(None)
}

fn set_option(socket: &UdpSocket, level: i32, option: i32, value: i32) -> io::Result<()> {
    let size = size_of_val(&value) as libc::socklen_t;
    // SAFETY: the option's value is a number, which lives until the call returns.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const value).cast(), size) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
