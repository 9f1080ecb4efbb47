//! Names looked up at once, on the calling thread: for what answers at once. Connections are made by name in [`crate::connect`].

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use crate::sys;

/// The addresses that a listener may bind, the best one first. `*`, which glibc's resolver takes for no name at all, means every
/// address, as on Bun.
#[must_use]
pub fn addresses_to_bind(hostname: &str, port: u16) -> Vec<SocketAddr> {
    if hostname == "*" {
        let every = if sys::has_ipv6() { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        return vec![SocketAddr::new(every, port)];
    }
    addresses(hostname, port)
}

/// A host's addresses, IPv6 ones first, as Bun has them; none of a name that does not resolve. A name is looked up at once, on this
/// thread, because `listen` and `udpSocket` answer at once.
#[must_use]
pub fn addresses(hostname: &str, port: u16) -> Vec<SocketAddr> {
    let mut found: Vec<_> = (hostname, port).to_socket_addrs().map(Iterator::collect).unwrap_or_default();
    found.sort_by_key(SocketAddr::is_ipv4);
    let has_both = found.first().is_some_and(SocketAddr::is_ipv6) && found.last().is_some_and(SocketAddr::is_ipv4);
    if has_both && !sys::has_ipv6() {
        found.retain(SocketAddr::is_ipv4);
    }
    found
}

/// What `attempt` gives for the first of the addresses for which it does not fail. If it always fails its last failure, or the first one that
/// does not let it go on. Nothing without any address.
pub fn first_that_works<T>(
    addresses: Vec<SocketAddr>,
    goes_on: impl Fn(&io::Error) -> bool,
    mut attempt: impl FnMut(SocketAddr) -> io::Result<T>,
) -> Option<io::Result<T>> {
    let mut outcome = None;
    for address in addresses {
        let tried = attempt(address);
        let is_over = !tried.as_ref().is_err_and(&goes_on);
        outcome = Some(tried);
        if is_over {
            break;
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("a literal address")
    }

    #[test]
    fn literals_are_their_own_address_and_a_star_is_every_address() {
        assert_eq!(addresses("127.0.0.1", 1), [address("127.0.0.1:1")]);
        assert_eq!(addresses("::1", 1), [address("[::1]:1")]);
        assert!(addresses_to_bind("*", 1).iter().all(|address| address.ip().is_unspecified()));
        assert!(addresses("not a name", 1).is_empty());
    }

    #[test]
    fn the_first_address_that_works_is_taken() {
        let three = || vec![address("[::1]:1"), address("127.0.0.1:1"), address("127.0.0.1:2")];
        let refuse = |kind: io::ErrorKind| move |at: SocketAddr| if at.is_ipv6() { Err(kind.into()) } else { Ok(at) };
        let missing = |error: &io::Error| error.kind() == io::ErrorKind::AddrNotAvailable;
        let taken = first_that_works(three(), missing, refuse(io::ErrorKind::AddrNotAvailable));
        assert_eq!(taken.and_then(Result::ok), Some(address("127.0.0.1:1")));
        let given_up = first_that_works(three(), missing, refuse(io::ErrorKind::AddrInUse));
        assert_eq!(given_up.and_then(Result::err).map(|error| error.kind()), Some(io::ErrorKind::AddrInUse));
        assert!(first_that_works(Vec::new(), missing, refuse(io::ErrorKind::AddrInUse)).is_none());
    }
}
