//! UDP sockets. What a platform does in its own way, receiving and sending, is in the modules below; the rest is here.

use std::io;
use std::mem::ManuallyDrop;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use mio::event::Source;
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::Descriptor;

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "system calls that no crate wraps")]
#[expect(clippy::cast_possible_truncation, reason = "address families and sizes of structures are small")]
mod linux;
#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(not(target_os = "linux"))]
mod portable;
#[cfg(not(target_os = "linux"))]
use portable as platform;
#[cfg(unix)]
#[expect(unsafe_code, reason = "a socket option that no crate wraps")]
mod source_group;

/// A UDP socket.
#[derive(Debug)]
pub struct DatagramIo {
    socket: ManuallyDrop<UdpSocket>,
    ipv6: bool,
    /// It was taken over, so that others may have it open, too.
    shared: bool,
    /// The descriptor stays open when this is dropped.
    given_up: bool,
    /// Whether several packets may be sent as segments of one message. Not where that has failed once: old kernels,
    /// some devices and some paths don't allow it.
    #[cfg(target_os = "linux")]
    segments: std::cell::Cell<bool>,
    /// What a call has taken off the socket that had datagrams to tell of first.
    #[cfg(not(target_os = "linux"))]
    late: std::cell::RefCell<Option<io::Error>>,
}

/// How a UDP socket binds.
#[derive(Clone, Copy, Debug, Default)]
pub struct DatagramSharing {
    /// Several sockets may bind the port if all of them say so: `SO_REUSEPORT`, on Windows `SO_REUSEADDR`.
    pub reuse_port: bool,
    /// `SO_REUSEADDR`.
    pub reuse_address: bool,
    /// An IPv6 wildcard takes no IPv4 datagrams (`IPV6_V6ONLY`).
    pub ipv6_only: bool,
}

/// A datagram that [`DatagramIo::receive`] has put into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// How many bytes are there.
    pub length: usize,
    /// The datagram was longer than its room; the rest is lost.
    pub truncated: bool,
    /// Who sent it.
    pub sender: SocketAddr,
}

/// An error that [`DatagramIo::take_error`] has found.
#[derive(Debug)]
pub struct Reported {
    /// The error.
    pub error: io::Error,
    /// It was in the socket's error queue, which only Linux has.
    pub queued: bool,
}

/// A datagram to send.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Where it goes; `None` on a connected socket.
    pub to: Option<SocketAddr>,
}

/// Whether a group is joined or left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// Join it.
    Join,
    /// Leave it.
    Leave,
}

