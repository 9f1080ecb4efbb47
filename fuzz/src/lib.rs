//! What the fuzz targets do with their bytes. `tests/corpus.rs` does the same with the saved corpus in `cargo test`.

pub(crate) mod certificate;
pub(crate) mod handshake;
pub(crate) mod parties;
pub(crate) mod records;
pub(crate) mod stream;
pub(crate) mod text;

/// A target: what it is called, and what it does with bytes. It panics if something is wrong.
pub type Target = (&'static str, fn(&[u8]));

/// Every target; each has a file in `fuzz_targets` and a folder in `corpus`.
pub const TARGETS: [Target; 5] = [
    ("certificate", certificate::run),
    ("handshake", handshake::run),
    ("records", records::run),
    ("stream", stream::run),
    ("text", text::run),
];

/// Runs a target.
///
/// # Panics
///
/// If what the target looks for is found, and for a name that no target has.
pub fn run(name: &str, bytes: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("a target");
    target(bytes);
}
