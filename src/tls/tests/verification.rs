//! Who is trusted, and what the others are told.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::task::Poll;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SerialNumber,
    date_time_ymd,
};

use super::certificates::{Kind, authority_params, client, leaf, local, self_signed, server};
use super::handshakes::TLS12;
use super::*;

/// What a client that does not reject makes of a server.
fn verdict(client: &TlsOptions, made: &Made, host: &str) -> Verdict {
    let client = TlsOptions { reject_unauthorized: false, ..client.clone() };
    let (client, _) = shake(&client, &[serving(made)], host).sessions();
    assert!(!client.is_refused());
    client.verdict().expect("clients always judge")
}

fn trusting_also(made: &Made) -> TlsOptions {
    TlsOptions { ca: Some(vec![made.certificate()]), ..trusting() }
}

use CertificateProblem as Problem;

#[test]
fn tells_the_problems_apart_as_openssl_does() {
    let other = self_signed(Kind::Ecdsa, authority_params("Another CA"));
    let intermediate = other.issue(Kind::Ecdsa, authority_params("Between"));
    let mut expired = local();
    (expired.not_before, expired.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 2, 1));
    let mut future = local();
    (future.not_before, future.not_after) = (date_time_ymd(2080, 1, 1), date_time_ymd(2090, 1, 1));
    let mut for_clients = local();
    for_clients.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let cases = [
        (other.issue(Kind::Ecdsa, local()), Problem::UnableToVerifyLeafSignature),
        (
            intermediate.issue(Kind::Ecdsa, local()).with_chain(vec![intermediate.certificate()]),
            Problem::UnableToGetIssuerCertLocally,
        ),
        (
            intermediate.issue(Kind::Ecdsa, local()).with_chain(vec![intermediate.certificate(), other.certificate()]),
            Problem::SelfSignedInChain,
        ),
        (other.issue(Kind::Ecdsa, local()).with_chain(vec![other.certificate()]), Problem::SelfSignedInChain),
        (self_signed(Kind::Ecdsa, local()), Problem::DepthZeroSelfSigned),
        (authority().issue(Kind::Ecdsa, expired), Problem::HasExpired),
        (authority().issue(Kind::Ecdsa, future), Problem::NotYetValid),
        (authority().issue(Kind::Ecdsa, for_clients.clone()), Problem::InvalidPurpose),
        (other.issue(Kind::Ecdsa, for_clients), Problem::UnableToVerifyLeafSignature),
        (authority().issue(Kind::Ecdsa, leaf("wrong", &["wrong.example"])), Problem::NameMismatch),
        (authority().issue_version_1("elsewhere"), Problem::NameMismatch),
    ];
    for (made, problem) in &cases {
        assert_eq!(verdict(&trusting(), made, "localhost"), Verdict::Untrusted(*problem));
        // With rejection the same is the reason of the failure, and the certificate can be looked at.
        let pair = shake(&trusting(), &[serving(made)], "localhost");
        let failed = pair.client.expect_err("a refusal");
        assert!(matches!(failed.failure, HandshakeFailure::Certificate(found) if found == *problem), "{failed:?}");
        assert_eq!(failed.peer_chain.first(), Some(&made.certificate()));
        // The server is not told why.
        assert!(matches!(pair.server, Err(failed) if matches!(failed.failure, HandshakeFailure::Disconnected)));
    }
    let chain = vec![intermediate.certificate()];
    let complete = intermediate.issue(Kind::Ecdsa, local()).with_chain(chain);
    assert_eq!(verdict(&trusting_also(&other), &complete, "localhost"), Verdict::Trusted);
}

#[test]
fn an_intermediate_in_ca_helps_and_is_no_root() {
    let root = self_signed(Kind::Ecdsa, authority_params("Root"));
    let between = root.issue(Kind::Ecdsa, authority_params("Between"));
    let leaf = between.issue(Kind::Ecdsa, local());
    let trusting = |certificates: &[&Made]| TlsOptions {
        ca: Some(certificates.iter().map(|made| made.certificate()).collect()),
        ..trusting()
    };
    assert_eq!(verdict(&trusting(&[&root, &between]), &leaf, "localhost"), Verdict::Trusted);
    assert_eq!(
        verdict(&trusting(&[&root]), &leaf, "localhost"),
        Verdict::Untrusted(Problem::UnableToVerifyLeafSignature)
    );
    assert_eq!(verdict(&trusting(&[&between]), &leaf, "localhost"), Verdict::Untrusted(Problem::UnableToGetIssuerCert));
    assert_eq!(
        verdict(&trusting(&[&leaf]), &leaf, "localhost"),
        Verdict::Untrusted(Problem::UnableToVerifyLeafSignature)
    );
}

