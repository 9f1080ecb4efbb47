//! Secrets for a packet sniffer, in the NSS key log format. Off unless the program's user asks for it, or the program by a
//! `keylog` handler.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::KeyLog;

use super::scope::with_current;

/// The files that are open, so that all connections of the process append to the same descriptor.
static OPEN: Mutex<Vec<Arc<KeyLogFile>>> = Mutex::new(Vec::new());

/// A key log: `SSLKEYLOGFILE` or `--tls-keylog`.
#[derive(Debug)]
pub struct KeyLogFile {
    path: PathBuf,
    file: Mutex<File>,
}

impl KeyLogFile {
    /// Opens `path` for appending, or finds it among those that are open already.
    ///
    /// # Errors
    /// Those of opening the file.
    pub fn open(path: &Path) -> std::io::Result<Arc<Self>> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.iter().find(|log| log.path == path) {
            return Ok(Arc::clone(known));
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        // The secrets of every connection: for the owner's eyes, as Node makes it.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let log = Arc::new(Self { path: path.to_owned(), file: Mutex::new(options.open(path)?) });
        open.push(Arc::clone(&log));
        Ok(log)
    }
}

/// What one connection has to say to the handlers that Bun's programs may have beside the documented ones.
#[derive(Debug, Default)]
pub struct Witness {
    lines: Mutex<Vec<String>>,
}

impl Witness {
    /// The lines of the key log since the last call.
    #[must_use]
    pub fn take_lines(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Logs to the file of a configuration and to the witness of the connection that is being worked on, where there are any.
#[derive(Debug)]
struct Log(Option<Arc<KeyLogFile>>);

impl KeyLog for Log {
    fn will_log(&self, _label: &str) -> bool {
        self.0.is_some() || with_current(|scope| scope.witness.is_some()).unwrap_or(false)
    }

    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut line = format!("{label} ");
        for byte in client_random {
            let _ = write!(line, "{byte:02x}");
        }
        line.push(' ');
        for byte in secret {
            let _ = write!(line, "{byte:02x}");
        }
        line.push('\n');
        if let Some(log) = &self.0 {
            // A full disk must not end connections, and there is nobody to tell.
            let _ = log.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
        }
        with_current(|scope| {
            if let Some(witness) = &scope.witness {
                witness.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
    }
}

/// What a configuration logs to.
pub(super) fn key_log(file: Option<&Arc<KeyLogFile>>) -> Arc<dyn KeyLog> {
    Arc::new(Log(file.map(Arc::clone)))
}