impl DatagramIo {
    /// Binds an address.
    ///
    /// # Errors
    ///
    /// Those of `socket` and `bind`.
    pub fn bind(address: SocketAddr, sharing: DatagramSharing) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        if sharing.reuse_address || (cfg!(windows) && sharing.reuse_port) {
            socket.set_reuse_address(true)?;
        }
        #[cfg(unix)]
        if sharing.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if address.is_ipv6() {
            socket.set_only_v6(sharing.ipv6_only)?;
        }
        socket.bind(&address.into())?;
        Ok(Self::over(UdpSocket::from_std(socket.into()), address.is_ipv6()))
    }

    /// Takes a descriptor over that must be a UDP socket, and has it watched; it belongs to this from then on, unless this fails.
    ///
    /// # Errors
    ///
    /// EBADF for what is no open descriptor, ENOTSOCK for what is no socket, EINVAL for another kind of socket, and those of `watch`. On
    /// Windows, always.
    pub fn adopt(descriptor: Descriptor, watch: impl FnOnce(&mut dyn Source) -> io::Result<()>) -> io::Result<Self> {
        #[cfg(windows)]
        {
            let _ = (descriptor, watch);
            Err(io::Error::from_raw_os_error(super::UNSUPPORTED))
        }
        #[cfg(unix)]
        {
            let (socket, ipv6) = super::platform::take_over(descriptor, Type::DGRAM, |socket| {
                let address = socket.local_addr()?.as_socket();
                Ok(address.ok_or_else(|| io::Error::from_raw_os_error(super::INVALID))?.is_ipv6())
            })?;
            let mut adopted = Self::over(UdpSocket::from_std(socket.into()), ipv6);
            adopted.shared = true;
            super::platform::watched(adopted, watch, |mut io| io.give_up())
        }
    }

    /// Whether others may have the socket open, too. A poll then goes on telling of it after this is dropped, unless it is deregistered.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// Leaves the descriptor open, for whoever it was taken from.
    pub fn give_up(&mut self) {
        self.given_up = true;
    }

    fn over(socket: UdpSocket, ipv6: bool) -> Self {
        Self {
            socket: ManuallyDrop::new(socket),
            ipv6,
            shared: false,
            given_up: false,
            #[cfg(target_os = "linux")]
            segments: std::cell::Cell::new(true),
            #[cfg(not(target_os = "linux"))]
            late: std::cell::RefCell::default(),
        }
    }

    /// Takes a datagram socket of another kind over, to be filled up in tests.
    #[cfg(all(test, unix))]
    pub(crate) fn from_descriptor(descriptor: std::os::fd::OwnedFd) -> io::Result<Self> {
        let socket = std::net::UdpSocket::from(descriptor);
        socket.set_nonblocking(true)?;
        Ok(Self::over(UdpSocket::from_std(socket), false))
    }

    /// Fixes where datagrams go; those of others are not received any more.
    ///
    /// # Errors
    ///
    /// Those of `connect`.
    pub fn connect(&self, address: SocketAddr) -> io::Result<()> {
        self.socket.connect(self.reachable(address))
    }

    /// Lets ICMP errors show up in [`DatagramIo::take_error`], or not. Only Linux can tell them on unconnected sockets.
    ///
    /// # Errors
    ///
    /// The system's; none is known to occur.
    pub fn report_errors(&self, on: bool) -> io::Result<()> {
        platform::report_errors(&self.socket, self.ipv6, on)
    }

    /// Receives datagrams, one into each room of `rooms`, and appends what they are to `arrived`. True if all rooms are
    /// taken, so that more may wait.
    ///
    /// # Errors
    ///
    /// The system's; `WouldBlock` when there is none.
    pub fn receive<'a>(
        &self,
        rooms: impl Iterator<Item = &'a mut [u8]>,
        arrived: &mut Vec<Arrived>,
    ) -> io::Result<bool> {
        platform::receive(self, rooms, arrived)
    }

    /// Sends one datagram.
    ///
    /// # Errors
    ///
    /// The system's; `WouldBlock` when there is no room.
    pub fn send(&self, packet: Packet<'_>) -> io::Result<()> {
        loop {
            let sent = match packet.to {
                Some(address) => self.socket.send_to(packet.bytes, self.reachable(address)),
                None => self.socket.send(packet.bytes),
            };
            match sent {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result.map(drop),
            }
        }
    }

    /// Sends datagrams, in as few system calls as there can be. How many of them, from the first on, the system took: the
    /// one after them was refused, or there was no room for it.
    ///
    /// # Errors
    ///
    /// Only the first one's refusal.
    pub fn send_many(&self, packets: &[Packet<'_>]) -> io::Result<usize> {
        platform::send_many(self, packets)
    }

    /// The next error that someone out there has reported, or that a send has left.
    ///
    /// # Errors
    ///
    /// The system's; none is known to occur.
    pub fn take_error(&self) -> io::Result<Option<Reported>> {
        platform::take_error(&self.socket)
    }

    /// `SO_BROADCAST`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.socket.set_broadcast(on)
    }

    /// `IP_TTL`, or the hop limit over IPv6.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        let socket = SockRef::from(&*self.socket);
        if self.ipv6 { socket.set_unicast_hops_v6(ttl) } else { socket.set_ttl_v4(ttl) }
    }

    /// `IP_MULTICAST_TTL`, or the hop limit of multicast over IPv6.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_multicast_ttl(&self, ttl: u32) -> io::Result<()> {
        let socket = SockRef::from(&*self.socket);
        if self.ipv6 { socket.set_multicast_hops_v6(ttl) } else { socket.set_multicast_ttl_v4(ttl) }
    }

    /// `IP_MULTICAST_LOOP`: whether what is sent to a group comes back to its members here.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_multicast_loopback(&self, on: bool) -> io::Result<()> {
        let socket = SockRef::from(&*self.socket);
        if self.ipv6 { socket.set_multicast_loop_v6(on) } else { socket.set_multicast_loop_v4(on) }
    }

    /// The interface that sends to groups over IPv4.
    ///
    /// # Errors
    ///
    /// `EADDRNOTAVAIL` for an address that is no interface's.
    pub fn set_multicast_interface_v4(&self, interface: Ipv4Addr) -> io::Result<()> {
        SockRef::from(&*self.socket).set_multicast_if_v4(&interface)
    }

    /// The number of the interface that sends to groups over IPv6, 0 for the system's choice.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_multicast_interface_v6(&self, interface: u32) -> io::Result<()> {
        SockRef::from(&*self.socket).set_multicast_if_v6(interface)
    }

    /// Joins or leaves a group; `interface` unspecified for the system's choice.
    ///
    /// # Errors
    ///
    /// `EADDRINUSE`, `EADDRNOTAVAIL`, `EINVAL`, `ENODEV`.
    pub fn change_group_v4(&self, change: Membership, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        let socket = SockRef::from(&*self.socket);
        match change {
            Membership::Join => socket.join_multicast_v4(&group, &interface),
            Membership::Leave => socket.leave_multicast_v4(&group, &interface),
        }
    }

    /// Joins or leaves a group; `interface` is a number, 0 for the system's choice.
    ///
    /// # Errors
    ///
    /// As [`DatagramIo::change_group_v4`], and `ENOPROTOOPT` on an IPv4 socket.
    pub fn change_group_v6(&self, change: Membership, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        let socket = SockRef::from(&*self.socket);
        match change {
            Membership::Join => socket.join_multicast_v6(&group, interface),
            Membership::Leave => socket.leave_multicast_v6(&group, interface),
        }
    }

    /// Joins or leaves a group as far as one sender is concerned.
    ///
    /// # Errors
    ///
    /// As [`DatagramIo::change_group_v4`].
    pub fn change_source_v4(
        &self,
        change: Membership,
        source: Ipv4Addr,
        group: Ipv4Addr,
        interface: Ipv4Addr,
    ) -> io::Result<()> {
        let socket = SockRef::from(&*self.socket);
        match change {
            Membership::Join => socket.join_ssm_v4(&source, &group, &interface),
            Membership::Leave => socket.leave_ssm_v4(&source, &group, &interface),
        }
    }

    /// Joins or leaves a group as far as one sender is concerned.
    ///
    /// # Errors
    ///
    /// As [`DatagramIo::change_group_v6`]; not supported on Windows.
    pub fn change_source_v6(
        &self,
        change: Membership,
        source: Ipv6Addr,
        group: Ipv6Addr,
        interface: u32,
    ) -> io::Result<()> {
        #[cfg(unix)]
        return source_group::change(&self.socket, change, source, group, interface);
        #[cfg(windows)]
        {
            let _ = (change, source, group, interface);
            Err(io::Error::from_raw_os_error(super::UNSUPPORTED))
        }
    }

    /// The bound address.
    #[must_use]
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.socket.local_addr().ok()
    }

    /// The address it is connected to.
    #[must_use]
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.socket.peer_addr().ok()
    }

    /// The socket's number.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        #[cfg(unix)]
        return std::os::fd::AsRawFd::as_raw_fd(&*self.socket);
        #[cfg(windows)]
        Descriptor::try_from(std::os::windows::io::AsRawSocket::as_raw_socket(&*self.socket)).unwrap_or(-1)
    }

    /// The address as this socket's family can express it. Linux does so itself; elsewhere an IPv6 socket knows IPv4
    /// addresses only as mapped ones.
    fn reachable(&self, address: SocketAddr) -> SocketAddr {
        match address {
            SocketAddr::V4(v4) if self.ipv6 && !cfg!(target_os = "linux") => {
                SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port())
            }
            _ => address,
        }
    }
}