#[test]
fn the_name_is_judged_apart_from_the_chain() {
    let other = self_signed(Kind::Ecdsa, authority_params("Another CA"));
    for (name, matches) in [("localhost", true), ("elsewhere", false)] {
        let made = other.issue(Kind::Ecdsa, leaf(name, &[name]));
        let client = TlsOptions { reject_unauthorized: false, ..trusting() };
        let (client, _) = shake(&client, &[serving(&made)], "localhost").sessions();
        assert_eq!(client.authorization_problem(), Some(Problem::UnableToVerifyLeafSignature));
        assert_eq!(client.name_matches(), matches);
    }
}

#[test]
fn checks_names_and_addresses() {
    for (host, trusted) in [
        ("localhost", true),
        ("LOCALHOST", true),
        ("127.0.0.1", true),
        ("127.0.0.2", false),
        ("other", false),
        ("not a name", false),
        ("::1", false),
    ] {
        assert_eq!(verdict(&trusting(), server(Kind::Ecdsa), host) == Verdict::Trusted, trusted, "{host}");
    }
}

#[test]
fn nothing_is_trusted_without_roots() {
    let options = TlsOptions { ca: Some(Vec::new()), ..trusting() };
    assert_eq!(
        verdict(&options, server(Kind::Ecdsa), "localhost"),
        Verdict::Untrusted(Problem::UnableToVerifyLeafSignature)
    );
}

#[test]
fn a_self_signed_certificate_that_is_named_is_trusted() {
    let plain = self_signed(Kind::Ecdsa, local());
    assert_eq!(verdict(&trusting_also(&plain), &plain, "localhost"), Verdict::Trusted);
    // As `openssl req -x509` makes them: webpki refuses an authority as a leaf.
    let mut params = local();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = self_signed(Kind::Ecdsa, params.clone());
    assert_eq!(verdict(&trusting_also(&authority), &authority, "localhost"), Verdict::Trusted);
    assert_eq!(verdict(&trusting_also(&authority), &authority, "other"), Verdict::Untrusted(Problem::NameMismatch));
    assert_eq!(verdict(&trusting(), &authority, "localhost"), Verdict::Untrusted(Problem::DepthZeroSelfSigned));
    // The same names and another key.
    let imposter = self_signed(Kind::Ecdsa, params.clone());
    assert_eq!(
        verdict(&trusting_also(&authority), &imposter, "localhost"),
        Verdict::Untrusted(Problem::DepthZeroSelfSigned)
    );
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 2, 1));
    let expired = self_signed(Kind::Ecdsa, params);
    assert_eq!(verdict(&trusting_also(&expired), &expired, "localhost"), Verdict::Untrusted(Problem::HasExpired));
}

#[test]
fn a_leaf_that_is_an_authority_is_trusted_below_a_named_one() {
    let mut params = local();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let made = authority().issue(Kind::Ecdsa, params.clone());
    assert_eq!(verdict(&trusting(), &made, "localhost"), Verdict::Trusted);
    // Signed by somebody who only bears the authority's name.
    let imposter = self_signed(Kind::Ecdsa, authority_params("Test CA"));
    let made = imposter.issue(Kind::Ecdsa, params.clone());
    assert_ne!(verdict(&trusting(), &made, "localhost"), Verdict::Trusted);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let made = authority().issue(Kind::Ecdsa, params);
    assert_eq!(verdict(&trusting(), &made, "localhost"), Verdict::Untrusted(Problem::InvalidPurpose));
}

#[test]
fn a_version_1_certificate_is_trusted_below_a_named_authority() {
    let made = authority().issue_version_1("localhost");
    for versions in [0x0303, 0x0304] {
        let versions = Versions { minimum: Some(versions), maximum: Some(versions) };
        assert_eq!(verdict(&TlsOptions { versions, ..trusting() }, &made, "localhost"), Verdict::Trusted);
    }
    assert_ne!(verdict(&trusting(), &made, "127.0.0.1"), Verdict::Trusted);
    let imposter = self_signed(Kind::Ecdsa, authority_params("Test CA"));
    assert_ne!(verdict(&trusting(), &imposter.issue_version_1("localhost"), "localhost"), Verdict::Trusted);
}

