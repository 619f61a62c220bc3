//! Follows a framed log while it is written, and knows how much of it is sound.

use super::beneath::{Hostile, open};
use blake3::Hasher;
use sidings_proto::StepNo;
use sidings_proto::log::{HEADER_LEN, whole_frames};
use sidings_proto::runner::LogDigest;
use sidings_proto::step::LOG_FILE;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const LOOK_EVERY: Duration = Duration::from_millis(50);
const READ_AT_ONCE: usize = 256 * 1024;
/// After this much in one go others get their turn.
const IN_ONE_GO: u64 = 4 * 1024 * 1024;
/// Room for the remarks of the helper beyond the payload's limit.
const SLACK: u64 = 256 * 1024;

/// A log in the spool, of which a prefix is known to be sound.
#[derive(Debug)]
pub(crate) struct Spooled {
    step: StepNo,
    file: OnceLock<File>,
    sound: AtomicU64,
    news: Arc<Notify>,
}

impl Spooled {
    /// Which log of the attempt it is.
    pub(crate) fn step(&self) -> StepNo {
        self.step
    }

    /// How many bytes of it are sound; it only grows.
    pub(crate) fn len(&self) -> u64 {
        self.sound.load(Ordering::Acquire)
    }

    /// Whole frames from `offset`, at most `most` bytes. Shorter than what is sound only where a frame would be cut;
    /// an error when the sound bytes are not there any more.
    pub(crate) fn read(&self, offset: u64, most: usize) -> io::Result<Vec<u8>> {
        let sound = usize::try_from(self.len().saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; sound.min(most)];
        match self.file.get() {
            Some(file) => file.read_exact_at(&mut bytes, offset)?,
            None => return Ok(Vec::new()),
        }
        let (whole, _) = whole_frames(&bytes);
        if whole == 0 && !bytes.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the log was changed after it was read"));
        }
        bytes.truncate(whole);
        Ok(bytes)
    }
}

/// Reads a log as it grows.
#[derive(Debug)]
pub(crate) struct Tail {
    folder: PathBuf,
    spooled: Arc<Spooled>,
    hasher: Hasher,
    buffer: Vec<u8>,
    most: u64,
    trouble: Option<Hostile>,
}

impl Tail {
    /// Follows the log in a folder; it need not be there yet. `payload_limit` is what the writer was told to keep.
    pub(crate) fn new(folder: &Path, step: StepNo, payload_limit: u64, news: Arc<Notify>) -> Tail {
        let spooled = Spooled { step, file: OnceLock::new(), sound: AtomicU64::new(0), news };
        // A frame of one byte is the worst that an honest writer makes of its payload.
        let most = (payload_limit + SLACK).saturating_mul(1 + HEADER_LEN as u64);
        let (hasher, buffer) = (Hasher::new(), Vec::new());
        Tail { folder: folder.to_owned(), spooled: Arc::new(spooled), hasher, buffer, most, trouble: None }
    }

    /// The log, for whoever sends it.
    pub(crate) fn spooled(&self) -> Arc<Spooled> {
        self.spooled.clone()
    }

    /// Follows the log until the writer is gone, then reads it to its end.
    pub(crate) async fn follow(mut self, writer_gone: CancellationToken) -> Tail {
        loop {
            let over = writer_gone.is_cancelled();
            let more = self.read_on();
            if !more && over {
                self.buffer = Vec::new();
                return self;
            }
            if more {
                tokio::task::yield_now().await;
                continue;
            }
            tokio::select! {
                () = writer_gone.cancelled() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// The length and hash of what is sound.
    pub(crate) fn digest(&self) -> LogDigest {
        LogDigest { bytes: self.spooled.len(), hash: self.hasher.finalize().to_hex().to_string() }
    }

    /// Why there is nothing sound after [`Tail::digest`], when the log does not simply end there.
    pub(crate) fn trouble(&self) -> Option<&Hostile> {
        self.trouble.as_ref()
    }

    /// Reads what is new. True: there may be more at once.
    fn read_on(&mut self) -> bool {
        if self.trouble.is_some() {
            return false;
        }
        match self.try_read_on() {
            Ok(more) => more,
            Err(trouble) => {
                self.trouble = Some(trouble);
                false
            }
        }
    }

    fn try_read_on(&mut self) -> Result<bool, Hostile> {
        let spooled = self.spooled.clone();
        let file = match spooled.file.get() {
            Some(file) => file,
            None => match open(&self.folder, LOG_FILE)? {
                Some(file) => spooled.file.get_or_init(|| file),
                None => return Ok(false),
            },
        };
        let start = spooled.len();
        let mut sound = start;
        let mut trouble = None;
        let more = loop {
            self.buffer.resize(READ_AT_ONCE, 0);
            let read = file.read_at(&mut self.buffer, sound)?;
            let (whole, corrupt) = whole_frames(&self.buffer[..read]);
            self.hasher.update(&self.buffer[..whole]);
            sound += whole as u64;
            if corrupt {
                trouble = Some(Hostile::strange("there are bytes in it that are no frame"));
            } else if sound > self.most {
                trouble = Some(Hostile::strange("it is longer than its limit"));
            }
            if trouble.is_some() || whole == 0 || read < READ_AT_ONCE {
                break false;
            }
            if sound - start >= IN_ONE_GO {
                break true;
            }
        };
        if sound > start {
            spooled.sound.store(sound, Ordering::Release);
            spooled.news.notify_one();
        }
        trouble.map_or(Ok(more), Err)
    }
}
