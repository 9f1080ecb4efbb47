//! Versions, keys, names, protocols, ciphers and client certificates.

use super::certificates::{Kind, client, leaf, server};
use super::*;

pub(super) const TLS12: Versions = Versions { minimum: Some(0x0303), maximum: Some(0x0303) };
const TLS13: Versions = Versions { minimum: Some(0x0304), maximum: None };

fn talk(client: &mut Session, server: &mut Session) {
    assert_eq!(client.write_plaintext(b"from the client"), 15);
    assert_eq!(pass(client, server).0, b"from the client");
    assert_eq!(server.write_plaintext(b"from the server"), 15);
    assert_eq!(pass(server, client).0, b"from the server");
}

#[test]
fn shakes_hands_with_every_version_and_kind_of_key() {
    for (versions, name) in [(TLS12, "TLSv1.2"), (TLS13, "TLSv1.3")] {
        for kind in [Kind::Rsa, Kind::Ecdsa, Kind::Ed25519] {
            let options = TlsOptions { versions, ..trusting() };
            let (mut client, mut server) = shake(&options, &[serving(server(kind))], "localhost").sessions();
            assert!(client.authorized());
            assert_eq!(client.verdict(), Some(Verdict::Trusted));
            assert_eq!((client.version(), server.version()), (name, name));
            assert_eq!(server.verdict(), None);
            assert_eq!(server.server_name(), Some("localhost"));
            assert_eq!(client.role(), Role::Client);
            assert_eq!(server.role(), Role::Server);
            assert!(!client.is_resumed() && !server.is_resumed());
            assert_eq!(client.peer_certificates().first(), server.own_certificate());
            talk(&mut client, &mut server);
        }
    }
}

#[test]
fn finished_messages_agree_in_both_versions() {
    for (versions, length) in [(TLS12, 12), (TLS13, 32)] {
        let options = TlsOptions { versions, ..trusting() };
        let (client, server) = shake(&options, &[serving(server(Kind::Ecdsa))], "localhost").sessions();
        assert_eq!(client.finished().len(), length);
        assert_eq!(client.peer_finished().len(), length);
        assert_eq!(client.finished(), server.peer_finished());
        assert_eq!(client.peer_finished(), server.finished());
        assert_ne!(client.finished(), client.peer_finished());
    }
}

#[test]
fn exports_the_same_keying_material_on_both_sides() {
    let (client, server) = shake(&trusting(), &[serving(server(Kind::Ecdsa))], "localhost").sessions();
    let material = client.export_keying_material(32, b"label", Some(b"context"));
    assert_eq!(material.as_ref().map(Vec::len), Some(32));
    assert_eq!(material, server.export_keying_material(32, b"label", Some(b"context")));
    assert_ne!(material, server.export_keying_material(32, b"label", None));
    assert_eq!(client.export_keying_material(0, b"label", None), Some(Vec::new()));
}

