//! Opening records of application data without the detour through rustls' buffers.
//!
//! rustls' buffered connection copies each received byte four times and moves what is behind a record to the front of its
//! buffer; its unbuffered connection cannot take over from tokio-rustls, and copies, too. So the suites that rustls is
//! handed make decrypters that the [`super::Session`] can use as well: it opens records of application data where they were
//! received, with the keys that rustls has set up. Everything else goes through rustls as ever: alerts, tickets, key updates,
//! what cannot be opened, and the answers to all of it.
//!
//! With TLS 1.3 the content is put straight to where it is wanted, which rustls' decrypters cannot do.
//!
//! What a record says is known only after it was opened. One that turns out to be rustls' business is handed over as it is
//! then, and rustls, which asks the same decrypter, is told what was found.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::aead::{Aad, Algorithm, LessSafeKey, Nonce as OneNonce, UnboundKey};
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter, MessageEncrypter, Nonce,
    Tls12AeadAlgorithm, Tls13AeadAlgorithm, UnsupportedOperationError, make_tls13_aad,
};
use rustls::{ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion};

use super::scope::with_current;

/// Every suite's tag has this length.
const TAG: usize = 16;

/// One direction's keys, in use by rustls and by a session. The session owns the connection, so the lock is never waited for.
#[derive(Clone)]
pub(super) struct Opener {
    keys: Arc<Mutex<Keys>>,
    overhead: usize,
}

struct Keys {
    decrypter: Decrypter,
    /// The number of the next record. rustls counts only those that it has seen.
    sequence: u64,
    /// What came of the record that rustls gets next.
    found: Option<Result<Found, Error>>,
}

enum Decrypter {
    /// rustls' own.
    InPlace(Box<dyn MessageDecrypter>),
    /// That of TLS 1.3, which differs from rustls' in that it can put the content elsewhere.
    Tls13(Decrypter13),
}

/// The content of a record that is already open.
struct Found {
    kind: ContentType,
    version: ProtocolVersion,
    /// Where in the record's payload it is.
    content: Range<usize>,
    /// Whether it is not there, but at the beginning of the memory that it was to be put into.
    is_elsewhere: bool,
}

impl Opener {
    fn new(decrypter: Decrypter, overhead: usize) -> Self {
        Self { keys: Arc::new(Mutex::new(Keys { decrypter, sequence: 0, found: None })), overhead }
    }

    /// By how much the payload of a record is longer than the data in it, without padding.
    pub(super) fn overhead(&self) -> usize {
        self.overhead
    }

    /// Opens the payload of a record whose header says application data, and puts the data into `into`. `None`: it is no data,
    /// or none that is good, or there is no room for it, and the record must be given to rustls next.
    ///
    /// What is behind the data in `into` is not what it was before.
    pub(super) fn open(&self, payload: &mut [u8], into: &mut [u8]) -> Option<usize> {
        let mut keys = self.lock();
        let sequence = keys.sequence;
        let opened = match &mut keys.decrypter {
            Decrypter::Tls13(decrypter) if payload.len() <= into.len() + TAG => decrypter.open(payload, sequence, into),
            decrypter => open_in_place(decrypter, payload, sequence),
        };
        keys.found = Some(opened);
        let Some(Ok(Found { kind: ContentType::ApplicationData, content, is_elsewhere, .. })) = &keys.found else {
            return None;
        };
        let count = content.len();
        if count == 0 || count > into.len() {
            return None;
        }
        if !is_elsewhere {
            into[..count].copy_from_slice(&payload[content.clone()]);
        }
        keys.found = None;
        keys.sequence += 1;
        Some(count)
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
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
            Some(Ok(Found { kind, version, content, .. })) => {
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

impl MessageDecrypter for Decrypter13 {
    fn decrypt<'a>(
        &mut self,
        mut record: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let aad = Aad::from(make_tls13_aad(record.payload.len()));
        let opened = self.key.open_in_place(self.nonce(sequence), aad, &mut record.payload);
        let length = opened.map_err(|_| Error::DecryptError)?.len();
        record.payload.truncate(length);
        record.into_tls13_unpadded_message()
    }
}

impl MessageDecrypter for Decrypter {
    fn decrypt<'a>(
        &mut self,
        record: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        match self {
            Self::InPlace(decrypter) => decrypter.decrypt(record, sequence),
            Self::Tls13(decrypter) => decrypter.decrypt(record, sequence),
        }
    }
}

/// Opens a record where it is.
fn open_in_place(decrypter: &mut Decrypter, payload: &mut [u8], sequence: u64) -> Result<Found, Error> {
    let start = payload.as_ptr().addr();
    let record = InboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, payload);
    let InboundPlainMessage { typ: kind, version, payload } = decrypter.decrypt(record, sequence)?;
    let start = payload.as_ptr().addr() - start;
    Ok(Found { kind, version, content: start..start + payload.len(), is_elsewhere: false })
}

