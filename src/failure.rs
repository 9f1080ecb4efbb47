//! What can go wrong, as the JS half needs to know it.

use std::io;

/// Why a connect, a read or a bind failed.
///
/// The JS half turns it into Bun's error objects; nothing here knows their texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A system call failed with this (positive) error number.
    #[error("system error {0}")]
    System(i32),
    /// A host name has no address. Resolvers report this in many ways; Bun knows only one.
    #[error("the host name does not resolve")]
    NotFound,
}

impl Failure {
    /// The error number for JS: positive for a system error, 0 for a name that does not resolve.
    #[must_use]
    pub fn number(self) -> i32 {
        match self {
            Self::System(number) => number,
            Self::NotFound => 0,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::System(match (error.raw_os_error(), error.kind()) {
            (Some(raw), _) => crate::sys::number(raw),
            (None, io::ErrorKind::InvalidInput) => crate::sys::INVALID,
            (None, io::ErrorKind::Unsupported) => crate::sys::UNSUPPORTED,
            (None, _) => crate::sys::IO_ERROR,
        })
    }
}