impl Drop for DatagramIo {
    #[expect(unsafe_code, reason = "a descriptor that may stay open")]
    fn drop(&mut self) {
        if !self.given_up {
            // SAFETY: this is the only place that drops it, and nothing uses it afterwards.
            unsafe { ManuallyDrop::drop(&mut self.socket) };
        }
    }
}

impl Source for DatagramIo {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.socket.register(registry, token, interests)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.socket.reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.socket.deregister(registry)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_that_does_not_fit_is_marked() {
        let bind = || DatagramIo::bind((Ipv4Addr::LOCALHOST, 0).into(), DatagramSharing::default()).expect("it binds");
        let (near, far) = (bind(), bind());
        for bytes in [&b"12345678"[..], b"1234", b"12345"] {
            near.send(Packet { bytes, to: far.local_address() }).expect("it is sent");
        }
        let (mut memory, mut arrived) = ([0; 12], Vec::new());
        let more = far.receive(memory.chunks_exact_mut(4), &mut arrived).expect("three wait");
        assert!(more);
        let seen: Vec<_> = arrived.iter().map(|one| (one.length, one.truncated)).collect();
        assert_eq!(seen, [(4, true), (4, false), (4, true)]);
        assert_eq!(&memory, b"123412341234");
        let error = far.receive(memory.chunks_exact_mut(4), &mut arrived).expect_err("none is left");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn both_families_send_and_receive_their_addresses() {
        for ip in [std::net::IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()] {
            let near = DatagramIo::bind((ip, 0).into(), DatagramSharing::default()).expect("it binds");
            let to = near.local_address();
            assert_eq!(near.send_many(&[Packet { bytes: b"x", to }; 100]).expect("they are sent"), 100);
            let (mut memory, mut arrived) = ([0; 100], Vec::new());
            near.receive(memory.chunks_exact_mut(10), &mut arrived).expect("a hundred wait");
            assert_eq!(arrived.len(), 10);
            assert!(arrived.iter().all(|one| Some(one.sender) == to && one.length == 1));
        }
    }

