//! What can go wrong, in the terms that Bun reports it in.

use std::io;

use thiserror::Error;

/// Options that no TLS context can be made of.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ContextError {
    /// The private key is of a kind or size that aws-lc-rs does not sign with (RSA below 2,048 bits, DSA, secp256k1).
    #[error("unsupported private key: {0}")]
    UnsupportedKey(String),
    /// A key came without a certificate chain, or the reverse was asked of us.
    #[error("a private key needs a certificate")]
    EmptyChain,
    /// A certificate says that its key is not for what TLS does with it.
    #[error("{0}")]
    KeyUsage(String),
    /// A certificate in `ca` cannot be a trust anchor.
    #[error("Invalid CA")]
    InvalidCa,
    /// The revocation list cannot be used.
    #[error("Failed to parse CRL")]
    InvalidCrl,
    /// No cipher suite is left, or the list cannot be read.
    #[error("Invalid ciphers")]
    InvalidCiphers,
    /// A listener was given an empty list of entries.
    #[error("no TLS options")]
    NoEntries,
    /// The system gave no random bytes.
    #[error("no random bytes")]
    NoRandom,
}

/// A failure of the protocol, as BoringSSL would name it. Its `code` in JavaScript is `EPROTO`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtocolFailure {
    /// BoringSSL's number of the reason.
    pub number: u16,
    /// BoringSSL's name of the reason, for instance `TLSV1_ALERT_UNKNOWN_CA`.
    pub reason: &'static str,
}

impl ProtocolFailure {
    pub(super) const EXCESSIVE_MESSAGE_SIZE: Self = Self::new(148, "EXCESSIVE_MESSAGE_SIZE");
    pub(super) const HTTPS_PROXY_REQUEST: Self = Self::new(155, "HTTPS_PROXY_REQUEST");
    pub(super) const HTTP_REQUEST: Self = Self::new(156, "HTTP_REQUEST");
    pub(super) const CONNECTION_REJECTED: Self = Self::new(133, "CONNECTION_REJECTED");
    pub(super) const KEY_USAGE_BIT_INCORRECT: Self = Self::new(302, "KEY_USAGE_BIT_INCORRECT");
    pub(super) const NO_APPLICATION_PROTOCOL: Self = Self::new(307, "NO_APPLICATION_PROTOCOL");
    pub(super) const NO_CERTIFICATE_SET: Self = Self::new(174, "NO_CERTIFICATE_SET");
    pub(super) const NO_SUPPORTED_VERSIONS_ENABLED: Self = Self::new(280, "NO_SUPPORTED_VERSIONS_ENABLED");
    pub(super) const UNSUPPORTED_PROTOCOL: Self = Self::new(240, "UNSUPPORTED_PROTOCOL");
    pub(super) const WRONG_VERSION_NUMBER: Self = Self::new(247, "WRONG_VERSION_NUMBER");

    pub(super) const fn new(number: u16, reason: &'static str) -> Self {
        Self { number, reason }
    }

    /// The text of the error, in BoringSSL's form.
    #[must_use]
    pub fn message(&self) -> String {
        format!("error:{:08x}:SSL routines:OPENSSL_internal:{}", 0x1000_0000 + u32::from(self.number), self.reason)
    }
}

