//! Opening records of application data without the detour through rustls' buffers.
//!
//! rustls' buffered connection copies each received byte four times and moves what is behind a record to the front of its
//! buffer; its unbuffered connection cannot take over from tokio-rustls, and copies, too. So the suites that rustls is
//! handed make decrypters that the [`super::Session`] can use as well: it opens records of application data where they were
//! received, with the keys that rustls has set up. Everything else goes through rustls as ever: alerts, tickets, key updates,
//! what cannot be opened, and the answers to all of it.
//!
//! What a record says is known only after it was opened. One that turns out to be rustls' business is handed over as it is
//! then, and rustls, which asks the same decrypter, is told what was found.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter, MessageEncrypter,
    Tls12AeadAlgorithm, Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::{ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion};

use super::scope::with_current;

/// One direction's keys, in use by rustls and by a session. The session owns the connection, so the lock is never waited for.
#[derive(Clone)]
pub(super) struct Opener(Arc<Mutex<Keys>>);

struct Keys {
    decrypter: Box<dyn MessageDecrypter>,
    /// The number of the next record. rustls counts only those that it has seen.
    sequence: u64,
    /// What came of the record that rustls gets next.
    found: Option<Result<Found, Error>>,
}

/// The content of a record that is already open.
struct Found {
    kind: ContentType,
    version: ProtocolVersion,
    content: Range<usize>,
}

impl Opener {
    fn new(decrypter: Box<dyn MessageDecrypter>) -> Self {
        Self(Arc::new(Mutex::new(Keys { decrypter, sequence: 0, found: None })))
    }

    /// Opens the payload of a record whose header says application data, and copies the data to `into`. `None`: it is no
    /// data, or none that is good, and the record must be given to rustls next.
    pub(super) fn open(&self, payload: &mut [u8], into: &mut [u8]) -> Option<usize> {
        let start = payload.as_ptr().addr();
        let mut keys = self.lock();
        let sequence = keys.sequence;
        let record = InboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, payload);
        keys.found = Some(match keys.decrypter.decrypt(record, sequence) {
            Ok(InboundPlainMessage { typ: ContentType::ApplicationData, payload, .. }) if !payload.is_empty() => {
                keys.sequence += 1;
                into[..payload.len()].copy_from_slice(payload);
                return Some(payload.len());
            }
            Ok(InboundPlainMessage { typ: kind, version, payload }) => {
                let start = payload.as_ptr().addr() - start;
                Ok(Found { kind, version, content: start..start + payload.len() })
            }
            Err(error) => Err(error),
        });
        None
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opener")
    }
}

impl MessageDecrypter for Opener {
    fn decrypt<'a>(
        &mut self,
        mut record: InboundOpaqueMessage<'a>,
        _sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let mut keys = self.lock();
        let sequence = keys.sequence;
        let opened = match keys.found.take() {
            Some(Ok(Found { kind, version, content })) => {
                record.typ = kind;
                record.version = version;
                Ok(record.into_plain_message_range(content))
            }
            Some(Err(error)) => Err(error),
            None => keys.decrypter.decrypt(record, sequence),
        };
        if opened.is_ok() {
            keys.sequence += 1;
        }
        opened
    }
}

/// Makes a decrypter and leaves it in the scope for the session.
fn shared(decrypter: Box<dyn MessageDecrypter>) -> Box<dyn MessageDecrypter> {
    let opener = Opener::new(decrypter);
    with_current(|scope| scope.opener = Some(opener.clone()));
    Box::new(opener)
}

/// The algorithm of a TLS 1.3 suite.
pub(super) struct Opening13(pub(super) &'static dyn Tls13AeadAlgorithm);

impl Tls13AeadAlgorithm for Opening13 {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        self.0.encrypter(key, iv)
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        shared(self.0.decrypter(key, iv))
    }

    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn extract_keys(&self, key: AeadKey, iv: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv)
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

/// The algorithm of a TLS 1.2 suite.
pub(super) struct Opening12(pub(super) &'static dyn Tls12AeadAlgorithm);

impl Tls12AeadAlgorithm for Opening12 {
    fn encrypter(&self, key: AeadKey, iv: &[u8], extra: &[u8]) -> Box<dyn MessageEncrypter> {
        self.0.encrypter(key, iv, extra)
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        shared(self.0.decrypter(key, iv))
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        self.0.key_block_shape()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: &[u8],
        explicit: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv, explicit)
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}
