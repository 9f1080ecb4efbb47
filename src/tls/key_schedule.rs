//! HMAC for the key schedule of TLS 1.3, with keys that are prepared once.
//!
//! The key schedule derives three or four things from each of its secrets. aws-lc's HKDF prepares the secret anew for each of
//! them, which is half of the work; [`HkdfUsingHmac`] of rustls keeps it prepared.

use aws_lc_rs::hmac::{Algorithm, Context, HMAC_SHA256, HMAC_SHA384, Key as PreparedKey};
use rustls::crypto::hmac::{Hmac, Key, Tag};
use rustls::crypto::tls13::HkdfUsingHmac;

/// HKDF with SHA-256.
pub(super) static SHA256: HkdfUsingHmac<'static> = HkdfUsingHmac(&Prepared(HMAC_SHA256));
/// HKDF with SHA-384.
pub(super) static SHA384: HkdfUsingHmac<'static> = HkdfUsingHmac(&Prepared(HMAC_SHA384));

struct Prepared(Algorithm);

impl Hmac for Prepared {
    fn with_key(&self, key: &[u8]) -> Box<dyn Key> {
        Box::new(PreparedHmac(PreparedKey::new(self.0, key)))
    }

    fn hash_output_len(&self) -> usize {
        self.0.digest_algorithm().output_len()
    }
}

struct PreparedHmac(PreparedKey);

impl Key for PreparedHmac {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> Tag {
        let mut context = Context::with_key(&self.0);
        context.update(first);
        for piece in middle {
            context.update(piece);
        }
        context.update(last);
        Tag::new(context.sign().as_ref())
    }

    fn tag_len(&self) -> usize {
        self.0.algorithm().digest_algorithm().output_len()
    }
}
