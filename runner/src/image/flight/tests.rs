use super::*;
use anyhow::anyhow;
use sidings_proto::log::Stream;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;
use tokio::sync::oneshot;

struct Stage {
    folder: TempDir,
    flights: Flights,
    done: AtomicUsize,
}

fn stage() -> Stage {
    Stage { folder: TempDir::new().unwrap(), flights: Flights::default(), done: AtomicUsize::new(0) }
}

impl Stage {
    fn log(&self, name: &str) -> SetupLog {
        SetupLog::create(&self.folder.path().join(name)).unwrap()
    }

    fn notes(&self, name: &str) -> String {
        let bytes = std::fs::read(self.folder.path().join(name)).unwrap();
        let mut rest = bytes.as_slice();
        let mut text = String::new();
        while let sidings_proto::log::Next::Frame(header, payload, taken) = sidings_proto::log::next_frame(rest) {
            assert_eq!(header.stream, Stream::Note);
            text.push_str(std::str::from_utf8(payload).unwrap());
            rest = &rest[taken..];
        }
        text
    }

    /// Work that is done only when nobody did it before, after `gate` opens.
    async fn work(&self, gate: oneshot::Receiver<()>, outcome: Result<(), ImageError>) -> Result<usize, ImageError> {
        let _ = gate.await;
        outcome.map(|()| self.done.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

fn open() -> oneshot::Receiver<()> {
    oneshot::channel().1
}

fn user(message: &str) -> Result<(), ImageError> {
    Err(ImageError::User(message.to_owned()))
}

#[tokio::test]
async fn the_second_waits_for_the_first_and_says_so() {
    let stage = stage();
    let (one, two) = (stage.log("one"), stage.log("two"));
    let (go, gate) = oneshot::channel();
    let first = stage.flights.alone("k", &one, "waiting", async || stage.work(gate, Ok(())).await);
    let second = stage.flights.alone("k", &two, "waiting", async || Ok(stage.done.load(Ordering::Relaxed)));
    let start = async { go.send(()).unwrap() };
    let (first, second, ()) = tokio::join!(biased; first, second, start);
    assert_eq!((first.unwrap(), second.unwrap()), (1, 1), "the second finds it done");
    assert_eq!((stage.notes("one").as_str(), stage.notes("two").as_str()), ("", "waiting\n"));
}

#[tokio::test]
async fn a_users_failure_is_everybodys_who_waited_and_nobodys_after() {
    let stage = stage();
    let (one, two) = (stage.log("one"), stage.log("two"));
    let (go, gate) = oneshot::channel();
    let first = stage.flights.alone("k", &one, "waiting", async || stage.work(gate, user("line 3")).await);
    let second = stage.flights.alone("k", &two, "waiting", async || stage.work(open(), Ok(())).await);
    let start = async { go.send(()).unwrap() };
    let (first, second, ()) = tokio::join!(biased; first, second, start);
    assert_eq!((first.unwrap_err().to_string(), second.unwrap_err().to_string()), ("line 3".into(), "line 3".into()));
    assert!(stage.notes("two").contains("the other job's attempt failed"));
    let third = stage.flights.alone("k", &one, "waiting", async || stage.work(open(), Ok(())).await);
    assert_eq!(third.await.unwrap(), 1);
}

#[tokio::test]
async fn where_the_engine_failed_the_next_one_tries() {
    let stage = stage();
    let (one, two) = (stage.log("one"), stage.log("two"));
    let (go, gate) = oneshot::channel();
    let broken = Err(ImageError::Engine(anyhow!("gone")));
    let first = stage.flights.alone("k", &one, "waiting", async || stage.work(gate, broken).await);
    let second = stage.flights.alone("k", &two, "waiting", async || stage.work(open(), Ok(())).await);
    let start = async { go.send(()).unwrap() };
    let (first, second, ()) = tokio::join!(biased; first, second, start);
    assert!(first.is_err());
    assert_eq!(second.unwrap(), 1);
}

#[tokio::test]
async fn where_the_first_was_given_up_the_next_one_does_it() {
    let stage = stage();
    let (one, two) = (stage.log("one"), stage.log("two"));
    let (_never, gate) = oneshot::channel();
    let mut first = Box::pin(stage.flights.alone("k", &one, "waiting", async || stage.work(gate, Ok(())).await));
    assert!(futures::poll!(&mut first).is_pending());
    let second = stage.flights.alone("k", &two, "waiting", async || stage.work(open(), Ok(())).await);
    let give_up = async { drop(first) };
    let (second, ()) = tokio::join!(biased; second, give_up);
    assert_eq!(second.unwrap(), 1);
}

#[tokio::test]
async fn different_keys_do_not_wait() {
    let stage = stage();
    let log = stage.log("one");
    let (_never, gate) = oneshot::channel();
    let mut first = Box::pin(stage.flights.alone("k", &log, "waiting", async || stage.work(gate, Ok(())).await));
    assert!(futures::poll!(&mut first).is_pending());
    let second = stage.flights.alone("l", &log, "waiting", async || stage.work(open(), Ok(())).await);
    assert_eq!(second.await.unwrap(), 1);
}
