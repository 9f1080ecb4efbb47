//! Asking the program, in the middle of a handshake, what becomes of it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// What a client wants.
#[derive(Clone, Debug)]
pub struct Hello {
    /// The name that it announced.
    pub server_name: Option<String>,
    /// Its application protocols, in the wire format, if it has any.
    pub protocols: Option<Vec<u8>>,
}

/// What the program says to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The handshake goes on by the options.
    Default,
    /// The handshake goes on with this application protocol, or with none.
    Protocol(Option<Vec<u8>>),
    /// No application protocol is good enough, which the client is told.
    NoProtocol,
    /// The connection ends without a word.
    Reject,
}

/// All that the program has said.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// `None` if it was never answered.
    pub(super) choice: Option<Choice>,
    /// `setVerifyMode(requestCert, rejectUnauthorized)` while it was asked.
    pub(super) verify_mode: Option<(bool, bool)>,
}

/// One question, asked on a tokio thread and answered on the program's.
pub struct Selection {
    hello: Mutex<Option<Hello>>,
    answer: Mutex<Answer>,
    answered: Notify,
    ask: Box<dyn Fn() + Send + Sync>,
}

impl Selection {
    /// A question that has not been asked yet; `ask` makes the program's thread look at it.
    #[must_use]
    pub fn new(ask: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        let (hello, answer) = (Mutex::default(), Mutex::default());
        Arc::new(Self { hello, answer, answered: Notify::new(), ask: Box::new(ask) })
    }

    /// What the client wants, once.
    pub fn take_hello(&self) -> Option<Hello> {
        self.hello.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether the client is asked for a certificate, and refused without a valid one: to be said before the answer.
    pub fn set_verify_mode(&self, request: bool, reject: bool) {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).verify_mode = Some((request, reject));
    }

    /// Answers.
    pub fn choose(&self, choice: Choice) {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).choice = Some(choice);
        self.answered.notify_one();
    }

    pub(super) async fn ask(&self, hello: Hello) -> Answer {
        *self.hello.lock().unwrap_or_else(PoisonError::into_inner) = Some(hello);
        (self.ask)();
        self.answered.notified().await;
        std::mem::take(&mut *self.answer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selection").field("hello", &self.hello).field("answer", &self.answer).finish_non_exhaustive()
    }
}
