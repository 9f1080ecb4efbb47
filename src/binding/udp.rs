//! The class behind every UDP socket.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::{Rc, Weak};

use napi_derive::napi;

use super::engine::{Core, NOT_FOUND};
use super::socket::Endpoint;
use crate::address::Literal;
use crate::connect;
use crate::failure::Failure;
use crate::lookup::{addresses, first_that_works};
use crate::reactor::Reactor;
use crate::slab::Key;
use crate::sys::{BAD_DESCRIPTOR, DatagramIo, INVALID, Membership};
use crate::udp::Udp;

/// A group and an address beside it are of different families, where an error number is expected.
#[napi]
pub const FAMILY_MISMATCH: i32 = -100_001;
/// A source and a group are of one family, and the interface beside them is of another, where an error number is expected.
#[napi]
pub const INTERFACE_MISMATCH: i32 = -100_003;
/// An address can't be read, where an error number is expected.
#[napi]
pub const NO_ADDRESS: i32 = -100_002;

/// A UDP socket's handle. The socket itself belongs to the reactor and lives until it is closed; a handle of a closed one
/// answers "bad file descriptor".
#[napi]
pub struct UdpHandle {
    core: Weak<Core>,
    key: Option<Key>,
}

#[napi]
impl UdpHandle {
    /// The handle of the UDP socket in a slot of an engine of this thread.
    #[napi(constructor)]
    #[must_use]
    pub fn new(engine: u32, slot: u32) -> Self {
        let core = Core::numbered(engine);
        let key = core.as_ref().and_then(|core| core.with(|reactor| reactor.key(slot))?);
        Self { core: core.map_or_else(Weak::new, |core| Rc::downgrade(&core)), key }
    }

    /// The descriptor, or -1.
    #[napi]
    pub fn descriptor(&self) -> i32 {
        self.with(|udp| udp.io().descriptor()).unwrap_or(-1)
    }

    /// The bound address.
    #[napi]
    pub fn local_endpoint(&self) -> Option<Endpoint> {
        self.with(|udp| udp.io().local_address())?.map(Endpoint::from)
    }

    /// The address it is connected to.
    #[napi]
    pub fn remote_endpoint(&self) -> Option<Endpoint> {
        self.with(|udp| udp.io().remote_address())?.map(Endpoint::from)
    }

    /// Fixes the other end: 0 or a negative error number; `NOT_FOUND` for a name that does not resolve. `*` is this machine, as on Bun.
    /// The first address counts that the system takes for a socket of this family.
    #[napi]
    pub fn connect(&self, hostname: String, port: u16) -> i32 {
        let addresses = if hostname == "*" { connect::loopback(port) } else { addresses(&hostname, port) };
        if addresses.is_empty() {
            return NOT_FOUND;
        }
        self.change(|udp| first_that_works(addresses, |_| true, |address| udp.connect(address)).unwrap_or(Ok(())))
    }

    /// Lets ICMP errors come as events, or not.
    #[napi]
    pub fn report_errors(&self, on: bool) -> i32 {
        self.option(|io| io.report_errors(on))
    }

    /// Lets the socket keep the process alive, or not.
    #[napi]
    pub fn reference(&self, on: bool) {
        self.reactor(|reactor, slot| reactor.reference(slot, on));
    }

    /// Closes the socket.
    #[napi]
    pub fn shut(&self) {
        self.reactor(Reactor::close);
    }

    /// Forgets the socket, whose descriptor stays open.
    #[napi]
    pub fn give_up(&self) {
        self.reactor(Reactor::give_up_udp);
    }

    /// `SO_BROADCAST`: 0 or a negative error number, as all that follow.
    #[napi]
    pub fn broadcast(&self, on: bool) -> i32 {
        self.option(|io| io.set_broadcast(on))
    }

    /// `IP_TTL` or the hop limit.
    #[napi]
    pub fn time_to_live(&self, ttl: u32) -> i32 {
        self.option(|io| io.set_ttl(ttl))
    }

    /// The same for multicast.
    #[napi]
    pub fn multicast_time_to_live(&self, ttl: u32) -> i32 {
        self.option(|io| io.set_multicast_ttl(ttl))
    }

