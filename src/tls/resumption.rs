//! Sessions that a program saves with `getSession()` and gives back with `setSession()`.
//!
//! rustls 0.23 cannot turn a session into bytes. So the bytes that a program gets are a handle, and the session stays in a
//! vault of this process. They work as a Buffer of Bun's does within the process, repeatedly; another process ignores them,
//! which costs a full handshake.
//!
//! A TLS 1.3 ticket is used once. A resumed connection therefore works on the same [`SavedSession`] as the one that the
//! handle was taken from: the tickets that its server sends refill it.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;

use super::provider::provider;

/// Sessions that have a handle, at most. The oldest go first: a program that saves sessions needs the recent ones.
const VAULT_SIZE: usize = 1024;

/// TLS 1.3 tickets kept for one session. Servers send two; more than a few are never used at a time.
const TICKETS: usize = 4;

const HANDLE_PREFIX: &[u8; 16] = b"bun-sockets/tls1";
const HANDLE_SIZE: usize = 48;
type Handle = [u8; HANDLE_SIZE];

static VAULT: Mutex<Option<Vault>> = Mutex::new(None);

#[derive(Default)]
struct Vault {
    sessions: HashMap<Handle, Arc<SavedSession>>,
    /// In the order in which handles were made.
    order: VecDeque<Handle>,
}

impl Vault {
    fn keep(&mut self, handle: Handle, session: Arc<SavedSession>) {
        if self.sessions.insert(handle, session).is_none() {
            self.order.push_back(handle);
        }
        if self.order.len() > VAULT_SIZE
            && let Some(oldest) = self.order.pop_front()
        {
            self.sessions.remove(&oldest);
        }
    }
}

/// What a client connection learnt from its server for a later one.
#[derive(Default)]
pub struct SavedSession {
    state: Mutex<State>,
    handle: OnceLock<Handle>,
}

#[derive(Default)]
struct State {
    tls12: Option<Tls12ClientSessionValue>,
    tls13: VecDeque<Tls13ClientSessionValue>,
    group: Option<NamedGroup>,
    /// The latest ticket's bytes, as far as they are known: reading them takes 50 µs, and few programs ask. Those of TLS 1.3 are read when
    /// somebody does, or when the ticket is used.
    ticket: Option<Vec<u8>>,
    /// How many sessions came, tickets or not.
    received: u32,
}

impl State {
    fn read_ticket(&mut self) {
        if self.ticket.is_none() {
            self.ticket = self.tls13.back().and_then(ticket_bytes);
        }
    }
}

impl SavedSession {
    /// How many sessions a server has given so far.
    #[must_use]
    pub fn received(&self) -> u32 {
        self.lock().received
    }

    /// The bytes that `getSession()` hands out; `None` when the system has no randomness to offer.
    pub fn handle(self: &Arc<Self>) -> Option<&[u8]> {
        if let Some(handle) = self.handle.get() {
            return Some(handle);
        }
        let made = opaque_handle()?;
        let handle = self.handle.get_or_init(|| made);
        VAULT.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().keep(*handle, Arc::clone(self));
        Some(handle)
    }

    /// The bytes of the latest ticket, `None` as long as the server sent none.
    #[must_use]
    pub fn ticket(&self) -> Option<Vec<u8>> {
        let mut state = self.lock();
        state.read_ticket();
        state.ticket.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The session that `handle` stands for; `None` for junk and for what has been forgotten.
#[must_use]
pub fn find_session(handle: &[u8]) -> Option<Arc<SavedSession>> {
    let handle: &Handle = handle.try_into().ok()?;
    VAULT.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.sessions.get(handle).map(Arc::clone)
}

/// Bytes for a session that cannot be resumed, as a server's: they look like a handle and lead nowhere.
pub(super) fn opaque_handle() -> Option<Handle> {
    let mut handle = [0; HANDLE_SIZE];
    let (prefix, random) = handle.split_at_mut(HANDLE_PREFIX.len());
    prefix.copy_from_slice(HANDLE_PREFIX);
    provider().secure_random.fill(random).ok()?;
    Some(handle)
}

impl fmt::Debug for SavedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SavedSession").field("tickets", &self.lock().tls13.len()).finish_non_exhaustive()
    }
}

/// The name is not looked at: a program chose this session for this connection, and the certificate in it is judged again
/// for the name that the connection expects.
impl ClientSessionStore for SavedSession {
    fn set_kx_hint(&self, _server_name: ServerName<'static>, group: NamedGroup) {
        self.lock().group = Some(group);
    }

    fn kx_hint(&self, _server_name: &ServerName<'_>) -> Option<NamedGroup> {
        self.lock().group
    }

    fn set_tls12_session(&self, _server_name: ServerName<'static>, value: Tls12ClientSessionValue) {
        let ticket = ticket_bytes(&value);
        let mut state = self.lock();
        // rustls saves a session again that was resumed, with the ticket that it had, if the server gave no new one.
        if state.tls12.is_none() || ticket != state.ticket {
            state.received += 1;
        }
        state.ticket = ticket;
        state.tls12 = Some(value);
    }

    fn tls12_session(&self, _server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.lock().tls12.clone()
    }

    fn remove_tls12_session(&self, _server_name: &ServerName<'static>) {
        self.lock().tls12 = None;
    }

    fn insert_tls13_ticket(&self, _server_name: ServerName<'static>, value: Tls13ClientSessionValue) {
        let mut state = self.lock();
        state.ticket = None;
        state.received += 1;
        if state.tls13.len() == TICKETS {
            state.tls13.pop_front();
        }
        state.tls13.push_back(value);
    }

    fn take_tls13_ticket(&self, _server_name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        let mut state = self.lock();
        state.read_ticket();
        state.tls13.pop_back()
    }
}

/// The ticket's bytes. rustls shows them nowhere but in the Debug form, where they are the field `ticket`, in hexadecimal.
fn ticket_bytes(value: &impl fmt::Debug) -> Option<Vec<u8>> {
    let mut text = TicketText::default();
    let _stopped_early = fmt::write(&mut text, format_args!("{value:?}"));
    let digits = text.digits()?;
    let bytes: Option<Vec<u8>> =
        digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    bytes.filter(|bytes| !bytes.is_empty())
}

/// Collects a Debug text up to the end of its `ticket` field; the certificates that follow would be long.
#[derive(Default)]
struct TicketText(String);

impl TicketText {
    const FIELD: &str = "ticket: ";

    fn digits(&self) -> Option<&str> {
        let (_, rest) = self.0.split_once(Self::FIELD)?;
        rest.split_once(',').map(|(digits, _)| digits)
    }
}

impl fmt::Write for TicketText {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.0.push_str(piece);
        if self.digits().is_some() { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vault_forgets_the_oldest() {
        let mut vault = Vault::default();
        let handle = |number: usize| {
            let mut handle = Handle::from([0; HANDLE_SIZE]);
            handle[..8].copy_from_slice(&number.to_le_bytes());
            handle
        };
        for number in 0..=VAULT_SIZE {
            vault.keep(handle(number), Arc::default());
        }
        assert!(!vault.sessions.contains_key(&handle(0)));
        assert!(vault.sessions.contains_key(&handle(1)));
        assert_eq!((vault.sessions.len(), vault.order.len()), (VAULT_SIZE, VAULT_SIZE));
    }
}
