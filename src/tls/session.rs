//! The record layer of an established connection: bytes in, bytes out, no I/O of its own.

use std::io::{self, BufRead as _, Read as _, Write};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{Connection, IoState, ProtocolVersion};

use super::alerts::failure_of;
use super::failure::{CertificateProblem, ProtocolFailure};
use super::framing::{Framing, HEADER, MAX_PAYLOAD, is_plausible, payload_length};
use super::identity::Identities;
use super::names::{group_name_and_bits, openssl_name, standard_name};
use super::opener::Opener;
use super::resumption::{SavedSession, opaque_handle};
use super::scope::Scope;
use super::verify::Verdict;
use crate::sys::give_back;

/// Ciphertext that may wait for the transport. A write takes no more plaintext than fits, so that what a slow peer does not
/// read stays with the program, which is told by the return value.
const BACKLOG: usize = 64 * 1024;

/// Plaintext that one record can hold at most.
const MAX_FRAGMENT: usize = 16384;

/// Type and version of a record that may hold application data, with either version of the protocol.
const APPLICATION_DATA: [u8; 3] = [23, 3, 3];

/// The smallest record size that `setMaxSendFragment()` takes, as in OpenSSL.
const MIN_FRAGMENT: usize = 512;

/// Which side of the handshake this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The side that began.
    Client,
    /// The side that answered.
    Server,
}

/// What one piece of ciphertext brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Bytes of plaintext that were put out. They come before what the other fields say.
    pub plaintext: usize,
    /// The peer said that it will send no more.
    pub peer_closed: bool,
    /// The connection is broken: bad records, or an alert from the peer.
    pub failure: Option<ProtocolFailure>,
}

/// The names of a cipher suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CipherNames {
    /// OpenSSL's name.
    pub name: &'static str,
    /// The standard's name.
    pub standard_name: &'static str,
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
}

/// The key exchange of a TLS 1.2 client connection. It is always ECDHE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EphemeralKey {
    /// OpenSSL's name of the curve.
    pub name: &'static str,
    /// The key's size in bits.
    pub bits: u32,
}

/// What the handshake settled and rustls does not keep.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) role: Role,
    /// `None` on a server that asked for no certificate.
    pub(super) verdict: Option<Verdict>,
    pub(super) refused: bool,
    /// Whether the peer's certificate is for the expected name, whatever else is wrong with it.
    pub(super) name_matches: bool,
    pub(super) resumed: bool,
    /// The name that a client announced. A server's rustls keeps what it was told.
    pub(super) announced: Option<String>,
    pub(super) identities: Arc<Identities>,
    pub(super) own_finished: Vec<u8>,
    pub(super) peer_finished: Vec<u8>,
    /// Where a client's tickets go.
    pub(super) saved: Option<Arc<SavedSession>>,
}

/// What goes in front of everything else that is sent: a server's tickets, or the last words of the handshake.
#[derive(Debug)]
enum First {
    /// Tickets, for something that goes along; empty on most connections, and on all that have sent anything.
    Waits(Vec<u8>),
    /// Last words, for the next opportunity, with whatever else there is by then.
    Due(Vec<u8>),
    /// They are being sent, together with what went along.
    Leaves(Vec<u8>),
}

/// An established TLS connection without its transport.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each of which only ever becomes true, but for one"
)]
pub struct Session {
    connection: Connection,
    facts: Facts,
    framing: Framing,
    opener: Option<Opener>,
    /// Whether the last record was application data, so that the next one may be opened here.
    direct: bool,
    /// Whether the memory that rustls reads into is to take up none.
    gives_back: bool,
    unfinished: Vec<u8>,
    first: First,
    max_fragment: usize,
    /// A server's answer to `getSession()`, made when it is first asked for.
    server_handle: Option<Vec<u8>>,
    peer_closed: bool,
    closing: bool,
    failed: bool,
}

/// A reader that has nothing to give, and takes the pages that it was to fill.
struct Reclaiming;

