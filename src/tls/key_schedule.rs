//! HKDF for the key schedule of TLS 1.3, with keys that are prepared once, and its beginning once for all.
//!
//! The key schedule derives three or four things from each of its secrets. aws-lc's HKDF prepares the secret anew for each of
//! them, which is half of the work; [`HkdfUsingHmac`] of rustls keeps it prepared.
//!
//! Without a pre-shared key its first steps have nothing to do with the connection (RFC 8446, section 7.1): zeroes are extracted, and
//! from what comes of it one thing is derived, as the salt of the next extraction.

use std::sync::OnceLock;

use aws_lc_rs::hmac::{Algorithm, Context, HMAC_SHA256, HMAC_SHA384, Key as PreparedKey, sign};
use rustls::crypto::hmac::{Hmac, Key, Tag};
use rustls::crypto::tls13::{Hkdf, HkdfExpander, HkdfUsingHmac, OkmBlock, OutputLengthError};

/// HKDF with SHA-256.
pub(super) static SHA256: KeySchedule = KeySchedule { hmac: &Prepared(HMAC_SHA256), beginning: &BEGINNING_SHA256 };
/// HKDF with SHA-384.
pub(super) static SHA384: KeySchedule = KeySchedule { hmac: &Prepared(HMAC_SHA384), beginning: &BEGINNING_SHA384 };

static BEGINNING_SHA256: OnceLock<Beginning> = OnceLock::new();
static BEGINNING_SHA384: OnceLock<Beginning> = OnceLock::new();

#[derive(Clone, Copy)]
pub(super) struct KeySchedule {
    hmac: &'static Prepared,
    beginning: &'static OnceLock<Beginning>,
}

/// What the first thing that was derived from no secret is, which is the only one.
struct Beginning {
    info: Vec<u8>,
    salt: OkmBlock,
    /// The salt as a key.
    key: PreparedKey,
}

impl KeySchedule {
    fn hkdf(self) -> HkdfUsingHmac<'static> {
        HkdfUsingHmac(self.hmac)
    }
}

impl Hkdf for KeySchedule {
    fn extract_from_zero_ikm(&self, salt: Option<&[u8]>) -> Box<dyn HkdfExpander> {
        match salt {
            None => Box::new(NoSecret(*self)),
            Some(_) => self.hkdf().extract_from_zero_ikm(salt),
        }
    }

    fn extract_from_secret(&self, salt: Option<&[u8]>, secret: &[u8]) -> Box<dyn HkdfExpander> {
        match (self.beginning.get(), salt) {
            (Some(beginning), Some(salt)) if salt == beginning.salt.as_ref() => {
                self.expander_for_okm(&OkmBlock::new(sign(&beginning.key, secret).as_ref()))
            }
            _ => self.hkdf().extract_from_secret(salt, secret),
        }
    }

    fn expander_for_okm(&self, okm: &OkmBlock) -> Box<dyn HkdfExpander> {
        self.hkdf().expander_for_okm(okm)
    }

    fn hmac_sign(&self, key: &OkmBlock, message: &[u8]) -> Tag {
        self.hkdf().hmac_sign(key, message)
    }
}

/// What is extracted from zeroes without a salt.
struct NoSecret(KeySchedule);

impl NoSecret {
    fn expander(&self) -> Box<dyn HkdfExpander> {
        self.0.hkdf().extract_from_zero_ikm(None)
    }
}

impl HkdfExpander for NoSecret {
    fn expand_slice(&self, info: &[&[u8]], output: &mut [u8]) -> Result<(), OutputLengthError> {
        self.expander().expand_slice(info, output)
    }

    fn expand_block(&self, info: &[&[u8]]) -> OkmBlock {
        let beginning = self.0.beginning.get_or_init(|| {
            let salt = self.expander().expand_block(info);
            let key = PreparedKey::new(self.0.hmac.0, salt.as_ref());
            Beginning { info: info.concat(), salt, key }
        });
        if info.iter().copied().flatten().eq(&beginning.info) {
            beginning.salt.clone()
        } else {
            self.expander().expand_block(info)
        }
    }

    fn hash_len(&self) -> usize {
        self.0.hmac.hash_output_len()
    }
}

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
