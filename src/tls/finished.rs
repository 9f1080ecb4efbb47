//! The Finished messages of a handshake, which rustls does not tell.
//!
//! They are worked out by the key derivation functions of the cipher suite. So we hand rustls suites whose functions are
//! wrapped: they do what the provider's own do, and note the two results that `getTLSFinishedMessage()` and
//! `getTLSPeerFinishedMessage()` report. Differs from Bun (7): TLS 1.3 has them, too.

use std::sync::Arc;

use rustls::Error;
use rustls::crypto::ActiveKeyExchange;
use rustls::crypto::hmac::Tag;
use rustls::crypto::tls12::Prf;
use rustls::crypto::tls13::{Hkdf, HkdfExpander, OkmBlock, OutputLengthError};

use super::scope::with_current;

/// The verify data of both sides; empty until it is known.
#[derive(Default)]
pub(super) struct FinishedMessages {
    pub(super) client: Vec<u8>,
    pub(super) server: Vec<u8>,
    // TLS 1.3 reaches its Finished message in three steps that share nothing but the key bytes.
    client_secret: Option<Secret>,
    server_secret: Option<Secret>,
    client_key: Option<OkmBlock>,
    server_key: Option<OkmBlock>,
}

impl FinishedMessages {
    /// Whether a server with TLS 1.3 has all that it waits for, so that what it sends now are tickets.
    pub(super) fn is_server13_done(&self) -> bool {
        self.client_key.is_some() && !self.client.is_empty()
    }

    /// Forgets the secrets of the derivation; what is left is public once the handshake is over.
    pub(super) fn into_messages(self) -> (Vec<u8>, Vec<u8>) {
        (self.client, self.server)
    }
}

/// A handshake traffic secret. Its keys are derived from it first, and the key of the Finished message later.
struct Secret {
    okm: OkmBlock,
    prepared: Option<Arc<dyn HkdfExpander>>,
}

impl Secret {
    fn new(okm: OkmBlock) -> Self {
        Self { okm, prepared: None }
    }
}

/// The TLS 1.2 function.
pub(super) struct NotingPrf(pub(super) &'static dyn Prf);

impl Prf for NotingPrf {
    fn for_key_exchange(
        &self,
        output: &mut [u8; 48],
        kx: Box<dyn ActiveKeyExchange>,
        peer_pub_key: &[u8],
        label: &[u8],
        seed: &[u8],
    ) -> Result<(), Error> {
        self.0.for_key_exchange(output, kx, peer_pub_key, label, seed)
    }

    fn for_secret(&self, output: &mut [u8], secret: &[u8], label: &[u8], seed: &[u8]) {
        self.0.for_secret(output, secret, label, seed);
        match label {
            b"client finished" => with_current(|scope| scope.finished.client = output.to_vec()),
            b"server finished" => with_current(|scope| scope.finished.server = output.to_vec()),
            _ => None,
        };
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

/// The TLS 1.3 functions. The way to a Finished message is: handshake traffic secret, "finished" key, HMAC.
pub(super) struct NotingHkdf(pub(super) &'static dyn Hkdf);

impl Hkdf for NotingHkdf {
    fn extract_from_zero_ikm(&self, salt: Option<&[u8]>) -> Box<dyn HkdfExpander> {
        Box::new(NotingExpander { inner: self.0.extract_from_zero_ikm(salt).into(), side: None })
    }

    fn extract_from_secret(&self, salt: Option<&[u8]>, secret: &[u8]) -> Box<dyn HkdfExpander> {
        Box::new(NotingExpander { inner: self.0.extract_from_secret(salt, secret).into(), side: None })
    }

    fn extract_from_kx_shared_secret(
        &self,
        salt: Option<&[u8]>,
        kx: Box<dyn ActiveKeyExchange>,
        peer_pub_key: &[u8],
    ) -> Result<Box<dyn HkdfExpander>, Error> {
        let inner = self.0.extract_from_kx_shared_secret(salt, kx, peer_pub_key)?;
        Ok(Box::new(NotingExpander { inner: inner.into(), side: None }))
    }

    fn expander_for_okm(&self, okm: &OkmBlock) -> Box<dyn HkdfExpander> {
        let prepare = || Arc::<dyn HkdfExpander>::from(self.0.expander_for_okm(okm));
        let known = with_current(|scope| {
            let FinishedMessages { client_secret, server_secret, .. } = &mut scope.finished;
            let sides = [(client_secret, Side::Client), (server_secret, Side::Server)];
            sides.into_iter().find_map(|(secret, side)| {
                let secret = secret.as_mut().filter(|secret| same(Some(&secret.okm), okm))?;
                Some((Arc::clone(secret.prepared.get_or_insert_with(prepare)), side))
            })
        });
        Box::new(match known.flatten() {
            Some((inner, side)) => NotingExpander { inner, side: Some(side) },
            None => NotingExpander { inner: prepare(), side: None },
        })
    }

    fn hmac_sign(&self, key: &OkmBlock, message: &[u8]) -> Tag {
        let tag = self.0.hmac_sign(key, message);
        with_current(|scope| {
            let finished = &mut scope.finished;
            if same(finished.client_key.as_ref(), key) {
                finished.client = tag.as_ref().to_vec();
            } else if same(finished.server_key.as_ref(), key) {
                finished.server = tag.as_ref().to_vec();
            }
        });
        tag
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

#[derive(Clone, Copy)]
enum Side {
    Client,
    Server,
}

struct NotingExpander {
    inner: Arc<dyn HkdfExpander>,
    /// Set when this expands a handshake traffic secret.
    side: Option<Side>,
}

impl HkdfExpander for NotingExpander {
    fn expand_slice(&self, info: &[&[u8]], output: &mut [u8]) -> Result<(), OutputLengthError> {
        self.inner.expand_slice(info, output)
    }

    fn expand_block(&self, info: &[&[u8]]) -> OkmBlock {
        let block = self.inner.expand_block(info);
        match (label_of(info), self.side) {
            (b"c hs traffic", _) => {
                with_current(|scope| scope.finished.client_secret = Some(Secret::new(block.clone())))
            }
            (b"s hs traffic", _) => {
                with_current(|scope| scope.finished.server_secret = Some(Secret::new(block.clone())))
            }
            (b"finished", Some(Side::Client)) => with_current(|scope| scope.finished.client_key = Some(block.clone())),
            (b"finished", Some(Side::Server)) => with_current(|scope| scope.finished.server_key = Some(block.clone())),
            _ => None,
        };
        block
    }

    fn hash_len(&self) -> usize {
        self.inner.hash_len()
    }
}

/// The label in the pieces of an `HkdfLabel` as rustls hands them over: length, label length, "tls13 ", label, context.
fn label_of<'a>(info: &[&'a [u8]]) -> &'a [u8] {
    match info {
        [_, _, b"tls13 ", label, ..] => label,
        _ => b"",
    }
}

fn same(known: Option<&OkmBlock>, other: &OkmBlock) -> bool {
    known.is_some_and(|known| known.as_ref() == other.as_ref())
}
