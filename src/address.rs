//! IP addresses written as text, in every spelling that a datagram's destination may have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use crate::sys;

/// An IP address, with the interface that an IPv6 one may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Literal {
    /// The address.
    pub ip: IpAddr,
    /// The interface's number, 0 for none; always 0 for IPv4.
    pub scope: u32,
}

impl Literal {
    /// Reads an address. Names are not looked up.
    ///
    /// IPv4 may have the spellings of `inet_aton`: one to four numbers, decimal, octal (`0177`) or hexadecimal (`0x7f`), of
    /// which the last one fills what is left. IPv6 may have a scope after `%`, the name or the number of an interface; as in
    /// Bun, an interface that isn't there counts as none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if !text.contains(':') {
            return Some(Self { ip: ipv4(text)?.into(), scope: 0 });
        }
        let (address, scope) = text.split_once('%').unwrap_or((text, ""));
        let ip = address.parse::<Ipv6Addr>().ok()?.into();
        let scope = sys::interface_index(scope).or_else(|| scope.parse().ok()).unwrap_or(0);
        Some(Self { ip, scope })
    }

    /// The address with a port.
    #[must_use]
    pub fn with_port(self, port: u16) -> SocketAddr {
        match self.ip {
            IpAddr::V4(ip) => SocketAddr::new(ip.into(), port),
            IpAddr::V6(ip) => SocketAddrV6::new(ip, port, 0, self.scope).into(),
        }
    }
}

/// How programs see an address: without its port, and with the interface's name after a link-local one, as Node's dgram.
#[must_use]
pub fn display(address: SocketAddr) -> String {
    match address {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => {
            let scope = v6.scope_id();
            format!("{}%{}", v6.ip(), sys::interface_name(scope).unwrap_or_else(|| scope.to_string()))
        }
        _ => address.ip().to_string(),
    }
}

fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut parts = [0u32; 4];
    let mut count = 0;
    for part in text.split('.') {
        *parts.get_mut(count)? = number(part)?;
        count += 1;
    }
    let (last, leading) = parts[..count].split_last()?;
    // What the leading numbers, of one byte each, leave for the last one.
    let room = 32 - 8 * u32::try_from(leading.len()).ok()?;
    if u64::from(*last) >> room != 0 || leading.iter().any(|part| *part > 255) {
        return None;
    }
    let high = leading.iter().fold(0u64, |high, part| high << 8 | u64::from(*part));
    Some(Ipv4Addr::from(u32::try_from(high << room).ok()? | *last))
}

fn number(text: &str) -> Option<u32> {
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        // A sign, which the parser below would take.
        return None;
    }
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(digits, 16).ok();
    }
    let radix = if text.len() > 1 && text.starts_with('0') { 8 } else { 10 };
    u32::from_str_radix(text, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<String> {
        Literal::parse(text).map(|literal| literal.ip.to_string())
    }

    #[test]
    fn every_spelling_of_inet_aton_is_an_address() {
        for text in ["127.0.0.1", "127.1", "127.0.1", "0x7f.1", "0X7F.0.0.1", "0177.1", "017700000001", "2130706433"] {
            assert_eq!(parse(text).as_deref(), Some("127.0.0.1"), "{text}");
        }
        assert_eq!(parse("0").as_deref(), Some("0.0.0.0"));
        assert_eq!(parse("255.255.255.255").as_deref(), Some("255.255.255.255"));
        assert_eq!(parse("4294967295").as_deref(), Some("255.255.255.255"));
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in [
            "",
            " ",
            ".",
            "1.",
            ".1",
            "1..2",
            "256.1.1.1",
            "1.2.3.256",
            "1.16777216",
            "1.2.65536",
            "4294967296",
            "1.2.3.4.5",
            "0x",
            "08",
            "+1",
            "-1",
            "1.2.3.4 ",
            " 1.2.3.4",
            "1.2.3.4\0",
            "localhost",
            "[::1]",
            "127.0.0.1%1",
            ":",
            "::1::",
            "%1",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn ipv6_has_a_scope_if_the_interface_exists() {
        assert_eq!(Literal::parse("fe80::1%7").map(|literal| literal.scope), Some(7));
        assert_eq!(Literal::parse("fe80::1%no-such-interface").map(|literal| literal.scope), Some(0));
        assert_eq!(Literal::parse("fe80::1%").map(|literal| literal.scope), Some(0));
        assert_eq!(parse("::ffff:127.0.0.1").as_deref(), Some("::ffff:127.0.0.1"));
    }
}