#[test]
fn the_common_names_count_only_without_hosts_among_the_alternative_names() {
    let without = authority().issue(Kind::Ecdsa, leaf("localhost", &[]));
    assert_eq!(verdict(&trusting(), &without, "localhost"), Verdict::Trusted);
    let with = authority().issue(Kind::Ecdsa, leaf("localhost", &["other.example"]));
    assert_eq!(verdict(&trusting(), &with, "localhost"), Verdict::Untrusted(Problem::NameMismatch));
    let address = authority().issue(Kind::Ecdsa, leaf("127.0.0.1", &[]));
    assert_eq!(verdict(&trusting(), &address, "127.0.0.1"), Verdict::Untrusted(Problem::NameMismatch));

    let beside_address = authority().issue(Kind::Ecdsa, leaf("localhost", &["127.0.0.2"]));
    assert_eq!(verdict(&trusting(), &beside_address, "localhost"), Verdict::Trusted);
    let wild = authority().issue(Kind::Ecdsa, leaf("*.example.org", &[]));
    for host in ["a.example.org", "A.Example.Org", "a.example.org."] {
        assert_eq!(verdict(&trusting(), &wild, host), Verdict::Trusted, "{host}");
    }
    for host in ["example.org", "a.b.example.org", "a.example.com"] {
        assert_eq!(verdict(&trusting(), &wild, host), Verdict::Untrusted(Problem::NameMismatch), "{host}");
    }
    let whole_domain = authority().issue(Kind::Ecdsa, leaf("*.org", &[]));
    assert_ne!(verdict(&trusting(), &whole_domain, "example.org"), Verdict::Trusted);
}

#[test]
fn an_authority_that_limits_names_makes_no_exceptions() {
    let mut params = authority_params("Limited CA");
    params.name_constraints = Some(rcgen::NameConstraints {
        permitted_subtrees: vec![rcgen::GeneralSubtree::DnsName("example.org".to_owned())],
        excluded_subtrees: Vec::new(),
    });
    let limited = self_signed(Kind::Ecdsa, params);
    let trusting = TlsOptions { ca: Some(vec![limited.certificate()]), ..trusting() };
    let within = limited.issue(Kind::Ecdsa, leaf("x", &["a.example.org"]));
    assert_eq!(verdict(&trusting, &within, "a.example.org"), Verdict::Trusted);
    let mut also_authority = local();
    also_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // What it may not say as an alternative name it may not say otherwise either.
    for made in [
        limited.issue(Kind::Ecdsa, leaf("localhost", &["localhost"])),
        limited.issue(Kind::Ecdsa, leaf("localhost", &[])),
        limited.issue(Kind::Ecdsa, also_authority),
        limited.issue_version_1("localhost"),
    ] {
        assert_ne!(verdict(&trusting, &made, "localhost"), Verdict::Trusted);
    }
}

#[test]
fn the_built_in_roots_make_no_exceptions() {
    let mut params = local();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let roots = Arc::new(Roots::built_in(&[authority().certificate()], Vec::new()));
    let judge_by = |roots: &Arc<Roots>, made: &Made| {
        verify::PeerPolicy {
            roots: Arc::clone(roots),
            revocation_lists: Arc::default(),
            purpose: certificate::Purpose::Server,
            demands: Arc::new(Demands::new(ExpectedName::Name("localhost".to_owned()), true)),
        }
        .judge(&[made.certificate()], rustls::pki_types::UnixTime::now())
    };
    let judge = |made: &Made| judge_by(&roots, made);
    assert_eq!(judge(server(Kind::Ecdsa)), Verdict::Trusted);
    assert_ne!(judge(&authority().issue(Kind::Ecdsa, params.clone())), Verdict::Trusted);
    assert_ne!(judge(&authority().issue(Kind::Ecdsa, leaf("localhost", &[]))), Verdict::Trusted);
    assert_ne!(judge(&authority().issue_version_1("localhost")), Verdict::Trusted);

    // Those that the process's user has added do, for what is theirs.
    let own = self_signed(Kind::Ecdsa, params.clone());
    let other = self_signed(Kind::Ecdsa, authority_params("Another CA"));
    let roots = Arc::new(Roots::built_in(&[authority().certificate()], vec![other.certificate(), own.certificate()]));
    assert_eq!(judge_by(&roots, &own), Verdict::Trusted);
    assert_eq!(judge_by(&roots, &other.issue(Kind::Ecdsa, params.clone())), Verdict::Trusted);
    assert_ne!(judge_by(&roots, &authority().issue(Kind::Ecdsa, params)), Verdict::Trusted);
    assert_eq!(judge_by(&roots, server(Kind::Ecdsa)), Verdict::Trusted);
}

