//! Sending the last bytes of sockets that the program has closed, which tokio does.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::runtime;
use crate::sys::{AsyncStream, StreamIo};

/// How long the last bytes of a closed socket may take. A peer that does not read must not hold the process for ever.
const FAREWELL: Duration = Duration::from_secs(30);

/// How often it is looked whether the peer's system has everything: nothing tells.
const ACKNOWLEDGED: Duration = Duration::from_millis(10);

/// Sends the last bytes of a closed connection and waits until the peer's system has them; `report` is called when that is
/// over, one way or the other.
///
/// # Errors
///
/// The system's, when there is no descriptor or thread left.
pub fn farewell(io: StreamIo, rest: Vec<u8>, report: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let report = Report(Some(report));
    // Nobody waits for the task: it reports.
    let _task = runtime::handle()?.spawn(async move {
        if let Ok(stream) = AsyncStream::try_from(io) {
            // Whether it succeeds or not, there is nobody left to tell.
            let _ = tokio::time::timeout(FAREWELL, leave(stream, &rest)).await;
        }
        drop(report);
    });
    Ok(())
}

/// What the peer still sends is read and thrown away: a socket that is closed with received bytes in it is reset, and what it
/// has not sent by then is lost.
async fn leave(mut stream: AsyncStream, mut rest: &[u8]) -> io::Result<()> {
    let mut unread = [0; 4096];
    while !rest.is_empty() {
        let (mut reader, mut writer) = tokio::io::split(&mut stream);
        tokio::select! {
            count = writer.write(rest) => rest = &rest[count?..],
            count = reader.read(&mut unread) => {
                if count? == 0 {
                    // The peer has ended, and may still read.
                    writer.write_all(rest).await?;
                    break;
                }
            }
        }
    }
    stream.shutdown().await?;
    while stream.unacknowledged() > 0 {
        tokio::select! {
            count = stream.read(&mut unread) => {
                if count? == 0 {
                    return Ok(());
                }
            }
            () = tokio::time::sleep(ACKNOWLEDGED) => {}
        }
    }
    Ok(())
}

/// Calls a function when it is dropped: once, whatever becomes of the task.
struct Report<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for Report<F> {
    fn drop(&mut self) {
        if let Some(function) = self.0.take() {
            function();
        }
    }
}
