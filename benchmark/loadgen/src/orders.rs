//! The driver's line to a bare server: its standard input and output.

use std::io::{self, BufRead, Write};
use std::thread;

/// What the driver writes to a server's standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Reset,
    Report,
}

/// Carries out the driver's orders on a thread of their own, and ends the process with its standard input, so that no
/// server outlives its driver.
pub(crate) fn orders(mut carry_out: impl FnMut(Order) + Send + 'static) {
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            match line.as_str() {
                "reset" => carry_out(Order::Reset),
                "report" => carry_out(Order::Report),
                _ => {}
            }
        }
        std::process::exit(0);
    });
}

pub(crate) fn announce(port: u16) {
    println!("listening {port}");
    // Standard output is a pipe here, and the driver waits for this line.
    let _ = io::stdout().flush();
}
