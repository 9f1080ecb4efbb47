//! Texts and lists: addresses, and application protocols in the wire format.

use bun_sockets::address::{Literal, display};
use bun_sockets::tls::{Alpn, ClientContext, TlsOptions};

use super::parties::client_options;

/// An address that is read is shown as something that is read as the same; nothing panics.
pub(crate) fn run(bytes: &[u8]) {
    let [kind, rest @ ..] = bytes else { return };
    match kind % 3 {
        0 => address(&String::from_utf8_lossy(rest)),
        1 => protocols(rest),
        _ => {
            let ciphers = Some(String::from_utf8_lossy(rest).into_owned());
            drop(ClientContext::new(&TlsOptions { ciphers, ..client_options() }, None));
        }
    }
}

fn address(text: &str) {
    if let Some(literal) = Literal::parse(text) {
        assert_eq!(Literal::parse(&display(literal.with_port(1))), Some(literal), "{text}");
    }
}

fn protocols(wire: &[u8]) {
    match Alpn::from_wire(wire) {
        Alpn::None => assert!(wire.is_empty()),
        Alpn::Malformed => assert!(!wire.is_empty()),
        Alpn::Protocols(names) => {
            let again: Vec<u8> = names
                .iter()
                .flat_map(|name| [&[u8::try_from(name.len()).expect("at most 255")], name.as_slice()].concat())
                .collect();
            assert_eq!(again, wire);
        }
    }
}