#[test]
fn revocation_lists_are_obeyed() {
    let with_serial = |serial: u64| {
        let mut params = local();
        params.serial_number = Some(SerialNumber::from(serial));
        authority().issue(Kind::Ecdsa, params)
    };
    let options = TlsOptions { crls: vec![authority().revoke(&[7])], ..trusting() };
    assert_eq!(verdict(&options, &with_serial(7), "localhost"), Verdict::Untrusted(Problem::Revoked));
    assert_eq!(verdict(&options, &with_serial(8), "localhost"), Verdict::Trusted);
    // A list of another authority says nothing about this one.
    let other = self_signed(Kind::Ecdsa, authority_params("Another CA"));
    let options = TlsOptions { crls: vec![other.revoke(&[])], ..trusting() };
    assert_eq!(verdict(&options, &with_serial(8), "localhost"), Verdict::Untrusted(Problem::UnableToGetCrl));
    let broken = TlsOptions { crls: vec![vec![1, 2, 3].into()], ..trusting() };
    assert_eq!(ClientContext::new(&broken, None).map(|_| ()), Err(ContextError::InvalidCrl));
}

#[test]
fn a_peer_must_hold_the_key_of_its_certificate() {
    // The leaf of one and the key of another; webpki would be content with the chain.
    let thief =
        KeyAndChain { key: server(Kind::Ecdsa).identity().key, ..authority().issue(Kind::Ecdsa, local()).identity() };
    let options = TlsOptions { identities: vec![thief], ..TlsOptions::default() };
    for versions in [0x0303, 0x0304] {
        let versions = Versions { minimum: Some(versions), maximum: Some(versions) };
        let client = TlsOptions { versions, reject_unauthorized: false, ..trusting() };
        assert!(shake(&client, std::slice::from_ref(&options), "localhost").client.is_err());
    }
    // The same where the key is taken from a certificate that webpki does not read.
    let thief =
        KeyAndChain { key: server(Kind::Ecdsa).identity().key, ..authority().issue_version_1("localhost").identity() };
    let options = TlsOptions { identities: vec![thief], ..TlsOptions::default() };
    for versions in [0x0303, 0x0304] {
        let versions = Versions { minimum: Some(versions), maximum: Some(versions) };
        let client = TlsOptions { versions, reject_unauthorized: false, ..trusting() };
        assert!(shake(&client, std::slice::from_ref(&options), "localhost").client.is_err());
    }
}

#[test]
fn outside_of_a_scope_every_certificate_is_refused() {
    use rustls::client::danger::ServerCertVerifier as _;
    use rustls::pki_types::{ServerName, UnixTime};
    use rustls::server::danger::ClientCertVerifier as _;
    let name = ServerName::try_from("localhost").expect("a name");
    let certificate = server(Kind::Ecdsa).certificate();
    assert!(verify::ServerVerifier.verify_server_cert(&certificate, &[], &name, &[], UnixTime::now()).is_err());
    let clients = verify::ClientVerifier { roots: Arc::default(), mandatory: false };
    assert!(clients.verify_client_cert(&client().certificate(), &[], UnixTime::now()).is_err());
}

#[test]
fn a_root_that_the_program_named_is_held_to_what_it_says_of_itself() {
    let root = |change: &dyn Fn(&mut CertificateParams)| {
        let mut params = authority_params("A root");
        change(&mut params);
        self_signed(Kind::Ecdsa, params)
    };
    let unknown = || {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(true);
        extension
    };
    let cases = [
        (root(&|_| {}), None),
        (
            root(&|params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature]),
            Some(Problem::UnableToVerifyLeafSignature),
        ),
        (root(&|params| params.is_ca = IsCa::NoCa), Some(Problem::InvalidPurpose)),
        (root(&|params| params.custom_extensions = vec![unknown()]), Some(Problem::UnhandledCriticalExtension)),
        (root(&|params| params.not_after = date_time_ymd(2020, 1, 1)), Some(Problem::HasExpired)),
        (root(&|params| params.not_before = date_time_ymd(2080, 1, 1)), Some(Problem::NotYetValid)),
    ];
    for (root, problem) in &cases {
        let expected = problem.map_or(Verdict::Trusted, Verdict::Untrusted);
        let issued = root.issue(Kind::Ecdsa, local());
        assert_eq!(verdict(&trusting_also(root), &issued, "localhost"), expected);
    }
    // One certificate with the same name and key that is good is enough, whichever comes first.
    let (good, expired) = (&cases[0].0, &cases[4].0);
    let renewed = good.params.self_signed(&expired.key).expect("a certificate").der().clone();
    let issued = expired.issue(Kind::Ecdsa, local());
    for ca in [vec![expired.certificate(), renewed.clone()], vec![renewed, expired.certificate()]] {
        assert_eq!(verdict(&TlsOptions { ca: Some(ca), ..trusting() }, &issued, "localhost"), Verdict::Trusted);
    }
}

