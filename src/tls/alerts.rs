//! The names that BoringSSL, and therefore Bun, gives to what goes wrong, and how rustls' errors map to them.

use rustls::{AlertDescription, Error, InvalidMessage, PeerIncompatible};

use super::failure::ProtocolFailure;

/// BoringSSL's reason for an error of rustls.
///
/// `first_record` says that nothing of the peer was understood yet: what is not TLS at all has reasons of its own then.
pub(super) fn failure_of(error: &Error, first_record: bool) -> ProtocolFailure {
    use ProtocolFailure as F;
    match error {
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge
            | InvalidMessage::InvalidEmptyPayload,
        ) if first_record => F::WRONG_VERSION_NUMBER,
        Error::InvalidMessage(InvalidMessage::UnknownProtocolVersion) => F::WRONG_VERSION_NUMBER,
        Error::InvalidMessage(InvalidMessage::MessageTooLarge) | Error::PeerSentOversizedRecord => {
            F::new(136, "DATA_LENGTH_TOO_LONG")
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => F::new(225, "UNEXPECTED_RECORD"),
        Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge) => F::EXCESSIVE_MESSAGE_SIZE,
        Error::InvalidMessage(_) => F::new(137, "DECODE_ERROR"),
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            F::new(223, "UNEXPECTED_MESSAGE")
        }
        Error::DecryptError => F::new(139, "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"),
        Error::NoCertificatesPresented => F::new(192, "PEER_DID_NOT_RETURN_A_CERTIFICATE"),
        Error::NoApplicationProtocol => F::NO_APPLICATION_PROTOCOL,
        Error::InvalidCertificate(rustls::CertificateError::BadSignature) => F::new(114, "BAD_SIGNATURE"),
        Error::InvalidCertificate(_) => F::new(125, "CERTIFICATE_VERIFY_FAILED"),
        Error::PeerIncompatible(why) => of_incompatibility(why),
        Error::PeerMisbehaved(_) => F::new(223, "UNEXPECTED_MESSAGE"),
        _ => F::new(68, "INTERNAL_ERROR"),
    }
}

fn of_incompatibility(why: &PeerIncompatible) -> ProtocolFailure {
    use PeerIncompatible as P;
    match why {
        P::ServerDoesNotSupportTls12Or13
        | P::ServerTlsVersionIsDisabledByOurConfig
        | P::SupportedVersionsExtensionRequired
        | P::Tls12NotOffered
        | P::Tls12NotOfferedOrEnabled => ProtocolFailure::UNSUPPORTED_PROTOCOL,
        P::NoCipherSuitesInCommon => ProtocolFailure::new(184, "NO_SHARED_CIPHER"),
        P::NoKxGroupsInCommon | P::NamedGroupsExtensionRequired => ProtocolFailure::new(266, "NO_SHARED_GROUP"),
        P::NoSignatureSchemesInCommon
        | P::SignatureAlgorithmsExtensionRequired
        | P::NoCertificateRequestSignatureSchemesInCommon => {
            ProtocolFailure::new(253, "NO_COMMON_SIGNATURE_ALGORITHMS")
        }
        _ => ProtocolFailure::new(259, "UNSUPPORTED_PROTOCOL_FEATURE"),
    }
}

/// BoringSSL numbers the reason for a received alert 1000 + the alert.
fn of_alert(alert: AlertDescription) -> ProtocolFailure {
    use AlertDescription as A;
    let reason = match alert {
        A::CloseNotify => "SSLV3_ALERT_CLOSE_NOTIFY",
        A::UnexpectedMessage => "SSLV3_ALERT_UNEXPECTED_MESSAGE",
        A::BadRecordMac => "SSLV3_ALERT_BAD_RECORD_MAC",
        A::DecryptionFailed => "TLSV1_ALERT_DECRYPTION_FAILED",
        A::RecordOverflow => "TLSV1_ALERT_RECORD_OVERFLOW",
        A::DecompressionFailure => "SSLV3_ALERT_DECOMPRESSION_FAILURE",
        A::HandshakeFailure => "SSLV3_ALERT_HANDSHAKE_FAILURE",
        A::NoCertificate => "SSLV3_ALERT_NO_CERTIFICATE",
        A::BadCertificate => "SSLV3_ALERT_BAD_CERTIFICATE",
        A::UnsupportedCertificate => "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        A::CertificateRevoked => "SSLV3_ALERT_CERTIFICATE_REVOKED",
        A::CertificateExpired => "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        A::CertificateUnknown => "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        A::IllegalParameter => "SSLV3_ALERT_ILLEGAL_PARAMETER",
        A::UnknownCA => "TLSV1_ALERT_UNKNOWN_CA",
        A::AccessDenied => "TLSV1_ALERT_ACCESS_DENIED",
        A::DecodeError => "TLSV1_ALERT_DECODE_ERROR",
        A::DecryptError => "TLSV1_ALERT_DECRYPT_ERROR",
        A::ExportRestriction => "TLSV1_ALERT_EXPORT_RESTRICTION",
        A::ProtocolVersion => "TLSV1_ALERT_PROTOCOL_VERSION",
        A::InsufficientSecurity => "TLSV1_ALERT_INSUFFICIENT_SECURITY",
        A::InternalError => "TLSV1_ALERT_INTERNAL_ERROR",
        A::InappropriateFallback => "TLSV1_ALERT_INAPPROPRIATE_FALLBACK",
        A::UserCanceled => "TLSV1_ALERT_USER_CANCELLED",
        A::NoRenegotiation => "TLSV1_ALERT_NO_RENEGOTIATION",
        A::UnsupportedExtension => "TLSV1_ALERT_UNSUPPORTED_EXTENSION",
        A::CertificateUnobtainable => "TLSV1_ALERT_CERTIFICATE_UNOBTAINABLE",
        A::UnrecognisedName => "TLSV1_ALERT_UNRECOGNIZED_NAME",
        A::BadCertificateStatusResponse => "TLSV1_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE",
        A::BadCertificateHashValue => "TLSV1_ALERT_BAD_CERTIFICATE_HASH_VALUE",
        A::UnknownPSKIdentity => "TLSV1_ALERT_UNKNOWN_PSK_IDENTITY",
        A::CertificateRequired => "TLSV1_ALERT_CERTIFICATE_REQUIRED",
        A::NoApplicationProtocol => "TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
        _ => "UNKNOWN_ALERT_TYPE",
    };
    ProtocolFailure::new(1000 + u16::from(u8::from(alert)), reason)
}
