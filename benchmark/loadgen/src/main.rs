//! The load generator of the bun-sockets benchmark, and the bare servers that show the limit.
//!
//! One thread, one epoll descriptor, no runtime: what it costs must not hide what the server costs. Every load runs a
//! warm-up and then a measured window, and prints one JSON object. With `--server-pid` it reads the server's CPU time at
//! both ends of that window itself, so that set-up and warm-up are in nobody's figures.
//!
//! Loopback only, and bounded by `--seconds`.

#[cfg(target_os = "linux")]
#[path = "../../../src/aligned.rs"]
#[expect(unreachable_pub, reason = "the package's own file: what is received must cost the same at both ends")]
mod aligned;
#[cfg(target_os = "linux")]
mod arguments;
#[cfg(target_os = "linux")]
mod bare_datagram_server;
#[cfg(target_os = "linux")]
mod bare_stream_server;
#[cfg(target_os = "linux")]
mod bulk;
#[cfg(target_os = "linux")]
mod churn;
#[cfg(target_os = "linux")]
mod closed_loop;
#[cfg(target_os = "linux")]
mod cpu_time;
#[cfg(target_os = "linux")]
mod datagrams;
#[cfg(target_os = "linux")]
mod dial;
#[cfg(target_os = "linux")]
mod failure;
#[cfg(target_os = "linux")]
mod idle;
#[cfg(target_os = "linux")]
mod latency;
#[cfg(target_os = "linux")]
mod orders;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod stream;
#[cfg(target_os = "linux")]
mod sys;
#[cfg(target_os = "linux")]
mod tls;
#[cfg(target_os = "linux")]
mod window;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    match arguments::Arguments::parse(std::env::args().skip(1)).and_then(|arguments| run(&arguments)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("loadgen: {failure}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(target_os = "linux")]
fn run(arguments: &arguments::Arguments) -> Result<(), failure::Failure> {
    use arguments::Mode;

    sys::allow_many_files();
    match arguments.mode {
        Mode::ClosedLoop => closed_loop::run(arguments),
        Mode::Bulk(direction) => bulk::run(arguments, direction),
        Mode::Churn(visit) => churn::run(arguments, visit),
        Mode::Idle => idle::run(arguments),
        Mode::DatagramEcho => datagrams::echo(arguments),
        Mode::DatagramFlood => datagrams::flood(arguments),
        Mode::DatagramPaced => datagrams::paced(arguments),
        Mode::DatagramBursts => datagrams::bursts(arguments),
        Mode::StreamServer(service) => bare_stream_server::run(arguments, service),
        Mode::DatagramServer(service) => bare_datagram_server::run(service),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("loadgen: reads /proc and uses sendmmsg, so it runs on Linux only");
    std::process::ExitCode::FAILURE
}
