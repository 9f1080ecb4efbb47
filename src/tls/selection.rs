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

/// One question, asked on a tokio thread and answered on the program's.
pub struct Selection {
    hello: Mutex<Option<Hello>>,
    choice: Mutex<Option<Choice>>,
    answered: Notify,
    ask: Box<dyn Fn() + Send + Sync>,
}

impl Selection {
    /// A question that has not been asked yet; `ask` makes the program's thread look at it.
    #[must_use]
    pub fn new(ask: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        let (hello, choice) = (Mutex::new(None), Mutex::new(None));
        Arc::new(Self { hello, choice, answered: Notify::new(), ask: Box::new(ask) })
    }

    /// What the client wants, once.
    pub fn take_hello(&self) -> Option<Hello> {
        self.hello.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Answers.
    pub fn choose(&self, choice: Choice) {
        *self.choice.lock().unwrap_or_else(PoisonError::into_inner) = Some(choice);
        self.answered.notify_one();
    }

    pub(super) async fn ask(&self, hello: Hello) -> Choice {
        *self.hello.lock().unwrap_or_else(PoisonError::into_inner) = Some(hello);
        (self.ask)();
        self.answered.notified().await;
        self.choice.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(Choice::Reject)
    }
}

impl fmt::Debug for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selection").field("hello", &self.hello).field("choice", &self.choice).finish_non_exhaustive()
    }
}
