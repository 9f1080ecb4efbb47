//! The cryptography: aws-lc-rs, in Bun's order of preference, with the Finished messages noted.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Algorithm, CHACHA20_POLY1305};
use rustls::crypto::aws_lc_rs::{cipher_suite as suite, default_provider, kx_group};
use rustls::crypto::tls13::Hkdf;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::{CipherSuite, CipherSuiteCommon, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite};

use super::finished::{NotingHkdf, NotingPrf};
use super::key_schedule;
use super::opener::{Opening12, Opening13};

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    Arc::new(CryptoProvider {
        // AES-128 first, as Bun offers it; the TLS 1.2 suites in BoringSSL's order.
        cipher_suites: [
            suite::TLS13_AES_128_GCM_SHA256,
            suite::TLS13_AES_256_GCM_SHA384,
            suite::TLS13_CHACHA20_POLY1305_SHA256,
            suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ]
        .map(noting)
        .to_vec(),
        kx_groups: vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1],
        ..default_provider()
    })
});

/// The process's provider with all suites.
pub(super) fn provider() -> &'static Arc<CryptoProvider> {
    &PROVIDER
}

/// A provider whose suites are `suites`, a subset of [`provider`]'s, and whose groups are those of `groups`, by their numbers, that there is
/// code for; all without any.
pub(super) fn provider_with(suites: Vec<SupportedCipherSuite>, groups: Option<Vec<u16>>) -> Arc<CryptoProvider> {
    let all = &PROVIDER.kx_groups;
    let chosen = groups.map(|numbers| {
        let known = |number: u16| all.iter().copied().find(|group| u16::from(group.name()) == number);
        numbers.into_iter().filter_map(known).collect()
    });
    let kx_groups = chosen.unwrap_or_else(|| all.clone());
    Arc::new(CryptoProvider { cipher_suites: suites, kx_groups, ..CryptoProvider::clone(&PROVIDER) })
}

/// The signature algorithms that certificates and handshakes may use.
pub(super) fn signature_algorithms() -> WebPkiSupportedAlgorithms {
    PROVIDER.signature_verification_algorithms
}

/// Does now what would otherwise delay the first handshake.
///
/// aws-lc-rs gathers jitter entropy at the first random number, which takes 36 to 86 ms. Call this on a thread that may be
/// busy for as long.
pub fn warm_up() {
    let mut byte = [0];
    // A failure shows again in the handshake, where it has someone to be reported to.
    let _ = PROVIDER.secure_random.fill(&mut byte);
}

/// The same suite with the noting functions, and with decrypters that the session can use, too. Leaks on purpose: rustls wants `'static`, and there are nine.
fn noting(suite: SupportedCipherSuite) -> SupportedCipherSuite {
    match suite {
        SupportedCipherSuite::Tls12(suite) => SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
            common: copy_common(&suite.common),
            prf_provider: Box::leak(Box::new(NotingPrf(suite.prf_provider))),
            kx: suite.kx,
            sign: suite.sign,
            aead_alg: Box::leak(Box::new(Opening12(suite.aead_alg))),
        }))),
        SupportedCipherSuite::Tls13(suite) => SupportedCipherSuite::Tls13(Box::leak(Box::new(Tls13CipherSuite {
            common: copy_common(&suite.common),
            hkdf_provider: Box::leak(Box::new(NotingHkdf(hkdf_of(suite)))),
            aead_alg: Box::leak(Box::new(Opening13(suite.aead_alg, algorithm_of(suite.common.suite)))),
            quic: None,
        }))),
    }
}

fn hkdf_of(suite: &Tls13CipherSuite) -> &'static dyn Hkdf {
    match suite.common.suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 | CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => &key_schedule::SHA256,
        CipherSuite::TLS13_AES_256_GCM_SHA384 => &key_schedule::SHA384,
        _ => suite.hkdf_provider,
    }
}

fn algorithm_of(suite: CipherSuite) -> &'static Algorithm {
    match suite {
        CipherSuite::TLS13_AES_256_GCM_SHA384 => &AES_256_GCM,
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => &CHACHA20_POLY1305,
        _ => &AES_128_GCM,
    }
}

fn copy_common(common: &CipherSuiteCommon) -> CipherSuiteCommon {
    CipherSuiteCommon {
        suite: common.suite,
        hash_provider: common.hash_provider,
        confidentiality_limit: common.confidentiality_limit,
    }
}
