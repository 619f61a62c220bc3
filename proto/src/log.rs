//! The log of a step as bytes: frames, the same in the spool, on the wire and in the store, so that a log's length
//! and hash mean the same everywhere.
//!
//! A frame is a header of [`HEADER_LEN`] bytes and a payload of at most [`MAX_PAYLOAD`] bytes. The header, little
//! endian: the magic byte, the stream (1 byte), two zero bytes, the payload's length (4 bytes), the time (8 bytes).
//! A payload is a piece of what was written, not a line; readers put lines together again, stream by stream.

use crate::Timestamp;

/// The header's length in bytes.
pub const HEADER_LEN: usize = 16;
/// The longest payload in bytes.
pub const MAX_PAYLOAD: usize = 64 * 1024;
const MAGIC: u8 = 0xD5;

/// Where a frame's bytes came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Sidings itself: the setup of a job, or a remark such as how many bytes were left out.
    Note,
}

impl Stream {
    fn byte(self) -> u8 {
        match self {
            Stream::Stdout => 1,
            Stream::Stderr => 2,
            Stream::Note => 3,
        }
    }

    fn from_byte(byte: u8) -> Option<Stream> {
        [Stream::Stdout, Stream::Stderr, Stream::Note].into_iter().find(|s| s.byte() == byte)
    }

    /// `stdout`, `stderr` or `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
            Stream::Note => "note",
        }
    }
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Where the bytes came from.
    pub stream: Stream,
    /// The payload's length in bytes, at most [`MAX_PAYLOAD`].
    pub len: u32,
    /// When the bytes were read.
    pub at: Timestamp,
}

impl Header {
    /// The header's bytes.
    pub fn encode(self) -> [u8; HEADER_LEN] {
        let mut out = [0; HEADER_LEN];
        out[0] = MAGIC;
        out[1] = self.stream.byte();
        out[4..8].copy_from_slice(&self.len.to_le_bytes());
        out[8..16].copy_from_slice(&self.at.0.to_le_bytes());
        out
    }

    /// Reads a header. `None`: these are not the bytes of one.
    pub fn decode(bytes: &[u8; HEADER_LEN]) -> Option<Header> {
        let (magic, rest) = bytes.split_first()?;
        let (stream, rest) = rest.split_first()?;
        let (zero, rest) = rest.split_first_chunk::<2>()?;
        let (len, at) = rest.split_first_chunk::<4>()?;
        let len = u32::from_le_bytes(*len);
        let sound = *magic == MAGIC && *zero == [0, 0] && len as usize <= MAX_PAYLOAD;
        let at = Timestamp(i64::from_le_bytes(at.try_into().ok()?));
        sound.then_some(Header { stream: Stream::from_byte(*stream)?, len, at })
    }
}

/// Appends frames with `payload` to `out`, cut into pieces of at most [`MAX_PAYLOAD`] bytes.
pub fn write_frames(out: &mut Vec<u8>, stream: Stream, at: Timestamp, payload: &[u8]) {
    for piece in payload.chunks(MAX_PAYLOAD) {
        let len = u32::try_from(piece.len()).unwrap_or(0);
        out.extend_from_slice(&Header { stream, len, at }.encode());
        out.extend_from_slice(piece);
    }
}

/// What stands at the start of some bytes of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// A whole frame: its header, its payload, and how many bytes it took.
    Frame(Header, &'a [u8], usize),
    /// The bytes end before the frame does.
    Partial,
    /// These bytes are no frame, nor the start of one.
    Corrupt,
}

/// Looks at the first frame of `bytes`.
pub fn next_frame(bytes: &[u8]) -> Next<'_> {
    let Some((head, rest)) = bytes.split_first_chunk::<HEADER_LEN>() else { return Next::Partial };
    let Some(header) = Header::decode(head) else { return Next::Corrupt };
    match rest.get(..header.len as usize) {
        Some(payload) => Next::Frame(header, payload, HEADER_LEN + payload.len()),
        None => Next::Partial,
    }
}

/// The length of the longest prefix of `bytes` that is whole frames, and whether corrupt bytes follow it.
pub fn whole_frames(bytes: &[u8]) -> (usize, bool) {
    let mut len = 0;
    loop {
        match next_frame(&bytes[len..]) {
            Next::Frame(_, _, taken) => len += taken,
            Next::Partial => return (len, false),
            Next::Corrupt => return (len, true),
        }
    }
}

#[cfg(test)]
mod tests;
