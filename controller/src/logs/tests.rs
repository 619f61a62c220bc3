use super::*;
use bytes::Bytes;
use sidings_proto::log::{self, Stream};
use sidings_proto::runner::StepResult;
use sidings_proto::{JobId, Timestamp, Verdict};
use std::os::unix::fs::FileExt;
use tempfile::TempDir;

const STEP: StepNo = StepNo(1);

struct Fixture {
    _folder: TempDir,
    file: PathBuf,
    logs: AttemptLogs,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let attempt = AttemptId { job: JobId::new(), fence: 1 };
    let file = Logs::below(folder.path().join("logs")).file(RunId::new(), attempt, STEP);
    Fixture { _folder: folder, file, logs: AttemptLogs::default() }
}

fn frames(texts: &[&str]) -> Bytes {
    let mut bytes = Vec::new();
    for (at, text) in (0..).zip(texts) {
        log::write_frames(&mut bytes, Stream::Stdout, Timestamp(at), text.as_bytes());
    }
    bytes.into()
}

fn recorded(bytes: &[u8]) -> LogDigest {
    LogDigest { bytes: bytes.len() as u64, hash: blake3::hash(bytes).to_hex().to_string() }
}

impl Fixture {
    async fn append(&self, offset: usize, chunk: &Bytes) -> Result<u64, Refused> {
        self.logs.append(&self.file, STEP, offset as u64, chunk.clone()).await
    }

    async fn verify(&self, recorded: LogDigest) -> Verified {
        let (verdict, ended) = (Verdict::Passed, Timestamp(0));
        let result = StepResult { step: STEP, verdict, code: Some(0), started: None, ended, log: recorded };
        let setup_log = LogDigest::default();
        let finish = Finish {
            verdict: Verdict::Passed,
            steps: vec![result],
            setup_log,
            images: Vec::new(),
            kept: Default::default(),
        };
        let file = |step: StepNo| self.file.with_file_name(format!("{step}.log"));
        self.logs.finishing().await.verify(&finish, file).await.unwrap()
    }

    async fn read(&self, offset: i64, format: Format) -> Vec<u8> {
        let length = std::fs::metadata(&self.file).unwrap().len();
        let mut reader = Reader::start(self.file.clone(), offset, length, format).await.unwrap();
        let mut all = Vec::new();
        while let Some(piece) = reader.next(length).await.unwrap() {
            all.extend_from_slice(&piece);
        }
        all
    }
}

#[tokio::test]
async fn a_chunk_that_comes_twice_is_taken_once_and_one_past_the_end_changes_nothing() {
    let f = fixture();
    let (one, two) = (frames(&["one\n"]), frames(&["two\n"]));
    assert_eq!(f.append(0, &one).await.unwrap(), one.len() as u64);
    assert_eq!(f.append(0, &one).await.unwrap(), one.len() as u64);
    assert_eq!(f.append(one.len() + 1, &two).await.unwrap(), one.len() as u64);
    let both = Bytes::from([&one[..], &two[..]].concat());
    assert_eq!(f.append(0, &both).await.unwrap(), both.len() as u64);
    assert_eq!(std::fs::read(&f.file).unwrap(), both);
    assert_eq!(f.verify(recorded(&both)).await, Verified::Whole);
}

#[tokio::test]
async fn bytes_that_are_no_whole_frames_are_refused() {
    let f = fixture();
    let one = frames(&["one\n"]);
    assert!(matches!(f.append(0, &one.slice(..one.len() - 1)).await, Err(Refused::NotFrames)));
    assert!(matches!(f.append(0, &Bytes::from_static(b"hello, world of text")).await, Err(Refused::NotFrames)));
    assert!(!f.file.exists());
}

#[tokio::test]
async fn a_short_log_is_missing_and_another_one_differs() {
    let f = fixture();
    let (one, two, other) = (frames(&["one\n"]), frames(&["one\n", "two\n"]), frames(&["oNe\n"]));
    assert_eq!(f.verify(recorded(&one)).await, Verified::Missing { step: STEP, bytes: 0 });
    f.append(0, &one).await.unwrap();
    assert_eq!(f.verify(recorded(&two)).await, Verified::Missing { step: STEP, bytes: one.len() as u64 });
    assert_eq!(f.verify(recorded(&other)).await, Verified::Differs { step: STEP });
    assert_eq!(f.verify(LogDigest::default()).await, Verified::Differs { step: STEP });
    assert_eq!(f.verify(recorded(&one)).await, Verified::Whole);
}

#[tokio::test]
async fn an_empty_log_needs_no_file() {
    let f = fixture();
    assert_eq!(f.verify(LogDigest::default()).await, Verified::Whole);
    assert_eq!(f.verify(recorded(b"")).await, Verified::Whole);
}

