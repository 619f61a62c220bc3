//! The end of a log, for a message.

use super::Spooled;
use sidings_proto::log::{Next, next_frame};

/// Kept of the end while the log is gone through.
const KEPT: usize = 8 * 1024;
/// Characters told of a line.
const WIDTH: usize = 200;
const AT_ONCE: usize = 256 * 1024;

/// At most so many lines of the end of what is sound of a log, without empty ones. A log that cannot be read has none.
pub(crate) fn last_lines(log: &Spooled, most: usize) -> Vec<String> {
    let mut end = Vec::new();
    let mut at = 0;
    // Frames are found from the log's start only.
    while let Ok(bytes) = log.read(at, AT_ONCE)
        && !bytes.is_empty()
    {
        at += bytes.len() as u64;
        let mut rest = &bytes[..];
        while let Next::Frame(_, payload, taken) = next_frame(rest) {
            end.extend_from_slice(payload);
            rest = &rest[taken..];
        }
        end.drain(..end.len().saturating_sub(KEPT));
    }
    let text = String::from_utf8_lossy(&end);
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let lines = &lines[lines.len().saturating_sub(most)..];
    lines.iter().map(|line| line.chars().take(WIDTH).collect()).collect()
}
