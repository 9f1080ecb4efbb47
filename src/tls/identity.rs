//! What this side shows: certificate chains with their private keys.

use std::fmt;
use std::sync::{Arc, LazyLock};

use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, SignatureAlgorithm, SignatureScheme};

use super::certificate::Certificate;
use super::failure::{ContextError, ProtocolFailure};
use super::names::is_tls13;
use super::options::KeyAndChain;
use super::provider::provider;
use super::scope::with_current;

/// At most one certificate for each kind of key, in the order in which they are preferred.
#[derive(Default)]
pub(super) struct Identities(Vec<Arc<CertifiedKey>>);

impl Identities {
    /// Of several certificates with one kind of key the last is used, and EC is preferred over RSA: both as on Bun.
    pub(super) fn new(given: &[KeyAndChain]) -> Result<Self, ContextError> {
        let mut certified: Vec<Arc<CertifiedKey>> = Vec::new();
        for KeyAndChain { key, chain } in given {
            if chain.is_empty() {
                return Err(ContextError::EmptyChain);
            }
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_vec()));
            let key = provider()
                .key_provider
                .load_private_key(key)
                .map_err(|error| ContextError::UnsupportedKey(error.to_string()))?;
            // As BoringSSL, which finds out about RSA in the handshake only: such a key could have decrypted what TLS 1.2 and older sent.
            let may_sign = chain.first().and_then(Certificate::read).is_none_or(|leaf| leaf.may_sign_handshakes());
            if !may_sign && key.algorithm() != SignatureAlgorithm::RSA {
                return Err(ContextError::KeyUsage(ProtocolFailure::KEY_USAGE_BIT_INCORRECT.message()));
            }
            certified.retain(|other| other.key.algorithm() != key.algorithm());
            certified.push(Arc::new(CertifiedKey::new(chain.clone(), key)));
        }
        certified.sort_by_key(|certified| u8::from(certified.key.algorithm() == SignatureAlgorithm::RSA));
        Ok(Self(certified))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has_rsa(&self) -> bool {
        self.0.iter().any(|certified| certified.key.algorithm() == SignatureAlgorithm::RSA)
    }

    /// The certificate for a peer that takes `schemes`.
    fn choose(&self, schemes: &[SignatureScheme], usable: impl Fn(&CertifiedKey) -> bool) -> Option<Arc<CertifiedKey>> {
        let for_peer =
            |certified: &&Arc<CertifiedKey>| certified.key.choose_scheme(schemes).is_some() && usable(certified);
        self.0.iter().find(for_peer).or(self.0.last()).map(Arc::clone)
    }

    /// The leaf that `getCertificate()` shows: the preferred one.
    pub(super) fn leaf(&self) -> Option<&CertificateDer<'static>> {
        self.0.first().and_then(|certified| certified.cert.first())
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the keys.
        f.debug_tuple("Identities").field(&self.0.len()).finish()
    }
}

/// A server's choice among its certificates.
#[derive(Debug)]
pub(super) struct ServerIdentities {
    pub(super) identities: Arc<Identities>,
    /// Whether TLS 1.3, where every suite goes with every kind of key, can be negotiated at all.
    pub(super) tls13: bool,
}

impl ResolvesServerCert for ServerIdentities {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let tls13 = self.tls13 && hello.cipher_suites().iter().any(|suite| is_tls13(*suite));
        self.identities.choose(hello.signature_schemes(), |certified| {
            tls13 || hello.cipher_suites().iter().any(|suite| goes_with(*suite, certified.key.algorithm()))
        })
    }
}

fn goes_with(suite: CipherSuite, key: SignatureAlgorithm) -> bool {
    let ecdsa = matches!(
        suite,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
    );
    let rsa = matches!(
        suite,
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
            | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
    );
    if key == SignatureAlgorithm::RSA { rsa } else { ecdsa }
}

/// The one client-certificate resolver: it shows what the current connection has.
#[derive(Debug)]
pub(super) struct CurrentIdentities;

/// rustls compares resolvers by address before it resumes a session, so there is exactly one.
pub(super) static CURRENT_IDENTITIES: LazyLock<Arc<CurrentIdentities>> = LazyLock::new(|| Arc::new(CurrentIdentities));

impl ResolvesClientCert for CurrentIdentities {
    fn resolve(&self, _root_hint_subjects: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        with_current(|scope| {
            let identities = scope.identities.as_ref()?;
            identities.0.iter().find(|certified| certified.key.choose_scheme(schemes).is_some()).map(Arc::clone)
        })
        .flatten()
    }

    fn has_certs(&self) -> bool {
        true
    }
}
