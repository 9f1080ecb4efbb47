//! Certificates that a peer shows, and those and lists that a program names: the first byte says in which place the bytes are used.

use std::sync::Arc;

use bun_sockets::tls::{
    ClientContext, Roots, ServerContext, ServerParameters, TlsOptions, client_handshake, server_handshake,
};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};

use super::parties::{authority, client_options, leaf, server_options, wait};

/// Nothing may panic, and no handshake may succeed for a client that verifies, unless the certificate is the right one.
pub(crate) fn run(bytes: &[u8]) {
    let [place, der @ ..] = bytes else { return };
    let certificate = CertificateDer::from(der.to_vec());
    match place % 5 {
        0 => shown(&[certificate], &client_options(), der == leaf().as_ref()),
        // What else is sent along does not help and does not harm.
        1 => shown(&[leaf(), certificate], &client_options(), true),
        2 => {
            let trusting = TlsOptions { ca: Some(vec![authority(), certificate]), ..client_options() };
            if ClientContext::new(&trusting, None).is_ok() {
                shown(&[leaf()], &trusting, true);
            }
        }
        3 => drop(ClientContext::new(
            &TlsOptions { crls: vec![CertificateRevocationListDer::from(der.to_vec())], ..client_options() },
            None,
        )),
        _ => drop(Roots::built_in(std::slice::from_ref(&certificate), vec![certificate.clone()])),
    }
}

fn shown(chain: &[CertificateDer<'static>], trusting: &TlsOptions, right: bool) {
    for reject_unauthorized in [true, false] {
        let options = TlsOptions { reject_unauthorized, ..trusting.clone() };
        let client = Arc::new(ClientContext::new(&options, None).expect("options that were good before"));
        let Ok(server) = ServerContext::new(&[server_options(chain.to_vec())], None) else { return };
        wait(async {
            let (near, far) = tokio::io::duplex(64 * 1024);
            let server = tokio::spawn(server_handshake(far, Arc::new(server), ServerParameters::default()));
            let parameters = client.parameters(Some("localhost"));
            let outcome = client_handshake(near, client, parameters).await;
            let authorized = outcome.is_ok_and(|handshaken| handshaken.session.authorized());
            assert_eq!(authorized, right, "authorized, with rejectUnauthorized {reject_unauthorized}");
            drop(server.await.expect("no panic"));
        });
    }
}
