//! TLS options after the JavaScript side has parsed them: DER, numbers and names.

use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use rustls::{CipherSuite, SupportedCipherSuite};
use webpki::{CertRevocationList, OwnedCertRevocationList};
use zeroize::Zeroizing;

use super::failure::ContextError;
use super::names::{openssl_name, tls12_suites_of_keyword};
use super::provider::provider;

/// One entry of the `tls` option.
#[derive(Debug, Default, Clone)]
pub struct TlsOptions {
    /// Certificates with their keys. Empty: a client that shows none, or a server whose handshakes all fail.
    pub identities: Vec<KeyAndChain>,
    /// What is trusted in place of the built-in roots.
    pub ca: Option<Vec<CertificateDer<'static>>>,
    /// Whether each certificate of `ca` is as good as a root, one that has another issuer included.
    pub partial_chains: bool,
    /// Revocation lists, DER. When there is any, every certificate below the root needs one.
    pub crls: Vec<CertificateRevocationListDer<'static>>,
    /// A client's SNI and expected name; in a server with several entries, the name that chooses this one.
    pub server_name: Option<String>,
    /// Whether an untrusted peer is refused.
    pub reject_unauthorized: bool,
    /// Whether a server asks for a certificate.
    pub request_cert: bool,
    /// The application protocols.
    pub alpn: Alpn,
    /// OpenSSL's cipher list. It concerns TLS 1.2 only; `None` and `""` mean all.
    pub ciphers: Option<String>,
    /// The numbers of the groups for key exchanges, in order of preference; those that there is no code for are passed over. `None`: all.
    pub groups: Option<Vec<u16>>,
    /// Which versions may be negotiated.
    pub versions: Versions,
    /// The bits of `secureOptions`.
    pub secure_options: SecureOptions,
}

/// A private key and its certificate chain.
#[derive(Clone)]
pub struct KeyAndChain {
    /// PKCS#8, DER.
    pub key: Zeroizing<Vec<u8>>,
    /// Leaf first.
    pub chain: Vec<CertificateDer<'static>>,
}

impl std::fmt::Debug for KeyAndChain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyAndChain").field("chain", &self.chain.len()).finish_non_exhaustive()
    }
}

/// Application protocols, in order of preference.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Alpn {
    /// No negotiation.
    #[default]
    None,
    /// These.
    Protocols(Vec<Vec<u8>>),
    /// A list that is not in the wire format. As on Bun a client then offers nothing, and a server refuses every offer.
    Malformed,
}

impl Alpn {
    /// Reads the wire format: each name preceded by its length.
    #[must_use]
    pub fn from_wire(mut wire: &[u8]) -> Self {
        let mut protocols = Vec::new();
        while let Some((length, rest)) = wire.split_first() {
            match rest.split_at_checked(usize::from(*length)) {
                Some((name, rest)) if !name.is_empty() => {
                    protocols.push(name.to_vec());
                    wire = rest;
                }
                _ => return Self::Malformed,
            }
        }
        if protocols.is_empty() { Self::None } else { Self::Protocols(protocols) }
    }

    pub(super) fn of_client(&self) -> Vec<Vec<u8>> {
        match self {
            Self::Protocols(protocols) => protocols.clone(),
            Self::None | Self::Malformed => Vec::new(),
        }
    }

    pub(super) fn of_server(&self) -> Vec<Vec<u8>> {
        match self {
            Self::Protocols(protocols) => protocols.clone(),
            Self::None => Vec::new(),
            // The empty name cannot be offered on the wire: an offer is met and never matched.
            Self::Malformed => vec![Vec::new()],
        }
    }
}

/// Versions as numbers of the protocol: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// The lowest; `None` means 1.2, and so does anything below, for which rustls has no code.
    pub minimum: Option<u16>,
    /// The highest; `None` means 1.3.
    pub maximum: Option<u16>,
}

impl Versions {
    const TLS12: u16 = 0x0303;
    const TLS13: u16 = 0x0304;

    fn allows(self, version: u16) -> bool {
        // 0 is "no limit" in OpenSSL.
        self.minimum.is_none_or(|minimum| minimum == 0 || minimum <= version)
            && self.maximum.is_none_or(|maximum| maximum == 0 || maximum >= version)
    }
}

/// The bits of `secureOptions` that have a meaning here; the others are accepted and do nothing.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct SecureOptions(pub u32);