/// Why a certificate is not trusted, as OpenSSL names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateProblem {
    /// The leaf's issuer is not known.
    UnableToVerifyLeafSignature,
    /// The issuer of an intermediate is not known.
    UnableToGetIssuerCertLocally,
    /// The leaf is its own issuer, and not trusted.
    DepthZeroSelfSigned,
    /// The chain ends in a root that is not trusted.
    SelfSignedInChain,
    /// A certificate of the chain is too old.
    HasExpired,
    /// A certificate of the chain is not valid yet.
    NotYetValid,
    /// A certificate of the chain is on a revocation list.
    Revoked,
    /// A revocation list is missing for a certificate of the chain.
    UnableToGetCrl,
    /// A revocation list is out of date.
    CrlHasExpired,
    /// A signature in the chain is wrong.
    SignatureFailure,
    /// A revocation list's signature is wrong.
    CrlSignatureFailure,
    /// A certificate may not be used for this purpose.
    InvalidPurpose,
    /// The chain is longer than an issuer in it allows.
    PathLengthExceeded,
    /// The chain is too long or too costly to check.
    ChainTooLong,
    /// The chain is good, but for another name.
    NameMismatch,
    /// The peer sent no certificate. What OpenSSL answers before there is a result, too.
    UnableToGetIssuerCert,
    /// The root has an extension that must be understood, and is not.
    UnhandledCriticalExtension,
    /// Anything else: malformed, unsupported, outside the issuer's constraints.
    Rejected,
}

impl CertificateProblem {
    /// The `code` of the JavaScript error.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.names().0
    }

    /// The text of the JavaScript error. That of [`Self::NameMismatch`] is completed by the JavaScript side, which knows the
    /// names.
    #[must_use]
    pub fn message(self) -> &'static str {
        self.names().1
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::UnableToVerifyLeafSignature => {
                ("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate")
            }
            Self::UnableToGetIssuerCertLocally => {
                ("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "unable to get local issuer certificate")
            }
            Self::DepthZeroSelfSigned => ("DEPTH_ZERO_SELF_SIGNED_CERT", "self signed certificate"),
            Self::SelfSignedInChain => ("SELF_SIGNED_CERT_IN_CHAIN", "self signed certificate in certificate chain"),
            Self::HasExpired => ("CERT_HAS_EXPIRED", "certificate has expired"),
            Self::NotYetValid => ("CERT_NOT_YET_VALID", "certificate is not yet valid"),
            Self::Revoked => ("CERT_REVOKED", "certificate revoked"),
            Self::UnableToGetCrl => ("UNABLE_TO_GET_CRL", "unable to get certificate CRL"),
            Self::CrlHasExpired => ("CRL_HAS_EXPIRED", "CRL has expired"),
            Self::SignatureFailure => ("CERT_SIGNATURE_FAILURE", "certificate signature failure"),
            Self::CrlSignatureFailure => ("CRL_SIGNATURE_FAILURE", "CRL signature failure"),
            Self::InvalidPurpose => ("INVALID_PURPOSE", "unsupported certificate purpose"),
            Self::PathLengthExceeded => ("PATH_LENGTH_EXCEEDED", "path length constraint exceeded"),
            Self::ChainTooLong => ("CERT_CHAIN_TOO_LONG", "certificate chain too long"),
            Self::NameMismatch => ("ERR_TLS_CERT_ALTNAME_INVALID", "Hostname/IP does not match certificate's altnames"),
            Self::UnableToGetIssuerCert => ("UNABLE_TO_GET_ISSUER_CERT", "unable to get issuer certificate"),
            Self::UnhandledCriticalExtension => ("UNSPECIFIED", "unhandled critical extension"),
            Self::Rejected => ("CERT_REJECTED", "certificate rejected"),
        }
    }
}

/// Why there is no TLS connection.
#[derive(Debug, Error)]
pub enum HandshakeFailure {
    /// The peer hung up.
    #[error("Client network socket disconnected before secure TLS connection was established")]
    Disconnected,
    /// The same, and what this side has sent was not read any more.
    #[error("Client network socket disconnected before secure TLS connection was established")]
    Unheard,
    /// The transport failed: a reset, for instance.
    #[error("the transport failed: {0}")]
    Transport(#[source] io::Error),
    /// One side did not like what the other said.
    #[error("{}", .0.message())]
    Protocol(ProtocolFailure),
    /// This side refuses the peer's certificate.
    #[error("{}", .0.message())]
    Certificate(CertificateProblem),
    /// The peer took too long.
    #[error("TLS handshake timed out")]
    TimedOut,
}
