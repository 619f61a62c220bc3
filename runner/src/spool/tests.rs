use super::*;
use sidings_proto::log::{HEADER_LEN, Stream, write_frames};
use sidings_proto::step::{EXIT_FILE, LOG_FILE};
use sidings_proto::{StepNo, Timestamp};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const RECORD: &str =
    r#"{"code":0,"signal":null,"error":null,"log_bytes":0,"log_hash":"","left_out_bytes":0,"started":1,"ended":2}"#;

fn pipe(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
}

fn record_of(put: impl FnOnce(&Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join(EXIT_FILE));
    match read_exit_record(folder.path()) {
        Ok(Some(record)) => format!("code {}", record.code),
        Ok(None) => "none".to_owned(),
        Err(hostile) => hostile.to_string(),
    }
}

fn trouble(tail: &Tail) -> Option<String> {
    tail.trouble().map(ToString::to_string)
}

#[test]
fn a_sound_record_is_read_and_a_missing_one_is_none() {
    assert_eq!(record_of(|path| fs::write(path, RECORD).unwrap()), "code 0");
    assert_eq!(record_of(|_| ()), "none");
}

#[test]
fn what_is_no_record_does_not_count() {
    let elsewhere = tempfile::tempdir().unwrap();
    let sound = elsewhere.path().join("record");
    fs::write(&sound, RECORD).unwrap();
    assert_eq!(record_of(|path| symlink(&sound, path).unwrap()), "it is a link");
    assert_eq!(record_of(|path| symlink("nowhere", path).unwrap()), "it is a link");
    assert_eq!(record_of(pipe), "it is not a regular file");
    assert_eq!(record_of(|path| fs::create_dir(path).unwrap()), "it is not a regular file");
    let huge = |path: &Path| File::create(path).unwrap().set_len(1 << 40).unwrap();
    assert_eq!(record_of(huge), "it is longer than 65536 bytes");
    let unknown = RECORD.replace("\"code\"", "\"verdict\":\"passed\",\"code\"");
    for text in
        ["", "{", "null", "[]", "{\"code\":0}", "\0\0\0\0", &RECORD[..40], &unknown, &format!("{RECORD}{RECORD}")]
    {
        assert_eq!(record_of(|path| fs::write(path, text).unwrap()), "it is not an exit record", "{text}");
    }
}

#[tokio::test]
async fn a_record_is_noticed_when_it_is_moved_to_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let (path, part) = (folder.path().to_owned(), folder.path().join("exit.part"));
    let watch = Arc::new(ExitWatch::start());
    let watching = watch.clone();
    let noticed = tokio::spawn(async move { watching.appears(&path, &[EXIT_FILE]).await });
    fs::write(&part, RECORD).unwrap();
    fs::rename(&part, folder.path().join("another")).unwrap();
    tokio::task::yield_now().await;
    assert!(!noticed.is_finished());
    fs::write(&part, RECORD).unwrap();
    fs::rename(&part, folder.path().join(EXIT_FILE)).unwrap();
    noticed.await.unwrap();
    watch.appears(folder.path(), &[EXIT_FILE]).await;
}

fn frames(payloads: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    payloads.iter().for_each(|text| write_frames(&mut bytes, Stream::Stdout, Timestamp(1), text.as_bytes()));
    bytes
}

/// What a tail makes of a log that nobody writes to any more.
async fn read_whole(limit: u64, put: impl FnOnce(&Path)) -> (Tail, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join(LOG_FILE));
    let tail = Tail::new(folder.path(), StepNo(1), limit, Arc::new(Notify::new()));
    let writer_gone = CancellationToken::new();
    writer_gone.cancel();
    (tail.follow(writer_gone).await, folder)
}

fn digest_of(bytes: &[u8]) -> (u64, String) {
    (bytes.len() as u64, blake3::hash(bytes).to_hex().to_string())
}

