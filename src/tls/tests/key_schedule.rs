//! Our HKDF against the one of rustls' own provider.

use rustls::Tls13CipherSuite;
use rustls::crypto::aws_lc_rs::cipher_suite::{TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384};
use rustls::crypto::tls13::{Hkdf, HkdfExpander};

use crate::tls::key_schedule::{KeySchedule, SHA256, SHA384};

/// The pieces of an `HkdfLabel`, as rustls hands them over.
fn expand(expander: &dyn HkdfExpander, label: &[u8], context: &[u8]) -> Vec<u8> {
    let short = |length: usize| [u8::try_from(length).expect("a short text")];
    let length = u16::try_from(expander.hash_len()).expect("a hash is short").to_be_bytes();
    let (label_length, context_length) = (short(6 + label.len()), short(context.len()));
    expander.expand_block(&[&length, &label_length, b"tls13 ", label, &context_length, context]).as_ref().to_vec()
}

fn both(ours: &KeySchedule, theirs: &dyn Hkdf, derive: impl Fn(&dyn Hkdf) -> Vec<u8>) {
    assert_eq!(derive(ours), derive(theirs));
}

fn agree(ours: KeySchedule, suite: &Tls13CipherSuite) {
    let theirs = suite.hkdf_provider;
    let hash = |message| suite.common.hash_provider.hash(message).as_ref().to_vec();
    let (empty, other) = (hash(b""), hash(b"other"));
    // The first of these is what ours remembers, as in handshakes: the others must not get it.
    for _ in 0..2 {
        both(&ours, theirs, |hkdf| expand(&*hkdf.extract_from_zero_ikm(None), b"derived", &empty));
        both(&ours, theirs, |hkdf| expand(&*hkdf.extract_from_zero_ikm(None), b"derived", &other));
        both(&ours, theirs, |hkdf| expand(&*hkdf.extract_from_zero_ikm(None), b"derive", &empty));
        both(&ours, theirs, |hkdf| expand(&*hkdf.extract_from_zero_ikm(None), b"derived", &empty[1..]));
        both(&ours, theirs, |hkdf| {
            let mut output = vec![0; 17];
            hkdf.extract_from_zero_ikm(None).expand_slice(&[b"a ", b"slice"], &mut output).expect("not too long");
            output
        });
        both(&ours, theirs, |hkdf| hkdf.extract_from_zero_ikm(None).hash_len().to_be_bytes().to_vec());
        let salt = expand(&*theirs.extract_from_zero_ikm(None), b"derived", &empty);
        for salt in [None, Some(&*salt), Some(&*other), Some(&salt[1..]), Some(b"")] {
            both(&ours, theirs, |hkdf| expand(&*hkdf.extract_from_secret(salt, b"secret"), b"c hs traffic", &other));
            both(&ours, theirs, |hkdf| expand(&*hkdf.extract_from_zero_ikm(salt), b"c ap traffic", &other));
        }
    }
}

#[test]
fn what_is_derived_is_what_the_provider_derives() {
    let suites = [(SHA256, &TLS13_AES_128_GCM_SHA256), (SHA384, &TLS13_AES_256_GCM_SHA384)];
    for (ours, suite) in suites {
        agree(ours, suite.tls13().expect("a suite of TLS 1.3"));
    }
}
