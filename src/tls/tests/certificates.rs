//! Certificates for the tests, made when they are first needed.

use std::sync::LazyLock;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
    SigningKey as _, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use zeroize::Zeroizing;

use crate::tls::KeyAndChain;

/// A certificate with its key.
pub(in crate::tls::tests) struct Made {
    pub(super) params: CertificateParams,
    pub(super) key: KeyPair,
    der: CertificateDer<'static>,
    chain: Vec<CertificateDer<'static>>,
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Rsa,
    Ecdsa,
    Ed25519,
}

impl Made {
    pub(super) fn certificate(&self) -> CertificateDer<'static> {
        self.der.clone()
    }

    pub(super) fn identity(&self) -> KeyAndChain {
        KeyAndChain {
            key: Zeroizing::new(self.key.serialize_der()),
            chain: std::iter::once(self.der.clone()).chain(self.chain.iter().cloned()).collect(),
        }
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }

    /// A certificate below this one.
    pub(super) fn issue(&self, kind: Kind, params: CertificateParams) -> Made {
        let key = key(kind);
        let der = params.signed_by(&key, &self.issuer()).expect("a certificate").der().clone();
        Made { params, key, der, chain: Vec::new() }
    }

    /// The same with `chain` sent along.
    pub(super) fn with_chain(mut self, chain: Vec<CertificateDer<'static>>) -> Made {
        self.chain = chain;
        self
    }

    /// A revocation list of this authority.
    pub(super) fn revoke(&self, serials: &[u64]) -> CertificateRevocationListDer<'static> {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2090, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        }
        .signed_by(&self.issuer())
        .expect("a list")
        .der()
        .clone()
    }

    /// An X.509 version 1 certificate signed by this one, with no extensions.
    pub(super) fn issue_version_1(&self, common_name: &str) -> Made {
        let made = self.issue(Kind::Ecdsa, leaf(common_name, &[]));
        let (_, certificate) = Element::read(&made.der);
        let (_, signed) = Element::read(certificate.content);
        let mut fields = signed.children();
        // [0] version and [3] extensions are what version 1 does not have.
        fields.retain(|field| field.tag != 0xa0 && field.tag != 0xa3);
        let signed = write(0x30, &fields.iter().flat_map(|field| field.whole.to_vec()).collect::<Vec<u8>>());
        let signature = self.key.sign(&signed).expect("a signature");
        let algorithm = certificate.children()[1].whole.to_vec();
        let bits = write(0x03, &[vec![0], signature].concat());
        let der = CertificateDer::from(write(0x30, &[signed, algorithm, bits].concat()));
        Made { der, ..made }
    }
}

/// A certificate that is its own issuer.
pub(super) fn self_signed(kind: Kind, params: CertificateParams) -> Made {
    let key = key(kind);
    let der = params.self_signed(&key).expect("a certificate").der().clone();
    Made { params, key, der, chain: Vec::new() }
}

/// The authority that the tests' clients trust.
pub(super) fn authority() -> &'static Made {
    static AUTHORITY: LazyLock<Made> = LazyLock::new(|| self_signed(Kind::Ecdsa, authority_params("Test CA")));
    &AUTHORITY
}

/// A server certificate for `localhost` and `127.0.0.1`.
pub(super) fn server(kind: Kind) -> &'static Made {
    static RSA: LazyLock<Made> = LazyLock::new(|| authority().issue(Kind::Rsa, local()));
    static ECDSA: LazyLock<Made> = LazyLock::new(|| authority().issue(Kind::Ecdsa, local()));
    static ED25519: LazyLock<Made> = LazyLock::new(|| authority().issue(Kind::Ed25519, local()));
    match kind {
        Kind::Rsa => &RSA,
        Kind::Ecdsa => &ECDSA,
        Kind::Ed25519 => &ED25519,
    }
}

pub(super) fn local() -> CertificateParams {
    leaf("localhost", &["localhost", "127.0.0.1"])
}

/// A client certificate of the trusted authority.
pub(super) fn client() -> Made {
    let mut params = leaf("client", &[]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    authority().issue(Kind::Ecdsa, params)
}

pub(super) fn leaf(common_name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

pub(super) fn authority_params(common_name: &str) -> CertificateParams {
    let mut params = leaf(common_name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params
}

fn key(kind: Kind) -> KeyPair {
    let algorithm = match kind {
        Kind::Rsa => &rcgen::PKCS_RSA_SHA256,
        Kind::Ecdsa => &rcgen::PKCS_ECDSA_P256_SHA256,
        Kind::Ed25519 => &rcgen::PKCS_ED25519,
    };
    KeyPair::generate_for(algorithm).expect("a key")
}

/// One DER element, as far as the tests need to take a certificate apart.
struct Element<'a> {
    tag: u8,
    whole: &'a [u8],
    content: &'a [u8],
}

impl<'a> Element<'a> {
    fn read(bytes: &'a [u8]) -> (&'a [u8], Self) {
        let (start, length) = match bytes[1] {
            0x82 => (4, usize::from(bytes[2]) << 8 | usize::from(bytes[3])),
            0x81 => (3, usize::from(bytes[2])),
            short => (2, usize::from(short)),
        };
        let whole = &bytes[..start + length];
        (&bytes[start + length..], Self { tag: bytes[0], whole, content: &whole[start..] })
    }

    fn children(&self) -> Vec<Element<'a>> {
        let mut rest = self.content;
        let mut children = Vec::new();
        while !rest.is_empty() {
            let (after, child) = Element::read(rest);
            children.push(child);
            rest = after;
        }
        children
    }
}

fn write(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("a small certificate").to_be_bytes();
    [&[tag, 0x82, length[0], length[1]], content].concat()
}