#[test]
fn names_ciphers_and_ephemeral_keys_as_openssl_does() {
    let options = TlsOptions { versions: TLS12, ..trusting() };
    let (client, server_side) = shake(&options, &[serving(server(Kind::Rsa))], "localhost").sessions();
    let cipher = client.cipher().expect("a cipher");
    assert_eq!(cipher.name, "ECDHE-RSA-AES128-GCM-SHA256");
    assert_eq!(cipher.standard_name, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    assert_eq!(cipher.version, "TLSv1.2");
    assert_eq!(client.ephemeral_key(), Some(EphemeralKey { name: "X25519", bits: 253 }));
    assert_eq!(server_side.ephemeral_key(), None);
    let (client, _) = shake(&trusting(), &[serving(server(Kind::Rsa))], "localhost").sessions();
    assert_eq!(client.cipher().expect("a cipher").name, "TLS_AES_128_GCM_SHA256");
    assert_eq!(client.ephemeral_key(), None);
}

#[test]
fn chooses_the_entry_by_name() {
    let with_name = |name: &str| {
        let made = authority().issue(Kind::Ecdsa, leaf(name, &[name]));
        TlsOptions { server_name: Some(name.to_owned()), ..serving(&made) }
    };
    let entries = [serving(server(Kind::Ecdsa)), with_name("a.example"), with_name("*.b.example")];
    for (name, entry) in [
        ("a.example", 1),
        ("A.Example", 1),
        ("x.b.example", 2),
        ("other.example", 0),
        ("b.example", 0),
        ("x.y.b.example", 0),
    ] {
        let client = TlsOptions { reject_unauthorized: false, ..trusting() };
        let (client, _) = shake(&client, &entries, name).sessions();
        assert_eq!(client.peer_certificates()[0], entries[entry].identities[0].chain[0], "{name}");
        assert_eq!(client.authorized(), entry != 0, "{name}");
    }
}

#[test]
fn announces_no_address_and_no_empty_name() {
    for (server_name, host, announced) in [
        (None, Some("127.0.0.1"), None),
        (None, Some("localhost"), Some("localhost")),
        (Some("localhost"), Some("127.0.0.1"), Some("localhost")),
        (Some(""), Some("localhost"), None),
        (None, None, None),
    ] {
        let options = TlsOptions { server_name: server_name.map(str::to_owned), ..trusting() };
        let (client, server) = shake_with(
            &options,
            &[serving(server(Kind::Ecdsa))],
            |context| context.parameters(host),
            ServerParameters::default(),
        )
        .sessions();
        assert!(client.authorized());
        assert_eq!(server.server_name(), announced);
    }
}

#[test]
fn picks_one_certificate_of_each_kind() {
    let first = authority().issue(Kind::Rsa, certificates::local());
    let last = server(Kind::Rsa);
    let ec = server(Kind::Ecdsa);
    let serve = |made: &[&Made]| TlsOptions {
        identities: made.iter().map(|made| made.identity()).collect(),
        ..TlsOptions::default()
    };
    let shown = |options: &TlsOptions, server: &TlsOptions| {
        let (client, _) = shake(options, std::slice::from_ref(server), "localhost").sessions();
        client.peer_certificates()[0].clone()
    };
    assert_eq!(shown(&trusting(), &serve(&[&first, last])), last.certificate());
    assert_eq!(shown(&trusting(), &serve(&[last, ec])), ec.certificate());
    assert_eq!(shown(&trusting(), &serve(&[ec, last])), ec.certificate());
    let rsa_only =
        TlsOptions { versions: TLS12, ciphers: Some("ECDHE-RSA-AES256-GCM-SHA384".to_owned()), ..trusting() };
    assert_eq!(shown(&rsa_only, &serve(&[ec, last])), last.certificate());
}

#[test]
fn negotiates_application_protocols() {
    let wire = |names: &[&str]| {
        Alpn::from_wire(
            &names
                .iter()
                .flat_map(|name| [&[u8::try_from(name.len()).expect("a short name")], name.as_bytes()].concat())
                .collect::<Vec<_>>(),
        )
    };
    let h2 = Alpn::from_wire(b"h2");
    assert_eq!(h2, Alpn::Malformed);
    assert_eq!(Alpn::from_wire(b""), Alpn::None);
    assert_eq!(Alpn::from_wire(b"\0"), Alpn::Malformed);
    for (server_alpn, client_alpn, expected) in [
        (wire(&["h2", "http/1.1"]), wire(&["http/1.1"]), Ok(Some(&b"http/1.1"[..]))),
        (wire(&["x", "y"]), wire(&["y", "x"]), Ok(Some(&b"x"[..]))),
        (wire(&["x"]), Alpn::None, Ok(None)),
        (Alpn::None, wire(&["x"]), Ok(None)),
        (h2.clone(), h2.clone(), Ok(None)),
        (wire(&["x"]), h2.clone(), Ok(None)),
        (h2.clone(), wire(&["x"]), Err(())),
        (wire(&["x"]), wire(&["y"]), Err(())),
    ] {
        let client = TlsOptions { alpn: client_alpn, ..trusting() };
        let server = TlsOptions { alpn: server_alpn, ..serving(server(Kind::Ecdsa)) };
        let pair = shake(&client, &[server], "localhost");
        if let Ok(protocol) = expected {
            let (client, server) = pair.sessions();
            assert_eq!(client.alpn_protocol(), protocol);
            assert_eq!(server.alpn_protocol(), protocol);
        } else {
            assert_eq!(reason(pair.client), "TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
            assert_eq!(reason(pair.server), "NO_APPLICATION_PROTOCOL");
        }
    }
}

#[test]
fn cipher_lists_select_among_the_suites_of_tls_1_2() {
    for (list, expected) in [
        ("ECDHE-RSA-AES256-GCM-SHA384", Ok("ECDHE-RSA-AES256-GCM-SHA384")),
        ("ECDHE-RSA-CHACHA20-POLY1305", Ok("ECDHE-RSA-CHACHA20-POLY1305")),
        ("CHACHA20:!ECDSA", Ok("ECDHE-RSA-CHACHA20-POLY1305")),
        ("HIGH:!AES128:!CHACHA20", Ok("ECDHE-RSA-AES256-GCM-SHA384")),
        ("ECDHE+AES256", Ok("ECDHE-RSA-AES256-GCM-SHA384")),
        ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", Ok("ECDHE-RSA-AES256-GCM-SHA384")),
        ("nonsense:ECDHE-RSA-AES256-GCM-SHA384", Ok("ECDHE-RSA-AES256-GCM-SHA384")),
        ("", Ok("ECDHE-RSA-AES128-GCM-SHA256")),
        ("nonsense", Err(ContextError::InvalidCiphers)),
        ("AES128-GCM-SHA256", Err(ContextError::InvalidCiphers)),
        ("TLS_AES_256_GCM_SHA384", Err(ContextError::InvalidCiphers)),
        ("ALL:!ALL", Err(ContextError::InvalidCiphers)),
    ] {
        let server = TlsOptions { ciphers: Some(list.to_owned()), versions: TLS12, ..serving(server(Kind::Rsa)) };
        match expected {
            Ok(name) => {
                let (client, _) = shake(&trusting(), &[server], "localhost").sessions();
                assert_eq!(client.cipher().expect("a cipher").name, name, "{list}");
            }
            Err(error) => assert_eq!(ServerContext::new(&[server], None).map(|_| ()), Err(error), "{list}"),
        }
    }
}

#[test]
fn versions_that_do_not_meet_fail_on_both_sides() {
    let pair = shake(
        &TlsOptions { versions: TLS13, ..trusting() },
        &[TlsOptions { versions: TLS12, ..serving(server(Kind::Ecdsa)) }],
        "localhost",
    );
    assert_eq!(reason(pair.client), "TLSV1_ALERT_PROTOCOL_VERSION");
    assert_eq!(reason(pair.server), "UNSUPPORTED_PROTOCOL");
    let nothing = Versions { minimum: Some(0x0304), maximum: Some(0x0303) };
    let pair = shake(&TlsOptions { versions: nothing, ..trusting() }, &[serving(server(Kind::Ecdsa))], "localhost");
    assert_eq!(reason(pair.client), "NO_SUPPORTED_VERSIONS_ENABLED");
    let pair = shake(&trusting(), &[TlsOptions { versions: nothing, ..serving(server(Kind::Ecdsa)) }], "localhost");
    assert_eq!(reason(pair.client), "TLSV1_ALERT_PROTOCOL_VERSION");
}

#[test]
fn secure_options_rule_versions_out() {
    for (bit, version) in [(1, "TLSv1.2"), (0, "TLSv1.3")] {
        let secure_options = SecureOptions(SECURE_OPTIONS[2 + bit].1);
        let (client, _) =
            shake(&TlsOptions { secure_options, ..trusting() }, &[serving(server(Kind::Ecdsa))], "localhost")
                .sessions();
        assert_eq!(client.version(), version);
    }
}

#[test]
fn a_server_without_a_certificate_answers_with_an_internal_error() {
    let pair = shake(&trusting(), &[TlsOptions::default()], "localhost");
    assert_eq!(reason(pair.server), "NO_CERTIFICATE_SET");
    assert_eq!(reason(pair.client), "TLSV1_ALERT_INTERNAL_ERROR");
}

#[test]
fn client_certificates_follow_the_table() {
    let trusted = client();
    let stranger = certificates::self_signed(Kind::Ecdsa, certificates::authority_params("Stranger CA"))
        .issue(Kind::Ecdsa, leaf("stranger", &[]));
    for (request_cert, reject_unauthorized, shown, verdict, refused) in [
        (false, true, Some(&trusted), None, false),
        (true, true, Some(&trusted), Some(Verdict::Trusted), false),
        (true, true, Some(&stranger), Some(untrusted()), true),
        (true, false, None, Some(Verdict::Untrusted(CertificateProblem::UnableToGetIssuerCert)), false),
        (true, false, Some(&trusted), Some(Verdict::Trusted), false),
        (true, false, Some(&stranger), Some(untrusted()), false),
    ] {
        for versions in [TLS12, TLS13] {
            let client =
                TlsOptions { identities: shown.iter().map(|made| made.identity()).collect(), versions, ..trusting() };
            let server = TlsOptions {
                ca: Some(vec![authority().certificate()]),
                request_cert,
                reject_unauthorized,
                ..serving(server(Kind::Ecdsa))
            };
            let (client, server) = shake(&client, &[server], "localhost").sessions();
            assert!(client.authorized());
            assert_eq!(server.verdict(), verdict);
            assert_eq!(server.is_refused(), refused);
            let expected = shown.filter(|_| request_cert).map(Made::certificate);
            assert_eq!(server.peer_certificates().first(), expected.as_ref());
        }
    }
}

#[test]
fn a_server_that_requires_a_certificate_refuses_to_do_without() {
    let server =
        TlsOptions { ca: Some(vec![authority().certificate()]), request_cert: true, ..serving(server(Kind::Ecdsa)) };
    // In TLS 1.3 the client is done before it hears of it.
    let pair = shake(&trusting(), std::slice::from_ref(&server), "localhost");
    assert!(pair.client.is_ok());
    assert_eq!(reason(pair.server), "PEER_DID_NOT_RETURN_A_CERTIFICATE");
    let pair = shake(&TlsOptions { versions: TLS12, ..trusting() }, &[server], "localhost");
    assert!(pair.client.is_err());
    assert_eq!(reason(pair.server), "PEER_DID_NOT_RETURN_A_CERTIFICATE");
}

#[test]
fn a_verify_mode_that_is_set_later_wins() {
    let client = TlsOptions { identities: vec![client().identity()], ..trusting() };
    let server = TlsOptions { ca: Some(vec![authority().certificate()]), ..serving(server(Kind::Ecdsa)) };
    let parameters = ServerParameters { verify_mode: Some((true, false)), ..ServerParameters::default() };
    let (_, server) =
        shake_with(&client, &[server], |context| context.parameters(Some("localhost")), parameters).sessions();
    assert!(server.authorized());
}

fn untrusted() -> Verdict {
    Verdict::Untrusted(CertificateProblem::UnableToVerifyLeafSignature)
}

pub(super) fn reason<S>(result: Result<Handshaken<S>, Box<Failed<S>>>) -> &'static str {
    match result.map(|_| ()).map_err(|failed| failed.failure) {
        Err(HandshakeFailure::Protocol(failure)) => failure.reason,
        other => panic!("not a protocol failure: {other:?}"),
    }
}
