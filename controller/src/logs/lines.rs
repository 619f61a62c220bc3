//! A log as lines, from any of them on, without reading what lies before: for people who look at a part of it.
//!
//! A log is frames of several streams, and a frame is no line. A line is what one stream wrote up to a line feed; lines
//! are numbered, from 1, in the order in which their line feeds stand in the log, so that a line's number is the line
//! feeds before it, which the index knows. What a stream has not ended yet comes last. Blocking.

use super::index;
use anyhow::Context;
use sidings_proto::Timestamp;
use sidings_proto::log::{self, Header, Next, Stream};
use std::fs::File;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::Path;

const BLOCK: usize = 512 * 1024;
/// Bytes that are kept of a line.
const LINE_MAX: usize = 32 * 1024;

/// A line, as long as it is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineSeen<'a> {
    /// From 1.
    pub(crate) no: u64,
    pub(crate) at: Timestamp,
    pub(crate) stream: Stream,
    /// Without its line feed; the first bytes of a very long one.
    pub(crate) bytes: &'a [u8],
    /// Bytes of it that were left out.
    pub(crate) left_out: u64,
}

/// A line that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) no: u64,
    pub(crate) at: Timestamp,
    pub(crate) stream: Stream,
    pub(crate) bytes: Vec<u8>,
    pub(crate) left_out: u64,
}

impl LineSeen<'_> {
    /// To look at it later.
    pub(crate) fn keep(self) -> Line {
        let LineSeen { no, at, stream, bytes, left_out } = self;
        Line { no, at, stream, bytes: bytes.to_vec(), left_out }
    }
}

/// A log of which so much may be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) file: &'a Path,
    pub(crate) length: u64,
}

impl Part<'_> {
    /// How many lines it has.
    pub(crate) fn count(self) -> anyhow::Result<u64> {
        let last = self.marks().last().map_or((0, 0), |mark| (mark.offset, mark.lines));
        let mut lines = last.1;
        self.walk(last, &mut |line| {
            lines = line.no;
            ControlFlow::Continue(())
        })?;
        Ok(lines)
    }

    /// So many lines, from this one on.
    pub(crate) fn window(self, from: u64, count: usize) -> anyhow::Result<Vec<Line>> {
        let mut lines = Vec::new();
        if count == 0 {
            return Ok(lines);
        }
        self.from(from, &mut |line| {
            lines.push(line.keep());
            if lines.len() < count { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(lines)
    }

    /// The last lines.
    pub(crate) fn tail(self, count: usize) -> anyhow::Result<Vec<Line>> {
        self.window((self.count()? + 1).saturating_sub(count as u64).max(1), count)
    }

    /// Looks at every line from this one on, until told to stop.
    pub(crate) fn from(self, from: u64, look: &mut Look<'_>) -> anyhow::Result<()> {
        let mut look = |line: LineSeen<'_>| if line.no < from { ControlFlow::Continue(()) } else { look(line) };
        self.walk(self.start(from), &mut look)
    }

    /// Where to begin so that the line of this number is whole.
    fn start(self, from: u64) -> (u64, u64) {
        // It may have begun before the mark that its number leads to: one mark earlier all of it is there.
        let marks: Vec<_> = self.marks().into_iter().take_while(|mark| mark.lines < from).collect();
        marks.len().checked_sub(2).map_or((0, 0), |at| (marks[at].offset, marks[at].lines))
    }

    fn marks(self) -> Vec<index::Mark> {
        match File::open(self.file) {
            Ok(file) => index::all(self.file, &file, self.length),
            Err(_) => Vec::new(),
        }
    }

    fn walk(self, start: (u64, u64), look: &mut Look<'_>) -> anyhow::Result<()> {
        let mut cursor = Cursor::at(start);
        if cursor.advance(self, look)?.is_continue() {
            cursor.walk.unended(look);
        }
        Ok(())
    }
}

/// Told of each line; says whether to go on.
pub(crate) type Look<'a> = dyn FnMut(LineSeen<'_>) -> ControlFlow<()> + 'a;

/// The lines of a log that grows, each once, when it has ended.
pub(crate) struct Tail {
    cursor: Cursor,
    from: u64,
}

impl Tail {
    /// From this line on.
    pub(crate) fn start(part: Part<'_>, from: u64) -> Self {
        Self { cursor: Cursor::at(part.start(from)), from }
    }

    /// What has ended since the last time. `whole`: the log does not grow any more, so what has not ended is over too.
    pub(crate) fn more(&mut self, part: Part<'_>, whole: bool) -> anyhow::Result<Vec<Line>> {
        let (from, mut lines) = (self.from, Vec::new());
        let mut look = |line: LineSeen<'_>| {
            if line.no >= from {
                lines.push(line.keep());
            }
            ControlFlow::Continue(())
        };
        let _goes_on = self.cursor.advance(part, &mut look)?;
        if whole {
            self.cursor.walk.unended(&mut look);
        }
        Ok(lines)
    }
}