    /// `IP_MULTICAST_LOOP`.
    #[napi]
    pub fn multicast_loopback(&self, on: bool) -> i32 {
        self.option(|io| io.set_multicast_loopback(on))
    }

    /// The interface that sends to groups, by its IPv4 address or by an IPv6 address with its scope.
    #[napi]
    pub fn multicast_interface(&self, interface: String) -> i32 {
        match Literal::parse(&interface) {
            // As in Bun: the kernel would say that there is no such interface.
            Some(Literal { ip: IpAddr::V4(ip), .. }) if ip.is_multicast() => -INVALID,
            Some(Literal { ip: IpAddr::V4(ip), .. }) => self.option(|io| io.set_multicast_interface_v4(ip)),
            Some(Literal { scope, .. }) => self.option(|io| io.set_multicast_interface_v6(scope)),
            None => NO_ADDRESS,
        }
    }

    /// Joins or leaves a group. As in Bun, an interface that can't be read counts as none.
    #[napi]
    pub fn group(&self, join: bool, group: String, interface: Option<String>) -> i32 {
        let Some(group) = Literal::parse(&group) else { return -INVALID };
        let interface = interface.and_then(|text| Literal::parse(&text));
        let change = membership(join);
        match (group.ip, interface.map(|interface| interface.ip)) {
            (IpAddr::V4(group), None) => self.option(|io| io.change_group_v4(change, group, Ipv4Addr::UNSPECIFIED)),
            (IpAddr::V4(group), Some(IpAddr::V4(at))) => self.option(|io| io.change_group_v4(change, group, at)),
            (IpAddr::V6(address), None) => self.option(|io| io.change_group_v6(change, address, group.scope)),
            (IpAddr::V6(address), Some(IpAddr::V6(_))) => {
                let at = interface.map_or(0, |interface| interface.scope);
                self.option(|io| io.change_group_v6(change, address, at))
            }
            _ => FAMILY_MISMATCH,
        }
    }

    /// Joins or leaves a group as far as one sender is concerned.
    #[napi]
    pub fn source_group(&self, join: bool, source: String, group: String, interface: Option<String>) -> i32 {
        let (Some(source), Some(group)) = (Literal::parse(&source), Literal::parse(&group)) else { return -INVALID };
        let interface = interface.and_then(|text| Literal::parse(&text));
        if interface.is_some_and(|interface| interface.ip.is_ipv4() != group.ip.is_ipv4()) {
            return if source.ip.is_ipv4() == group.ip.is_ipv4() { INTERFACE_MISMATCH } else { FAMILY_MISMATCH };
        }
        let change = membership(join);
        match (source.ip, group.ip) {
            (IpAddr::V4(source), IpAddr::V4(group)) => {
                let at = match interface {
                    Some(Literal { ip: IpAddr::V4(at), .. }) => at,
                    _ => Ipv4Addr::UNSPECIFIED,
                };
                self.option(|io| io.change_source_v4(change, source, group, at))
            }
            (IpAddr::V6(source), IpAddr::V6(address)) => {
                let at = interface.map_or(group.scope, |interface| interface.scope);
                self.option(|io| io.change_source_v6(change, source, address, at))
            }
            _ => FAMILY_MISMATCH,
        }
    }

    fn option(&self, set: impl FnOnce(&DatagramIo) -> io::Result<()>) -> i32 {
        self.change(|udp| set(udp.io()))
    }

    fn change(&self, change: impl FnOnce(&mut Udp) -> io::Result<()>) -> i32 {
        let changed = self.with(|udp| {
            // What was sent before the change does not see it.
            udp.flush();
            change(udp)
        });
        match changed {
            Some(Ok(())) => 0,
            Some(Err(error)) => -Failure::from(error).number(),
            None => -BAD_DESCRIPTOR,
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Udp) -> T) -> Option<T> {
        self.reactor(|reactor, slot| reactor.with_udp(slot, work)).flatten()
    }

    /// Works with the reactor while the handle's socket is still in it.
    fn reactor<T>(&self, work: impl FnOnce(&mut Reactor, u32) -> T) -> Option<T> {
        let key = self.key?;
        self.core.upgrade()?.with(|reactor| reactor.has(key).then(|| work(reactor, key.index))).flatten()
    }
}

fn membership(join: bool) -> Membership {
    if join { Membership::Join } else { Membership::Leave }
}
