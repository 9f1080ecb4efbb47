//! What the core does, line by line, for whoever looks into it.
//!
//! With the cargo feature `tracing` these are events of the crate of that name; [`start`] prints them on standard error as the
//! environment variable `BUN_SOCKETS_LOG` says (`trace`, `bun_sockets::reactor=debug` ...). Without the feature `step!` is nothing.

/// One line, with the arguments of [`format!`].
#[cfg(feature = "tracing")]
macro_rules! step {
    ($($argument:tt)*) => { tracing::trace!($($argument)*) };
}

/// One line, with the arguments of [`format!`]: seen by the compiler, never run.
#[cfg(not(feature = "tracing"))]
macro_rules! step {
    ($($argument:tt)*) => {
        if false {
            drop(format!($($argument)*));
        }
    };
}

pub(crate) use step;

/// Prints what the core does, if this build can and the environment asks for it. May be called again.
pub fn start() {
    #[cfg(feature = "tracing")]
    if let Ok(filter) = tracing_subscriber::EnvFilter::try_from_env("BUN_SOCKETS_LOG") {
        // Fails where somebody has set one before: then that one gets the lines.
        drop(tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init());
    }
}