/// OpenSSL's values of the bits, as in `node:crypto`'s constants.
pub const SECURE_OPTIONS: [(&str, u32); 4] = [
    ("SSL_OP_NO_TICKET", 1 << 14),
    ("SSL_OP_CIPHER_SERVER_PREFERENCE", 1 << 22),
    ("SSL_OP_NO_TLSv1_2", 1 << 27),
    ("SSL_OP_NO_TLSv1_3", 1 << 29),
];

impl SecureOptions {
    pub(super) fn no_ticket(self) -> bool {
        self.has(0)
    }

    pub(super) fn server_preference(self) -> bool {
        self.has(1)
    }

    fn has(self, index: usize) -> bool {
        self.0 & SECURE_OPTIONS[index].1 != 0
    }
}

impl TlsOptions {
    pub(super) fn allows_tls12(&self) -> bool {
        self.versions.allows(Versions::TLS12) && !self.secure_options.has(2)
    }

    pub(super) fn allows_tls13(&self) -> bool {
        self.versions.allows(Versions::TLS13) && !self.secure_options.has(3)
    }

    /// The suites in order of preference.
    pub(super) fn suites(&self) -> Result<Vec<SupportedCipherSuite>, ContextError> {
        // Suites of versions that are ruled out would only mislead the peer.
        let (tls12, tls13) = (self.allows_tls12(), self.allows_tls13());
        let all = provider()
            .cipher_suites
            .iter()
            .copied()
            .filter(|suite| if suite.tls13().is_some() { tls13 } else { tls12 });
        match self.ciphers.as_deref().map(str::trim) {
            None | Some("") => Ok(all.collect()),
            Some(list) => {
                let chosen = parse_ciphers(list)?;
                let tls13 = all.clone().filter(|suite| suite.tls13().is_some());
                let tls12 = chosen.iter().filter_map(|wanted| all.clone().find(|suite| suite.suite() == *wanted));
                Ok(tls13.chain(tls12).collect())
            }
        }
    }

    /// The revocation lists, parsed.
    pub(super) fn revocation_lists(&self) -> Result<Vec<CertRevocationList<'static>>, ContextError> {
        let parse = |list: &CertificateRevocationListDer<'_>| {
            OwnedCertRevocationList::from_der(list).map(CertRevocationList::Owned).map_err(|_| ContextError::InvalidCrl)
        };
        self.crls.iter().map(parse).collect()
    }
}

/// OpenSSL's cipher list: names and groups, with `!` (never), `-` (take away), `+` (move to the end). Unknown names are passed
/// over, as OpenSSL does; what counts is that a suite of TLS 1.2 is left.
fn parse_ciphers(list: &str) -> Result<Vec<CipherSuite>, ContextError> {
    let mut chosen: Vec<CipherSuite> = Vec::new();
    let mut banned: Vec<CipherSuite> = Vec::new();
    let available: Vec<CipherSuite> = provider()
        .cipher_suites
        .iter()
        .filter(|suite| suite.tls13().is_none())
        .map(SupportedCipherSuite::suite)
        .collect();
    for word in list.split([':', ',', ' ', ';']).filter(|word| !word.is_empty()) {
        let (operator, word) = match word.split_at_checked(1) {
            Some((operator @ ("!" | "-" | "+"), word)) => (operator, word),
            Some(("@", _)) => continue,
            _ => ("", word),
        };
        // "ECDHE+AESGCM" means both.
        let meant: Vec<CipherSuite> = available
            .iter()
            .copied()
            .filter(|suite| {
                word.split('+')
                    .all(|part| openssl_name(*suite) == part || tls12_suites_of_keyword(part).contains(suite))
            })
            .collect();
        match operator {
            "!" => {
                chosen.retain(|suite| !meant.contains(suite));
                banned.extend(meant);
            }
            "-" => chosen.retain(|suite| !meant.contains(suite)),
            "+" => {
                let moved: Vec<CipherSuite> = chosen.iter().copied().filter(|suite| meant.contains(suite)).collect();
                chosen.retain(|suite| !meant.contains(suite));
                chosen.extend(moved);
            }
            _ => {
                for suite in meant {
                    if !chosen.contains(&suite) && !banned.contains(&suite) {
                        chosen.push(suite);
                    }
                }
            }
        }
    }
    if chosen.is_empty() { Err(ContextError::InvalidCiphers) } else { Ok(chosen) }
}