#[tokio::test]
async fn the_next_life_goes_on_where_the_last_whole_frame_ended() {
    let f = fixture();
    let (one, both) = (frames(&["one\n"]), frames(&["one\n", "two\n"]));
    f.append(0, &one).await.unwrap();
    // The power went while the next chunk was written.
    let file = std::fs::OpenOptions::new().append(true).open(&f.file).unwrap();
    file.write_all_at(&both[one.len()..both.len() - 2], one.len() as u64).unwrap();

    let next = Fixture { logs: AttemptLogs::default(), ..f };
    assert_eq!(next.logs.length(&next.file, STEP).await.unwrap(), one.len() as u64);
    assert_eq!(next.append(one.len(), &both.slice(one.len()..)).await.unwrap(), both.len() as u64);
    assert_eq!(next.verify(recorded(&both)).await, Verified::Whole);
}

#[tokio::test]
async fn a_closed_attempt_takes_no_chunk() {
    let f = fixture();
    f.append(0, &frames(&["one\n"])).await.unwrap();
    f.logs.close();
    let before = std::fs::read(&f.file).unwrap();
    assert!(matches!(f.append(before.len(), &frames(&["two\n"])).await, Err(Refused::Closed)));
    assert_eq!(std::fs::read(&f.file).unwrap(), before);
}

#[tokio::test]
async fn no_chunk_is_taken_while_the_end_is_decided() {
    let f = fixture();
    let finishing = f.logs.finishing().await;
    let chunk = frames(&["one\n"]);
    let mut late = std::pin::pin!(f.append(0, &chunk));
    assert!(futures::poll!(&mut late).is_pending());
    f.logs.close();
    drop(finishing);
    assert!(matches!(late.await, Err(Refused::Closed)));
}

/// Some 3 MB in frames of different lengths, and where each starts.
async fn long_log(f: &Fixture) -> (Vec<u8>, Vec<usize>) {
    let (mut all, mut starts) = (Vec::new(), Vec::new());
    for n in 0..700 {
        starts.push(all.len());
        let text = format!("line {n}\n").repeat(1 + n % 900);
        log::write_frames(&mut all, Stream::Stdout, Timestamp(i64::try_from(n).unwrap()), text.as_bytes());
    }
    assert_eq!(f.append(0, &Bytes::from(all.clone())).await.unwrap(), all.len() as u64);
    (all, starts)
}

#[tokio::test]
async fn a_reader_starts_at_the_first_frame_after_its_offset() {
    let f = fixture();
    let (all, starts) = long_log(&f).await;
    for offset in [0, 1, starts[400], starts[400] + 1, starts[699], starts[699] + 1, all.len(), all.len() + 5] {
        let from = starts.iter().copied().find(|start| *start >= offset).unwrap_or(all.len());
        assert_eq!(f.read(i64::try_from(offset).unwrap(), Format::Frames).await, &all[from..], "from {offset}");
    }
    let last = i64::try_from(all.len() - starts[690]).unwrap();
    assert_eq!(f.read(-last, Format::Frames).await, &all[starts[690]..]);
    assert_eq!(f.read(i64::MIN, Format::Frames).await, all);
}

#[tokio::test]
async fn the_index_saves_the_walk_and_a_wrong_one_does_no_harm() {
    let f = fixture();
    let (all, starts) = long_log(&f).await;
    let index = f.file.with_extension("idx");
    let marks = std::fs::read(&index).unwrap();
    assert!(marks.len() / 24 >= all.len() / (256 * 1024) - 1);
    let first = u64::from_le_bytes(marks[..8].try_into().unwrap());
    assert!(starts.contains(&usize::try_from(first).unwrap()));

    std::fs::write(&index, b"nonsense, and not even of the length of marks, but long enough").unwrap();
    let offset = i64::try_from(starts[500]).unwrap();
    assert_eq!(f.read(offset, Format::Frames).await, &all[starts[500]..]);

    let next = Fixture { logs: AttemptLogs::default(), ..f };
    next.logs.length(&next.file, STEP).await.unwrap();
    assert_eq!(std::fs::read(&index).unwrap(), marks, "the next life writes the same index");
}

#[tokio::test]
async fn text_is_the_payloads_and_what_cannot_be_read_is_said() {
    let f = fixture();
    let chunk = frames(&["one\n", "two\n", "three\n"]);
    f.append(0, &chunk).await.unwrap();
    assert_eq!(f.read(0, Format::Text).await, b"one\ntwo\nthree\n");

    let file = std::fs::OpenOptions::new().write(true).open(&f.file).unwrap();
    file.write_all_at(b"XXXX", 20).unwrap();
    let text = String::from_utf8(f.read(0, Format::Text).await).unwrap();
    assert_eq!(text, "one\n\n[20 bytes of this log cannot be read]\nthree\n");
}