#[test]
fn a_root_says_how_long_a_chain_may_be() {
    let root = |length| {
        let mut params = authority_params("A root");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(length));
        self_signed(Kind::Ecdsa, params)
    };
    for (length, expected) in [(0, Verdict::Untrusted(Problem::PathLengthExceeded)), (1, Verdict::Trusted)] {
        let root = root(length);
        let between = root.issue(Kind::Ecdsa, authority_params("Between"));
        let issued = between.issue(Kind::Ecdsa, local()).with_chain(vec![between.certificate()]);
        assert_eq!(verdict(&trusting_also(&root), &issued, "localhost"), expected);
        assert_eq!(verdict(&trusting_also(&root), &root.issue(Kind::Ecdsa, local()), "localhost"), Verdict::Trusted);
    }
}

#[test]
fn a_partial_chain_is_trusted_where_the_program_says_so() {
    let root = self_signed(Kind::Ecdsa, authority_params("A root"));
    let between = root.issue(Kind::Ecdsa, authority_params("Between"));
    let issued = between.issue(Kind::Ecdsa, local());
    for named in [&between, &issued] {
        let partial = TlsOptions { partial_chains: true, ..trusting_also(named) };
        assert_eq!(verdict(&partial, &issued, "localhost"), Verdict::Trusted);
        assert_eq!(verdict(&partial, &issued, "elsewhere"), Verdict::Untrusted(Problem::NameMismatch));
        assert_ne!(verdict(&trusting_also(named), &issued, "localhost"), Verdict::Trusted);
    }
}

#[test]
fn a_key_that_may_not_sign_makes_no_handshake_on_either_side() {
    let mut params = local();
    params.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    let misused = authority().issue(Kind::Rsa, params.clone());
    let lenient = TlsOptions { reject_unauthorized: false, ..trusting() };
    let misuse = |failure: &HandshakeFailure| matches!(failure, HandshakeFailure::Protocol(it) if it.reason == "KEY_USAGE_BIT_INCORRECT");
    let pair = shake(&lenient, &[serving(&misused)], "localhost");
    assert!(misuse(&pair.client.expect_err("a refusal").failure));
    assert!(
        matches!(&pair.server.expect_err("an alert").failure, HandshakeFailure::Protocol(it) if it.reason == "SSLV3_ALERT_ILLEGAL_PARAMETER")
    );

    let asking = TlsOptions { request_cert: true, reject_unauthorized: false, ..serving(server(Kind::Ecdsa)) };
    let showing = TlsOptions { identities: vec![misused.identity()], ..trusting() };
    assert!(misuse(&shake(&showing, &[asking], "localhost").server.expect_err("a refusal").failure));

    // Of EC keys it is known from the start.
    let own = authority().issue(Kind::Ecdsa, params);
    assert!(matches!(ServerContext::new(&[serving(&own)], None), Err(ContextError::KeyUsage(_))));
}

#[test]
fn a_name_that_comes_after_the_certificate_was_judged_counts() {
    // The certificate comes a flight before the end there, in the second of three steps.
    let options = TlsOptions { versions: TLS12, reject_unauthorized: false, ..trusting() };
    for (name, expected) in
        [("localhost", Verdict::Trusted), ("wrong.example", Verdict::Untrusted(Problem::NameMismatch))]
    {
        let client = Arc::new(ClientContext::new(&options, None).expect("the client's options"));
        let contexts = [serving(server(Kind::Ecdsa))];
        let server = Arc::new(ServerContext::new(&contexts, None).expect("the server's options"));
        let parameters = client.parameters(Some("localhost"));
        let demands = Arc::clone(&parameters.demands);
        let (handshaken, steps) = runtime().block_on(async move {
            let (near, far) = tokio::io::duplex(64 * 1024);
            let mut client = pin!(client_handshake(near, client, parameters));
            let mut server = pin!(server_handshake(far, server, ServerParameters::default()));
            let (mut steps, mut is_served) = (0, false);
            poll_fn(|cx| {
                steps += 1;
                if let Poll::Ready(done) = client.as_mut().poll(cx) {
                    return Poll::Ready((done, steps));
                }
                if steps == 2 {
                    demands.expect(ExpectedName::Name(name.to_owned()));
                }
                is_served = is_served || server.as_mut().poll(cx).is_ready();
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await
        });
        assert_eq!(steps, 3);
        assert_eq!(handshaken.expect("a handshake").session.verdict(), Some(expected));
    }
}
