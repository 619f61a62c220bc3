//! Lines out of a log's frames: stream by stream, whatever pieces the bytes come in.

use sidings_proto::Timestamp;
use sidings_proto::log::{Header, Next, Stream, next_frame};

/// A line longer than this is given in pieces.
const LONGEST: usize = 64 * 1024;

/// One line, without its newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Where it was written.
    pub(crate) stream: Stream,
    /// When its first byte was read.
    pub(crate) at: Timestamp,
    /// What it says.
    pub(crate) bytes: Vec<u8>,
}

/// The bytes are no log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the log's bytes are damaged")]
pub(crate) struct Damaged;

/// What has come of a log that is not a whole line yet.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    unframed: Vec<u8>,
    open: Vec<Line>,
    taken: u64,
}

impl Lines {
    /// Takes the next bytes of the log and gives the lines that end in them, in the order of their ends.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Line>, Damaged> {
        let mut unframed = std::mem::take(&mut self.unframed);
        unframed.extend_from_slice(bytes);
        let mut lines = Vec::new();
        let mut at = 0;
        loop {
            match next_frame(&unframed[at..]) {
                Next::Frame(header, payload, taken) => {
                    self.payload(header, payload, &mut lines);
                    at += taken;
                }
                Next::Partial => break,
                Next::Corrupt => return Err(Damaged),
            }
        }
        self.taken += at as u64;
        unframed.drain(..at);
        self.unframed = unframed;
        Ok(lines)
    }

    /// The bytes of whole frames that were taken.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// The bytes of whole frames that were taken: where to go on after the connection broke off. Forgets the frame
    /// that was cut.
    pub(crate) fn resume_at(&mut self) -> u64 {
        self.unframed.clear();
        self.taken
    }

    /// The log has ended: gives what was written without a newline.
    pub(crate) fn end(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.open)
    }

    fn payload(&mut self, header: Header, payload: &[u8], lines: &mut Vec<Line>) {
        for piece in payload.split_inclusive(|b| *b == b'\n') {
            let (text, ends) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            let mut line = self.opened(header);
            line.bytes.extend_from_slice(text);
            if ends || line.bytes.len() >= LONGEST {
                lines.push(line);
            } else {
                self.open.push(line);
            }
        }
    }

    fn opened(&mut self, header: Header) -> Line {
        match self.open.iter().position(|line| line.stream == header.stream) {
            Some(at) => self.open.remove(at),
            None => Line { stream: header.stream, at: header.at, bytes: Vec::new() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidings_proto::log::write_frames;

    fn log(pieces: &[(Stream, i64, &str)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (stream, at, text) in pieces {
            write_frames(&mut out, *stream, Timestamp(*at), text.as_bytes());
        }
        out
    }

    fn sample() -> Vec<u8> {
        log(&[
            (Stream::Stdout, 1, "one\ntw"),
            (Stream::Stderr, 2, "warning\nhalf "),
            (Stream::Stdout, 3, "o\n\n"),
            (Stream::Note, 4, "5 bytes left out\n"),
            (Stream::Stderr, 5, "a line"),
        ])
    }

    fn shown(lines: &[Line]) -> Vec<String> {
        lines
            .iter()
            .map(|l| format!("{} {} {}", l.at.0, l.stream.as_str(), String::from_utf8_lossy(&l.bytes)))
            .collect()
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_are_cut() {
        let expected = [
            "1 stdout one",
            "2 stderr warning",
            "1 stdout two",
            "3 stdout ",
            "4 note 5 bytes left out",
            "2 stderr half a line",
        ];
        for size in 1..sample().len() {
            let mut lines = Lines::default();
            let mut all: Vec<Line> = sample().chunks(size).flat_map(|bytes| lines.push(bytes).unwrap()).collect();
            all.extend(lines.end());
            assert_eq!(shown(&all), expected, "pieces of {size}");
        }
    }

    #[test]
    fn a_connection_that_breaks_off_anywhere_loses_and_doubles_nothing() {
        let bytes = sample();
        let mut whole = Lines::default();
        let mut expected = whole.push(&bytes).unwrap();
        expected.extend(whole.end());
        for cut in 0..bytes.len() {
            let mut lines = Lines::default();
            let mut all = lines.push(&bytes[..cut]).unwrap();
            let offset = usize::try_from(lines.resume_at()).unwrap();
            all.extend(lines.push(&bytes[offset..]).unwrap());
            all.extend(lines.end());
            assert_eq!(shown(&all), shown(&expected), "cut at {cut}");
        }
    }

    #[test]
    fn a_line_without_an_end_does_not_fill_the_memory() {
        let mut lines = Lines::default();
        let bytes = log(&[(Stream::Stdout, 1, &"x".repeat(3 * LONGEST))]);
        assert_eq!(lines.push(&bytes).unwrap().len(), 3);
    }

    #[test]
    fn foreign_bytes_are_refused() {
        assert_eq!(Lines::default().push(b"<html>not a log at all</html>"), Err(Damaged));
    }
}
