//! The end of an output that is over its limit: the last bytes, with their streams and times, in bounded memory.

use sidings_proto::Timestamp;
use sidings_proto::log::Stream;
use std::collections::VecDeque;

/// A ring of bytes and, beside it, which of them came from where and when.
pub(crate) struct Tail {
    capacity: usize,
    bytes: VecDeque<u8>,
    runs: VecDeque<Run>,
    dropped: u64,
}

struct Run {
    stream: Stream,
    at: Timestamp,
    len: usize,
}

impl Tail {
    pub(crate) fn new(capacity: usize) -> Tail {
        Tail { capacity, bytes: VecDeque::new(), runs: VecDeque::new(), dropped: 0 }
    }

    /// How many bytes were taken and are no longer kept.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(crate) fn take(&mut self, stream: Stream, at: Timestamp, payload: &[u8]) {
        // A payload longer than the ring would only push itself out again.
        let kept = &payload[payload.len().saturating_sub(self.capacity)..];
        self.dropped += (payload.len() - kept.len()) as u64;
        self.drop_front((self.bytes.len() + kept.len()).saturating_sub(self.capacity));
        self.bytes.extend(kept);
        match self.runs.back_mut() {
            Some(run) if run.stream == stream && run.at == at => run.len += kept.len(),
            Some(_) | None => self.runs.push_back(Run { stream, at, len: kept.len() }),
        }
    }

    /// Everything kept, in order.
    pub(crate) fn drain(&mut self) -> Vec<(Stream, Timestamp, Vec<u8>)> {
        let runs = std::mem::take(&mut self.runs);
        runs.into_iter().map(|run| (run.stream, run.at, self.bytes.drain(..run.len).collect())).collect()
    }

    fn drop_front(&mut self, mut len: usize) {
        self.dropped += len as u64;
        self.bytes.drain(..len);
        while let Some(run) = self.runs.front_mut() {
            if run.len > len {
                run.len -= len;
                return;
            }
            len -= run.len;
            self.runs.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
