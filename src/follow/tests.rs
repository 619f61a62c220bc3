//! A real controller and a runner without containers, seen through a connection that breaks off all the time.

use super::*;
use crate::snapshot;
use sidings_controller::{Config, Controller, StoreKind};
use sidings_proto::api::{State, SubmitRun};
use sidings_proto::{Commit, Source, Trigger, Verdict};
use sidings_runner::{EngineKind, Shutdown};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What each connection lets through of the controller's answers, in turn, before it is cut.
const LETS_THROUGH: [usize; 5] = [500, 2_000, 30_000, 1_100, 9_000];

/// Keeps what it is told.
#[derive(Default)]
struct Recorder {
    lines: BTreeMap<(String, String), Vec<String>>,
    notices: Vec<model::Notice>,
}

impl Screen for Recorder {
    fn lines(&mut self, following: &Following, log: LogId, lines: &[Line]) -> io::Result<()> {
        let job = following.job(log.job).map(|job| job.name.clone()).unwrap_or_default();
        let told = self.lines.entry((job, following.step_name(log))).or_default();
        told.extend(lines.iter().map(|line| String::from_utf8_lossy(&line.bytes).into_owned()));
        Ok(())
    }

    fn notice(&mut self, _: &Following, notice: &model::Notice) -> io::Result<()> {
        self.notices.push(notice.clone());
        Ok(())
    }

    fn remark(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn refresh(&mut self, _: &Following, _: sidings_proto::Timestamp) -> io::Result<()> {
        Ok(())
    }

    fn stand_aside(&mut self, _: &Following, _: LogId) -> io::Result<()> {
        Ok(())
    }

    fn close(&mut self, _: &Following, _: sidings_proto::Timestamp) -> io::Result<()> {
        Ok(())
    }
}

async fn controller(folder: &Path) -> Controller {
    let config = Config {
        data_dir: folder.join("controller"),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        public_url: None,
        store: StoreKind::Memory,
        api_token: None,
        secrets_key: None,
        policy: None,
        flaws: None,
        webhook_private: false,
        audit_for: std::time::Duration::from_secs(3600),
    };
    sidings_controller::start(config).await.unwrap()
}

async fn runner(folder: &Path, controller: &Controller, shutdown: Shutdown) {
    let config = sidings_runner::Config {
        data_dir: folder.join("runner"),
        name: "hetty".to_owned(),
        controller_url: controller.url().to_owned(),
        registration_token: Some(controller.registration_token("test").await.unwrap()),
        slots: 4,
        labels: BTreeMap::new(),
        engine: EngineKind::Dummy,
        warm_networks: None,
        log_limit_bytes: sidings_runner::LOG_LIMIT_BYTES,
        least_free_bytes: Some(0),
        cleaning: None,
        registries: Default::default(),
        authorities: None,
        attendant: None,
    };
    sidings_runner::run(config, shutdown).await.unwrap();
}

/// Passes connections on, and cuts each.
async fn cutting(to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for lets_through in LETS_THROUGH.into_iter().cycle() {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(to).await.unwrap();
            tokio::spawn(pass(client, server, lets_through));
        }
    });
    here
}

async fn pass(client: TcpStream, server: TcpStream, mut lets_through: usize) {
    let (mut asks, mut client) = client.into_split();
    let (mut answers, mut server) = server.into_split();
    let asking = tokio::spawn(async move { tokio::io::copy(&mut asks, &mut server).await });
    let mut buffer = [0; 4096];
    while lets_through > 0 {
        let Ok(read @ 1..) = answers.read(&mut buffer).await else { break };
        let passed = read.min(lets_through);
        if client.write_all(&buffer[..passed]).await.is_err() {
            break;
        }
        lets_through -= passed;
    }
    asking.abort();
}

/// Asks for a run of a project that is nothing but this pipeline.
async fn submit(client: &Client, pipeline: &str) -> RunView {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(sidings_pipeline::FILE), pipeline).unwrap();
    let snapshot = snapshot::pack(folder.path().to_owned(), vec![sidings_pipeline::FILE.into()]).await.unwrap();
    client.put_blob(&snapshot.id, snapshot.file.path()).await.unwrap();
    let (source, sha) = (Source::Snapshot { blob: snapshot.id }, crate::worktree::NO_COMMIT.to_owned());
    let run = SubmitRun::new("demo".to_owned(), Trigger::Manual, source, Commit { sha, ..Commit::default() });
    client.submit(&run).await.unwrap()
}

fn numbered(count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("line {n} of many, long enough to be cut")).collect()
}

fn pipeline() -> String {
    let script: String = numbered(400).iter().map(|line| format!("          echo {line}\n")).collect();
    format!(
        "image: any:1\njobs:\n  one:\n    steps:\n      - name: early\n        run: |\n{script}      \
         - name: late\n        run: |\n{script}          sleep 0.3\n{script}  \
         two:\n    steps:\n      - name: fails\n        run: |\n{script}          exit 3\n"
    )
}

/// Shows the first line that is wrong, not all that are right.
#[track_caller]
fn check(told: &Recorder, job: &str, step: &str, expected: &[String]) {
    let lines = &told.lines[&(job.to_owned(), step.to_owned())];
    let wrong = lines.iter().zip(expected).position(|(line, expected)| line != expected);
    assert_eq!((wrong, lines.len()), (None, expected.len()), "{job} / {step}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_line_is_lost_or_doubled_however_often_the_connection_breaks_off() {
    let folder = tempfile::tempdir().unwrap();
    let controller = controller(folder.path()).await;
    let shutdown = Shutdown::default();
    let token = controller.api_token("test").await.unwrap();
    let direct = Client::open(controller.url(), Some(token.clone())).unwrap();
    let cut = Client::open(&format!("http://{}", cutting(controller.addr()).await), Some(token)).unwrap();
    let mut told = Recorder::default();

    let seen = async {
        let run = submit(&direct, &pipeline()).await;
        let followed = follow(&cut, run, Scope::default(), OnInterrupt::Leave, &mut told).await.unwrap();
        shutdown.stop.cancel();
        followed
    };
    let ((), followed) = tokio::join!(runner(folder.path(), &controller, shutdown.clone()), seen);
    controller.shutdown().await.unwrap();

    assert_eq!(followed.run.summary.state, State::Ended);
    assert!(
        followed.run.summary.verdict.as_ref().is_some_and(Verdict::is_failed),
        "{:?}",
        followed.run.summary.verdict
    );
    check(&told, "one", "early", &numbered(400));
    check(&told, "one", "late", &[numbered(400), numbered(400)].concat());
    check(&told, "two", "fails", &numbered(400));
    let ended = told.notices.iter().filter(|notice| matches!(notice, model::Notice::JobEnded(_))).count();
    assert_eq!(ended, 2);
}
