//! The names of cipher suites and key exchange groups in OpenSSL and in the standards.

use rustls::{CipherSuite, NamedGroup};

/// A suite, its OpenSSL name and its standard name.
type Names = (CipherSuite, &'static str, &'static str);

const SUITES: [Names; 9] = [
    (CipherSuite::TLS13_AES_128_GCM_SHA256, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
    (CipherSuite::TLS13_AES_256_GCM_SHA384, "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"),
    (CipherSuite::TLS13_CHACHA20_POLY1305_SHA256, "TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256"),
    (
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    ),
    (
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    ),
    (
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    ),
    (
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        "ECDHE-RSA-AES128-GCM-SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    ),
    (
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        "ECDHE-RSA-AES256-GCM-SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    ),
    (
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        "ECDHE-RSA-CHACHA20-POLY1305",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    ),
];

/// OpenSSL's name; `""` for suites that rustls does not have.
pub(super) fn openssl_name(suite: CipherSuite) -> &'static str {
    SUITES.iter().find(|(known, ..)| *known == suite).map_or("", |(_, name, _)| name)
}

/// The standard's name; `""` for suites that rustls does not have.
pub(super) fn standard_name(suite: CipherSuite) -> &'static str {
    SUITES.iter().find(|(known, ..)| *known == suite).map_or("", |(.., name)| name)
}

/// The suites of TLS 1.2 that one of OpenSSL's group words (or a standard name) stands for.
pub(super) fn tls12_suites_of_keyword(word: &str) -> Vec<CipherSuite> {
    let matches = |(suite, name, standard): &Names| -> bool {
        match word {
            "ALL" | "DEFAULT" | "HIGH" | "TLSv1.2" | "AEAD" | "kEECDH" | "kECDHE" | "EECDH" | "ECDHE" | "ECDH"
            | "FIPS" => true,
            "aECDSA" | "ECDSA" => name.contains("ECDSA"),
            "aRSA" => name.contains("RSA-"),
            "AES" => name.contains("AES"),
            "AESGCM" => name.contains("GCM"),
            "AES128" => name.contains("AES128"),
            "AES256" => name.contains("AES256"),
            "CHACHA20" => name.contains("CHACHA20"),
            "SHA256" => name.ends_with("SHA256"),
            "SHA384" => name.ends_with("SHA384"),
            _ => *standard == word && !is_tls13(*suite),
        }
    };
    SUITES.iter().filter(|names| !is_tls13(names.0) && matches(names)).map(|(suite, ..)| *suite).collect()
}

pub(super) fn is_tls13(suite: CipherSuite) -> bool {
    matches!(
        suite,
        CipherSuite::TLS13_AES_128_GCM_SHA256
            | CipherSuite::TLS13_AES_256_GCM_SHA384
            | CipherSuite::TLS13_CHACHA20_POLY1305_SHA256
    )
}

/// OpenSSL's name and the size in bits of a group, as `getEphemeralKeyInfo()` shows them.
pub(super) fn group_name_and_bits(group: NamedGroup) -> Option<(&'static str, u32)> {
    match group {
        NamedGroup::X25519 => Some(("X25519", 253)),
        NamedGroup::secp256r1 => Some(("prime256v1", 256)),
        NamedGroup::secp384r1 => Some(("secp384r1", 384)),
        _ => None,
    }
}