    #[test]
    fn packets_arrive_one_by_one_however_they_were_sent() {
        let bind = || DatagramIo::bind((Ipv4Addr::LOCALHOST, 0).into(), DatagramSharing::default()).expect("it binds");
        let (near, far, other) = (bind(), bind(), bind());
        for segments in [true, false] {
            // Runs of one size, a shorter one at the end of a run and inside, an empty one, another address in between.
            let mut sent: Vec<Vec<u8>> = (0..100u8).map(|i| vec![i; 64]).collect();
            sent.extend([vec![1; 63], vec![2; 64], vec![], vec![3; 1452], vec![4; 1453], vec![5; 9000]]);
            sent.extend((0..20u8).map(|i| vec![i; 1000 - usize::from(i / 10)]));
            near.segments.set(segments);
            let mut packets: Vec<Packet<'_>> =
                sent.iter().map(|bytes| Packet { bytes, to: far.local_address() }).collect();
            packets.insert(50, Packet { bytes: b"elsewhere", to: other.local_address() });
            assert_eq!(near.send_many(&packets).expect("they are sent"), packets.len());
            assert_eq!(near.segments.get(), segments);
            let (mut memory, mut arrived) = (vec![0; 200 * 9000], Vec::new());
            while arrived.len() < sent.len() {
                let start = arrived.len() * 9000;
                far.receive(memory[start..].chunks_exact_mut(9000).take(32), &mut arrived).expect("they wait");
            }
            let seen: Vec<Vec<u8>> =
                (arrived.iter().enumerate()).map(|(i, one)| memory[i * 9000..i * 9000 + one.length].to_vec()).collect();
            assert!(seen == sent, "segments {segments}");
            other.receive(memory.chunks_exact_mut(9000).take(1), &mut arrived).expect("one waits");
        }
    }

    #[test]
    fn a_pending_error_refuses_a_run_and_the_next_one_goes_out() {
        let bind = || DatagramIo::bind((Ipv4Addr::LOCALHOST, 0).into(), DatagramSharing::default()).expect("it binds");
        let (near, gone) = (bind(), bind());
        let to = gone.local_address();
        drop(gone);
        near.report_errors(true).expect("Linux knows the option");
        near.send(Packet { bytes: b"x", to }).expect("nothing is known yet");
        let error = near.send_many(&[Packet { bytes: b"x", to }; 20]).expect_err("the port is dead");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(near.send_many(&[Packet { bytes: b"x", to }; 20]).expect("the error was told"), 20);
        assert!(near.segments.get());
    }
}