#[tokio::test]
async fn a_sound_log_is_read_to_its_end() {
    let bytes = frames(&["one\n", &"x".repeat(300_000), "two\n"]);
    let (tail, _folder) = read_whole(1 << 20, |path| fs::write(path, &bytes).unwrap()).await;
    let digest = tail.digest();
    assert_eq!((digest.bytes, digest.hash), digest_of(&bytes));
    assert_eq!(trouble(&tail), None);
    let mut read = Vec::new();
    while read.len() < bytes.len() {
        read.extend(tail.spooled().read(read.len() as u64, 100_000).unwrap());
    }
    assert_eq!(read, bytes);
}

#[tokio::test]
async fn a_log_that_never_was_is_empty() {
    let (tail, _folder) = read_whole(100, |_| ()).await;
    assert_eq!((tail.digest().bytes, trouble(&tail)), (0, None));
    assert_eq!(tail.spooled().read(0, 100).unwrap(), b"");
}

#[tokio::test]
async fn only_what_is_sound_counts() {
    let sound = frames(&["one\n"]);
    let cut = [&sound[..], &frames(&["two\n"])[..HEADER_LEN + 2]].concat();
    let (tail, _folder) = read_whole(100, |path| fs::write(path, cut).unwrap()).await;
    assert_eq!((tail.digest().bytes, tail.digest().hash), digest_of(&sound));
    assert_eq!(trouble(&tail), None);
    let foreign = [&sound[..], b"sixteen bytes that are no frame"].concat();
    let (tail, _folder) = read_whole(100, |path| fs::write(path, foreign).unwrap()).await;
    assert_eq!((tail.digest().bytes, tail.digest().hash), digest_of(&sound));
    assert_eq!(trouble(&tail).as_deref(), Some("there are bytes in it that are no frame"));
}

#[tokio::test]
async fn what_is_no_log_is_not_opened() {
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    fs::write(elsewhere.path(), frames(&["secret of the host"])).unwrap();
    let (tail, _folder) = read_whole(100, |path| symlink(elsewhere.path(), path).unwrap()).await;
    assert_eq!((tail.digest().bytes, trouble(&tail).as_deref()), (0, Some("it is a link")));
    let (tail, _folder) = read_whole(100, pipe).await;
    assert_eq!((tail.digest().bytes, trouble(&tail).as_deref()), (0, Some("it is not a regular file")));
}

#[tokio::test]
async fn a_log_far_over_its_limit_is_not_followed_for_ever() {
    let endless = |path: &Path| {
        let bytes = frames(&vec!["x"; 400_000]);
        fs::write(path, bytes).unwrap();
    };
    let (tail, _folder) = read_whole(0, endless).await;
    assert_eq!(trouble(&tail).as_deref(), Some("it is longer than its limit"));
    assert!(tail.digest().bytes < 6_000_000, "{}", tail.digest().bytes);
}

#[tokio::test]
async fn a_log_that_was_changed_after_it_was_read_is_not_sent() {
    let bytes = frames(&["one\n", "two\n"]);
    let (tail, folder) = read_whole(100, |path| fs::write(path, &bytes).unwrap()).await;
    let log = folder.path().join(LOG_FILE);
    fs::write(&log, vec![0; bytes.len()]).unwrap();
    assert!(tail.spooled().read(0, 1000).is_err());
    fs::write(&log, "").unwrap();
    assert!(tail.spooled().read(0, 1000).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_growing_log_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let news = Arc::new(Notify::new());
    let tail = Tail::new(folder.path(), StepNo(1), 100, news.clone());
    let (spooled, writer_gone) = (tail.spooled(), CancellationToken::new());
    let following = tokio::spawn(tail.follow(writer_gone.clone()));
    let mut file = None;
    let mut written = 0;
    for text in ["one\n", "two\n", "three\n"] {
        let bytes = frames(&[text]);
        let file = file.get_or_insert_with(|| File::create(folder.path().join(LOG_FILE)).unwrap());
        file.write_all(&bytes).unwrap();
        news.notified().await;
        written += bytes.len() as u64;
        assert_eq!(spooled.len(), written);
    }
    writer_gone.cancel();
    assert_eq!(following.await.unwrap().digest().bytes, written);
}