/// How far a log was looked at.
struct Cursor {
    position: u64,
    /// Read, and no whole frame yet.
    kept: Vec<u8>,
    walk: Walk,
}

impl Cursor {
    fn at((position, no): (u64, u64)) -> Self {
        Self { position, kept: Vec::new(), walk: Walk { no, begun: Default::default() } }
    }

    fn advance(&mut self, part: Part<'_>, look: &mut Look<'_>) -> anyhow::Result<ControlFlow<()>> {
        let file = match File::open(part.file) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(ControlFlow::Continue(())),
            Err(error) => return Err(error).with_context(|| format!("opening {}", part.file.display())),
        };
        while self.position < part.length {
            let before = self.position;
            read_more(&file, &mut self.position, part.length, &mut self.kept)?;
            if self.walk.block(&mut self.kept, look).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            if self.position == before {
                break;
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn read_more(file: &File, position: &mut u64, end: u64, kept: &mut Vec<u8>) -> anyhow::Result<()> {
    let wanted = usize::try_from(end - *position).unwrap_or(BLOCK).min(BLOCK);
    let before = kept.len();
    kept.resize(before + wanted, 0);
    let read = file.read_at(kept.get_mut(before..).unwrap_or_default(), *position).context("reading a log")?;
    kept.truncate(before + read);
    *position += read as u64;
    Ok(())
}

/// What a stream has written of a line.
#[derive(Default)]
struct Begun {
    bytes: Vec<u8>,
    left_out: u64,
    at: Option<Timestamp>,
}

impl Begun {
    fn add(&mut self, at: Timestamp, bytes: &[u8]) {
        let room = LINE_MAX.saturating_sub(self.bytes.len());
        let kept = bytes.get(..room).unwrap_or(bytes);
        self.bytes.extend_from_slice(kept);
        self.left_out += (bytes.len() - kept.len()) as u64;
        self.at.get_or_insert(at);
    }
}

struct Walk {
    /// Lines before.
    no: u64,
    begun: [Begun; 3],
}

impl Walk {
    /// Looks at the lines that end in whole frames, and leaves what is none.
    fn block(&mut self, kept: &mut Vec<u8>, look: &mut Look<'_>) -> ControlFlow<()> {
        let mut taken = 0;
        loop {
            match log::next_frame(kept.get(taken..).unwrap_or_default()) {
                Next::Frame(header, payload, length) => {
                    self.frame(header, payload, look)?;
                    taken += length;
                }
                Next::Partial => break,
                // Bytes that are no frame are passed over, one by one, up to the next that may be one.
                Next::Corrupt => taken += 1,
            }
        }
        kept.drain(..taken);
        ControlFlow::Continue(())
    }

    fn frame(&mut self, header: Header, payload: &[u8], look: &mut Look<'_>) -> ControlFlow<()> {
        let stream = header.stream;
        let begun = &mut self.begun[place(stream)];
        let mut rest = payload;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = (rest.get(..end).unwrap_or_default(), rest.get(end + 1..).unwrap_or_default());
            self.no += 1;
            if begun.at.is_none() && line.len() <= LINE_MAX {
                look(LineSeen { no: self.no, at: header.at, stream, bytes: line, left_out: 0 })?;
            } else {
                begun.add(header.at, line);
                let Begun { bytes, left_out, at } = std::mem::take(begun);
                let at = at.unwrap_or(header.at);
                look(LineSeen { no: self.no, at, stream, bytes: &bytes, left_out })?;
            }
            rest = after;
        }
        if !rest.is_empty() {
            begun.add(header.at, rest);
        }
        ControlFlow::Continue(())
    }

    fn unended(&mut self, look: &mut Look<'_>) {
        for stream in [Stream::Stdout, Stream::Stderr, Stream::Note] {
            let Begun { bytes, left_out, at } = std::mem::take(&mut self.begun[place(stream)]);
            let Some(at) = at else { continue };
            self.no += 1;
            if look(LineSeen { no: self.no, at, stream, bytes: &bytes, left_out }).is_break() {
                return;
            }
        }
    }
}

fn place(stream: Stream) -> usize {
    match stream {
        Stream::Stdout => 0,
        Stream::Stderr => 1,
        Stream::Note => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::open::OpenLog;
    use sidings_proto::log::{HEADER_LEN, write_frames};

    fn written(frames: &[(Stream, &[u8])]) -> (tempfile::TempDir, std::path::PathBuf, u64) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("1.log");
        let mut log = OpenLog::default();
        for (no, (stream, payload)) in (0..).zip(frames) {
            let mut chunk = Vec::new();
            write_frames(&mut chunk, *stream, Timestamp(no), payload);
            let length = log.length();
            log.append(&file, length, &chunk).unwrap();
        }
        let length = log.length();
        (folder, file, length)
    }

    fn texts(lines: &[Line]) -> Vec<(u64, String)> {
        lines.iter().map(|line| (line.no, String::from_utf8_lossy(&line.bytes).into_owned())).collect()
    }

    #[test]
    fn a_line_is_what_one_stream_wrote_up_to_its_end() {
        let frames: &[(Stream, &[u8])] = &[
            (Stream::Stdout, b"on"),
            (Stream::Stderr, b"bad\nwor"),
            (Stream::Stdout, b"e\ntwo\n"),
            (Stream::Stderr, b"se"),
        ];
        let (_folder, file, length) = written(frames);
        let part = Part { file: &file, length };
        let all = part.window(1, 10).unwrap();
        let expected = [(1, "bad"), (2, "one"), (3, "two"), (4, "worse")].map(|(no, text)| (no, text.to_owned()));
        assert_eq!(texts(&all), expected);
        assert_eq!((all[1].at, all[1].stream, all[3].stream), (Timestamp(0), Stream::Stdout, Stream::Stderr));
        assert_eq!(part.count().unwrap(), 4);
        assert_eq!(texts(&part.tail(2).unwrap()), expected[2..]);
        assert_eq!(texts(&part.window(2, 1).unwrap()), expected[1..2]);
        assert_eq!(texts(&part.window(9, 5).unwrap()), []);
    }

    #[test]
    fn any_part_of_a_long_log_reads_as_the_whole_does() {
        // Lines across frames, and several marks.
        let text: Vec<u8> =
            (1..=20_000).flat_map(|no| format!("line {no} {}\n", "x".repeat(40)).into_bytes()).collect();
        let frames: Vec<_> = text.chunks(1_009).map(|piece| (Stream::Stdout, piece)).collect();
        let (_folder, file, length) = written(&frames);
        let part = Part { file: &file, length };
        assert!(part.marks().len() > 2, "the index has marks");
        assert_eq!(part.count().unwrap(), 20_000);
        let expected = |no: u64| (no, format!("line {no} {}", "x".repeat(40)));
        for from in [1, 2, 4_999, 9_377, 12_001, 19_990] {
            let lines = part.window(from, 7).unwrap();
            assert_eq!(texts(&lines), (from..from + 7).map(expected).collect::<Vec<_>>());
        }
        std::fs::remove_file(file.with_extension("idx")).unwrap();
        assert_eq!(texts(&part.tail(3).unwrap()), (19_998..=20_000).map(expected).collect::<Vec<_>>(), "without index");
    }

    #[test]
    fn a_tail_tells_each_line_once_when_it_has_ended() {
        let frames: &[(Stream, &[u8])] = &[(Stream::Stdout, b"one\ntw"), (Stream::Stdout, b"o\nthr")];
        let (_folder, file, length) = written(frames);
        let first = HEADER_LEN as u64 + 6;
        let mut tail = Tail::start(Part { file: &file, length: first }, 1);
        let mut more = |length, whole| texts(&tail.more(Part { file: &file, length }, whole).unwrap());
        assert_eq!(more(first, false), [(1, "one".to_owned())]);
        assert_eq!(more(first, false), []);
        assert_eq!(more(length, false), [(2, "two".to_owned())]);
        assert_eq!(more(length, true), [(3, "thr".to_owned())]);
    }

    #[test]
    fn a_line_without_end_is_not_held_whole() {
        let long = vec![b'a'; 60_000];
        let frames: Vec<_> = (0..20).map(|_| (Stream::Stdout, &*long)).collect();
        let (_folder, file, length) = written(&frames);
        let part = Part { file: &file, length };
        let line = &part.tail(5).unwrap()[0];
        assert_eq!((line.no, line.bytes.len()), (1, LINE_MAX));
        std::fs::remove_file(file.with_extension("idx")).unwrap();
        let lines = part.window(1, 5).unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0].bytes.len(), lines[0].left_out), (LINE_MAX, 1_200_000 - LINE_MAX as u64));
    }

    #[test]
    fn what_is_no_frame_is_passed_over() {
        let (_folder, file, _) = written(&[(Stream::Stdout, b"one\n"), (Stream::Stdout, b"two\n")]);
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[0] = 0;
        std::fs::write(&file, &bytes).unwrap();
        let lines = Part { file: &file, length: bytes.len() as u64 }.window(1, 5).unwrap();
        assert_eq!(texts(&lines), [(1, "two".to_owned())]);
        let none = Part { file: &file.with_extension("none"), length: 9 };
        assert_eq!((none.count().unwrap(), none.window(1, 1).unwrap().len()), (0, 0));
    }
}
