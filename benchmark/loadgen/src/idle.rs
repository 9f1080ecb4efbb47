//! Connections that do nothing, for the memory they cost.

use mio::Poll;

use crate::arguments::Arguments;
use crate::dial::Dialer;
use crate::failure::Failure;

/// Prints `open` when all are there; holds them for the measured time.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut poll = Poll::new()?;
    let streams = Dialer::new(arguments)?.open_all(&mut poll, arguments.connections)?;
    println!("open");
    std::thread::sleep(arguments.measured);
    println!("{{\"count\":{}}}", streams.len());
    Ok(())
}