/// The keys of TLS 1.3.
struct Decrypter13 {
    key: LessSafeKey,
    iv: Iv,
}

impl Decrypter13 {
    fn new(algorithm: &'static Algorithm, key: &AeadKey, iv: &Iv) -> Option<Self> {
        let key = UnboundKey::new(algorithm, key.as_ref()).ok()?;
        let mut copy = [0; 12];
        copy.copy_from_slice(iv.as_ref());
        Some(Self { key: LessSafeKey::new(key), iv: Iv::from(copy) })
    }

    /// Opens a record into `into`. What is no application data is put back, for rustls.
    fn open(&mut self, payload: &mut [u8], sequence: u64, into: &mut [u8]) -> Result<Found, Error> {
        let length = payload.len().checked_sub(TAG).ok_or(Error::DecryptError)?;
        let (sealed, tag) = payload.split_at(length);
        let into = &mut into[..length];
        let aad = Aad::from(make_tls13_aad(payload.len()));
        let opened = self.key.open_separate_gather(self.nonce(sequence), aad, sealed, tag, into);
        let found = opened.map_err(|_| Error::DecryptError).and_then(|()| {
            let record = InboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, &mut *into);
            let InboundPlainMessage { typ: kind, version, payload } = record.into_tls13_unpadded_message()?;
            let is_elsewhere = kind == ContentType::ApplicationData && !payload.is_empty();
            Ok(Found { kind, version, content: 0..payload.len(), is_elsewhere })
        });
        match &found {
            Ok(Found { is_elsewhere: true, .. }) => {}
            Ok(Found { content, .. }) => payload[content.clone()].copy_from_slice(&into[content.clone()]),
            // What nobody has vouched for is not left lying about.
            Err(_) => into.fill(0),
        }
        found
    }

    fn nonce(&self, sequence: u64) -> OneNonce {
        OneNonce::assume_unique_for_key(Nonce::new(&self.iv, sequence).0)
    }
}
/// Makes a decrypter and leaves it in the scope for the session.
fn shared(decrypter: Decrypter, overhead: usize) -> Box<dyn MessageDecrypter> {
    let opener = Opener::new(decrypter, overhead);
    with_current(|scope| scope.opener = Some(opener.clone()));
    Box::new(opener)
}

/// The algorithm of a TLS 1.3 suite: rustls', and what it is made of.
pub(super) struct Opening13(pub(super) &'static dyn Tls13AeadAlgorithm, pub(super) &'static Algorithm);

impl Tls13AeadAlgorithm for Opening13 {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        self.0.encrypter(key, iv)
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        let decrypter = match Decrypter13::new(self.1, &key, &iv) {
            Some(decrypter) => Decrypter::Tls13(decrypter),
            None => Decrypter::InPlace(self.0.decrypter(key, iv)),
        };
        // The tag, and the type of the content.
        shared(decrypter, TAG + 1)
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
        // The tag, and the nonce's own part, which only AES-GCM has.
        shared(Decrypter::InPlace(self.0.decrypter(key, iv)), TAG + self.0.key_block_shape().explicit_nonce_len)
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
