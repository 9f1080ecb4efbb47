//! What a peer may say instead of a handshake: the first byte tells to which side, the rest is said, in pieces.

use bun_sockets::tls::{ClientParameters, ServerParameters, client_handshake, server_handshake};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::parties::{TIME_LIMIT, client, server, wait};

/// The longest handshake that is tried, so that it fits into the pipe at once.
const LONGEST: usize = 60_000;

/// Neither side may panic, hang, or take the bytes for a finished handshake: nobody here has a key.
pub(crate) fn run(bytes: &[u8]) {
    let [choice, said @ ..] = bytes else { return };
    let said = &said[..said.len().min(LONGEST)];
    let to_server = choice % 2 == 0;
    let piece = usize::from(choice >> 1) + 1;
    wait(async {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (mut from, mut to) = tokio::io::split(far);
        // Whatever is answered is taken.
        let reader = tokio::spawn(async move {
            let mut answer = Vec::new();
            drop(from.read_to_end(&mut answer).await);
            answer.len()
        });
        let side = tokio::spawn(async move {
            if to_server {
                let parameters = ServerParameters { time_limit: TIME_LIMIT, ..ServerParameters::default() };
                server_handshake(near, server(), parameters).await.is_ok()
            } else {
                let client = client();
                let parameters = ClientParameters { time_limit: TIME_LIMIT, ..client.parameters(Some("localhost")) };
                client_handshake(near, client, parameters).await.is_ok()
            }
        });
        for piece in said.chunks(piece) {
            // The side may have hung up by now.
            if to.write_all(piece).await.is_err() {
                break;
            }
        }
        drop(to.shutdown().await);
        assert!(!side.await.expect("no panic"), "a handshake out of nothing");
        reader.await.expect("no panic");
    });
}