impl io::Read for Reclaiming {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        give_back(into);
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl Session {
    pub(super) fn new(
        connection: Connection,
        facts: Facts,
        framing: Framing,
        tickets: Vec<u8>,
        opener: Option<Opener>,
    ) -> Self {
        let mut session = Self {
            connection,
            facts,
            framing,
            opener,
            direct: false,
            gives_back: false,
            unfinished: Vec::new(),
            first: First::Waits(tickets),
            max_fragment: MAX_FRAGMENT,
            server_handle: None,
            peer_closed: false,
            closing: false,
            failed: false,
        };
        session.connection.set_buffer_limit(Some(BACKLOG));
        // Records may have come with the last flight. Should one of them be bad, the next one finds rustls in that state.
        session.peer_closed = session.process().is_ok_and(|state| state.peer_has_closed());
        session
    }

    /// Room that [`Self::open`] needs for `ciphertext` bytes: the rest of a record may already be here.
    #[must_use]
    pub const fn room_for(ciphertext: usize) -> usize {
        ciphertext + HEADER + MAX_PAYLOAD
    }

    /// The beginning of a record whose rest is still to come. It must be in front of what is given to [`Self::open`] next.
    #[must_use]
    pub fn unfinished(&self) -> &[u8] {
        &self.unfinished
    }

    /// Does what [`Self::open`] does with bytes that are not its to write to.
    pub fn receive(&mut self, ciphertext: &[u8], into: &mut [u8]) -> Received {
        let mut all = std::mem::take(&mut self.unfinished);
        all.extend_from_slice(ciphertext);
        self.open(&mut all, into)
    }

    /// Takes all of `ciphertext`, the [`Self::unfinished`] bytes and what came after them, decrypts it in place and puts the
    /// plaintext into `into`, which must have [`Self::room_for`] it. Answers that TLS itself makes (key updates, alerts)
    /// wait in the ciphertext to be sent: call [`Self::send`] afterwards.
    ///
    /// After a failure, and after the peer's close, further ciphertext is ignored.
    pub fn open(&mut self, ciphertext: &mut [u8], into: &mut [u8]) -> Received {
        let mut received = Received { plaintext: self.read_plaintext(into), ..Received::default() };
        // What rustls has begun to read before the handshake was over, it gets to the end.
        let mut start = self.framing.finish(ciphertext);
        self.pass_on(&ciphertext[..start], into, &mut received);
        let mut passed_on = start > 0;
        while let Some(header) = ciphertext[start..].first_chunk::<HEADER>()
            && !self.failed
            && !self.peer_closed
        {
            let (header, payload) = (*header, payload_length(*header));
            if !is_plausible(header) {
                // rustls says what is wrong with it, and need not wait for the rest.
                self.framing.pass(&header);
                start += HEADER;
                self.pass_on(&header, into, &mut received);
                break;
            }
            let Some(record) = ciphertext.get_mut(start..start + HEADER + payload) else { break };
            start += record.len();
            // After anything but data, data goes to rustls once, too: it counts what may come only so often in between.
            if self.direct
                && header.starts_with(&APPLICATION_DATA)
                && let Some(opener) = &self.opener
                && let Some(count) = opener.open(&mut record[HEADER..], &mut into[received.plaintext..])
            {
                received.plaintext += count;
                continue;
            }
            passed_on = true;
            let before = received.plaintext;
            self.pass_on(record, into, &mut received);
            self.direct = received.plaintext > before;
        }
        let ignored = self.failed || self.peer_closed;
        if passed_on && self.gives_back {
            self.give_back();
        }
        // Most reads end with a record. Then the memory is freed: most connections are idle.
        self.unfinished = if ignored { Vec::new() } else { ciphertext[start..].to_vec() };
        received.peer_closed = self.peer_closed;
        received
    }

    /// How much plaintext [`Self::open`] would make of `ciphertext`: exactly so much, unless records are padded, bad, or not
    /// data; then less. `None` while that can't be told.
    #[must_use]
    pub fn expected(&self, mut ciphertext: &[u8]) -> Option<usize> {
        let overhead = self.opener.as_ref().filter(|_| self.direct)?.overhead();
        let mut plaintext = 0;
        while let Some(header) = ciphertext.first_chunk::<HEADER>() {
            let payload = payload_length(*header);
            let Some(after) = ciphertext.get(HEADER + payload..) else { break };
            plaintext += payload.saturating_sub(overhead);
            ciphertext = after;
        }
        Some(plaintext)
    }

    /// Gives rustls bytes of one record.
    fn pass_on(&mut self, mut bytes: &[u8], into: &mut [u8], received: &mut Received) {
        while !bytes.is_empty() && !self.failed && !self.peer_closed {
            let before = bytes.len();
            while !bytes.is_empty() && matches!(self.connection.read_tls(&mut bytes), Ok(1..)) {}
            match self.process() {
                Ok(state) => self.peer_closed = state.peer_has_closed(),
                Err(error) => {
                    self.failed = true;
                    received.failure = Some(failure_of(&error, false));
                }
            }
            received.plaintext += self.read_plaintext(&mut into[received.plaintext..]);
            if bytes.len() == before && !self.failed {
                // Even now rustls does not read: the peer has sent most of a message that is larger than any may be.
                self.failed = true;
                received.failure = Some(ProtocolFailure::EXCESSIVE_MESSAGE_SIZE);
            }
        }
    }

    /// Gives the memory back to the system that rustls has read the handshake into, and keeps for good. From now on it does so whenever
    /// rustls has been given something, which it seldom is.
    pub fn give_back(&mut self) {
        self.gives_back = true;
        // Only between two records: what has come of one is in that memory.
        if self.framing.is_between() {
            // Nothing is read, so that all that this can come to is a failure which changes nothing.
            let _ = self.connection.read_tls(&mut Reclaiming);
        }
    }

    /// Whether the memory that rustls would read into takes up any.
    #[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
    pub(crate) fn holds_memory(&mut self) -> bool {
        let mut resident = false;
        self.look_at_buffer(|buffer| resident = crate::sys::is_resident(buffer));
        resident
    }

    /// Has `look` look at the memory that rustls would read into.
    #[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
    pub(super) fn look_at_buffer(&mut self, look: impl FnMut(&mut [u8])) {
        struct Looking<F>(F);
        impl<F: FnMut(&mut [u8])> io::Read for Looking<F> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                (self.0)(into);
                Err(io::ErrorKind::WouldBlock.into())
            }
        }
        let failure = self.connection.read_tls(&mut Looking(look)).expect_err("nothing was read");
        assert_eq!(failure.kind(), io::ErrorKind::WouldBlock);
    }

    fn process(&mut self) -> Result<IoState, rustls::Error> {
        let mut scope = Scope { opener: self.opener.take(), ..Scope::default() };
        let processed = scope.enter(|| self.connection.process_new_packets());
        self.opener = scope.opener;
        processed
    }

    /// Plaintext that is already here: what came with the peer's last handshake flight. 0 = none.
    pub fn read_plaintext(&mut self, into: &mut [u8]) -> usize {
        let mut total = 0;
        while total < into.len() {
            match self.connection.reader().read(&mut into[total..]) {
                Ok(0) | Err(_) => break,
                Ok(count) => total += count,
            }
        }
        total
    }

    /// Whether [`Self::read_plaintext`] would find something.
    pub fn has_plaintext(&mut self) -> bool {
        self.connection.reader().fill_buf().is_ok_and(|plaintext| !plaintext.is_empty())
    }

    /// Encrypts as much of `data` as the backlog has room for and returns how much that was. The ciphertext waits for
    /// [`Self::send`].
    pub fn write_plaintext(&mut self, data: &[u8]) -> usize {
        if self.failed || self.closing {
            return 0;
        }
        // One call makes its own records, so small fragments are made by small calls.
        let piece = if self.max_fragment < MAX_FRAGMENT { self.max_fragment } else { BACKLOG };
        let mut taken = 0;
        for piece in data.chunks(piece) {
            match self.connection.writer().write(piece) {
                Ok(count) => {
                    taken += count;
                    if count < piece.len() {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
        taken
    }

    /// Whether ciphertext waits to be sent.
    #[must_use]
    pub fn wants_send(&self) -> bool {
        self.connection.wants_write() || matches!(self.first, First::Due(_) | First::Leaves(_))
    }

    /// Has the last words of the handshake, unless there are none, sent in front of everything else.
    pub(crate) fn sends_first(&mut self, mut last_words: Vec<u8>) {
        if last_words.is_empty() {
            return;
        }
        if let First::Waits(tickets) = &mut self.first {
            last_words.append(tickets);
        }
        self.first = First::Due(last_words);
    }

    /// The peer is not to hear the last words of the handshake.
    pub(crate) fn sends_nothing_first(&mut self) {
        self.first = First::Waits(Vec::new());
    }

    /// Hands waiting ciphertext to `transport`, once. Returns what it took; 0 when nothing waits.
    ///
    /// # Errors
    /// Those of the transport, `WouldBlock` among them.
    pub fn send(&mut self, transport: &mut dyn Write) -> io::Result<usize> {
        match &mut self.first {
            First::Waits(_) if !self.connection.wants_write() => Ok(0),
            First::Waits(bytes) if bytes.is_empty() => self.connection.write_tls(transport),
            First::Waits(bytes) | First::Due(bytes) => {
                while self.connection.wants_write() {
                    self.connection.write_tls(bytes)?;
                }
                self.first = First::Leaves(std::mem::take(bytes));
                self.send(transport)
            }
            First::Leaves(bytes) => {
                let sent = transport.write(bytes)?;
                bytes.drain(..sent);
                if bytes.is_empty() {
                    self.first = First::Waits(Vec::new());
                }
                Ok(sent)
            }
        }
    }

    /// Changes the keys for what is sent, as rustls does by itself after very many records of TLS 1.3.
    #[cfg(test)]
    pub(super) fn change_keys(&mut self) {
        self.connection.refresh_traffic_keys().expect("TLS 1.3, after the handshake");
    }

    /// Queues the message that says that this side will send no more. Nothing can be written afterwards.
    pub fn close_notify(&mut self) {
        self.closing = true;
        self.connection.send_close_notify();
    }

    /// Whether the peer said that it will send no more.
    #[must_use]
    pub fn peer_closed(&self) -> bool {
        self.peer_closed
    }

    /// The side of the handshake.
    #[must_use]
    pub fn role(&self) -> Role {
        self.facts.role
    }

    /// The judgement of the peer's certificate; `None` on a server that asked for none.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        self.facts.verdict
    }

    /// Whether the peer's certificate was verified.
    #[must_use]
    pub fn authorized(&self) -> bool {
        self.facts.verdict == Some(Verdict::Trusted)
    }

    /// Why the peer is not authorized, if it was to be.
    #[must_use]
    pub fn authorization_problem(&self) -> Option<CertificateProblem> {
        match self.facts.verdict {
            Some(Verdict::Untrusted(problem)) => Some(problem),
            Some(Verdict::Trusted) | None => None,
        }
    }

    /// Whether the peer's certificate is for the expected name, whatever else is wrong with it.
    #[must_use]
    pub fn name_matches(&self) -> bool {
        self.facts.name_matches
    }

    /// Whether the connection must be closed because of the peer's certificate. Its plaintext must not be delivered and
    /// nothing may be written.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.facts.refused
    }

    /// The negotiated application protocol.
    #[must_use]
    pub fn alpn_protocol(&self) -> Option<&[u8]> {
        self.connection.alpn_protocol()
    }

    /// The peer's certificates, DER, leaf first.
    #[must_use]
    pub fn peer_certificates(&self) -> &[CertificateDer<'static>] {
        self.connection.peer_certificates().unwrap_or_default()
    }

    /// This side's certificate, DER.
    #[must_use]
    pub fn own_certificate(&self) -> Option<&CertificateDer<'static>> {
        self.facts.identities.leaf()
    }

    /// The name that the client announced.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        match &self.connection {
            Connection::Server(connection) => connection.server_name(),
            Connection::Client(_) => self.facts.announced.as_deref(),
        }
    }

    /// `TLSv1.2` or `TLSv1.3`.
    #[must_use]
    pub fn version(&self) -> &'static str {
        match self.connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "TLSv1.3",
        }
    }

    /// The cipher suite.
    #[must_use]
    pub fn cipher(&self) -> Option<CipherNames> {
        let suite = self.connection.negotiated_cipher_suite()?.suite();
        Some(CipherNames { name: openssl_name(suite), standard_name: standard_name(suite), version: self.version() })
    }

    /// The key exchange, where Bun tells it: on a client, of the groups that it has a name for.
    #[must_use]
    pub fn ephemeral_key(&self) -> Option<EphemeralKey> {
        if self.facts.role == Role::Server {
            return None;
        }
        let group = self.connection.negotiated_key_exchange_group()?.name();
        group_name_and_bits(group).map(|(name, bits)| EphemeralKey { name, bits })
    }

    /// Whether the handshake resumed an earlier session.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.facts.resumed
    }

    /// This side's Finished message.
    #[must_use]
    pub fn finished(&self) -> &[u8] {
        &self.facts.own_finished
    }

    /// The peer's Finished message.
    #[must_use]
    pub fn peer_finished(&self) -> &[u8] {
        &self.facts.peer_finished
    }

    /// A handle for `setSession()`; see [`super::find_session`]. A server's leads nowhere.
    pub fn session_handle(&mut self) -> Option<Vec<u8>> {
        if let Some(saved) = &self.facts.saved {
            return saved.handle().map(<[u8]>::to_vec);
        }
        if self.server_handle.is_none() {
            self.server_handle = opaque_handle().map(|handle| handle.to_vec());
        }
        self.server_handle.clone()
    }

    /// The bytes of the latest session ticket that a client got.
    #[must_use]
    pub fn ticket(&self) -> Option<Vec<u8>> {
        self.facts.saved.as_ref()?.ticket()
    }

    /// Keying material for another protocol (RFC 5705, RFC 8446 7.5). `length` 0 gives nothing.
    #[must_use]
    pub fn export_keying_material(&self, length: usize, label: &[u8], context: Option<&[u8]>) -> Option<Vec<u8>> {
        let output = vec![0; length];
        if length == 0 {
            return Some(output);
        }
        self.connection.export_keying_material(output, label, context).ok()
    }

    /// Makes records of at most `size` bytes of plaintext from now on. `false`: not a size that TLS knows.
    pub fn set_max_send_fragment(&mut self, size: usize) -> bool {
        let valid = (MIN_FRAGMENT..=MAX_FRAGMENT).contains(&size);
        if valid {
            self.max_fragment = size;
        }
        valid
    }
}
