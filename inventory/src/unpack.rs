//! A layer as a tar, however it is packed.

use flate2::read::MultiGzDecoder;
use std::io::{self, BufReader, Read};

/// What a packer may make a reader remember: 32 MB. Builders' own levels need an eighth of it.
const WINDOW_LOG: u32 = 25;
pub(crate) const BUFFER: usize = 256 << 10;

/// What the first bytes of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Tar,
    Gzip,
    Zstd,
    Json,
    Other,
}

impl Form {
    /// From the first block of a file.
    pub(crate) fn of(start: &[u8]) -> Form {
        let is_tar = start.get(257..262) == Some(b"ustar".as_slice());
        let is_empty_tar = start.len() >= 512 && start.iter().all(|byte| *byte == 0);
        match start {
            [0x1f, 0x8b, ..] => Form::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Form::Zstd,
            _ if is_tar || is_empty_tar => Form::Tar,
            [b'{' | b'[', ..] => Form::Json,
            _ => Form::Other,
        }
    }
}

/// The tar in `from`, which begins with what `form` was told by.
pub(crate) fn unpacked<'r>(form: Form, from: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
    match form {
        Form::Gzip => Ok(Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(from)))),
        Form::Zstd => {
            let mut decoder = zstd::Decoder::new(from)?;
            decoder.window_log_max(WINDOW_LOG)?;
            Ok(Box::new(BufReader::with_capacity(BUFFER, decoder)))
        }
        Form::Tar | Form::Json | Form::Other => Ok(Box::new(from)),
    }
}
