use super::*;
use anyhow::anyhow;
use sidings_proto::JobId;
use sidings_proto::digest::{DigestsKept, DigestsTold};
use sidings_proto::log::{Next, next_frame};
use std::collections::VecDeque;
use std::sync::Mutex;
use tempfile::TempDir;

/// Gives these answers, one after the other, and remembers what it was asked.
struct Controller {
    answers: Mutex<VecDeque<anyhow::Result<ImageAnswer>>>,
    asked: Mutex<Vec<Option<u64>>>,
}

#[async_trait]
impl Fleet for Controller {
    async fn ask(&self, ask: ImageAsk) -> anyhow::Result<ImageAnswer> {
        self.asked.lock().unwrap().push(ask.waited);
        self.answers.lock().unwrap().pop_front().expect("it is not asked again")
    }

    async fn agree(&self, _: DigestsTold) -> anyhow::Result<DigestsKept> {
        anyhow::bail!("nothing is agreed on")
    }

    async fn tell(&self, _: ImageTold) -> anyhow::Result<()> {
        anyhow::bail!("nothing is told")
    }

    async fn missing(&self, _: Vec<BlobId>) -> anyhow::Result<Vec<BlobId>> {
        anyhow::bail!("nothing is sent")
    }

    async fn put(&self, _: &BlobId, _: u64, _: &Path) -> anyhow::Result<()> {
        anyhow::bail!("nothing is sent")
    }

    async fn judge(&self, _: &str) -> anyhow::Result<Option<FlawsJudged>> {
        unreachable!("nobody asks")
    }

    async fn wants_inventory(&self, _: &str) -> anyhow::Result<bool> {
        unreachable!("nobody asks")
    }

    async fn put_inventory(&self, _: &str, _: Bytes) -> anyhow::Result<()> {
        anyhow::bail!("nothing is sent")
    }

    async fn part(&self, _: &str, _: &BlobId, _: u64, _: &Path) -> anyhow::Result<()> {
        anyhow::bail!("nothing is fetched")
    }
}

/// What is to be done, what was asked and what the log says.
async fn told(answers: Vec<anyhow::Result<ImageAnswer>>) -> (Turn, Vec<Option<u64>>, String) {
    let folder = TempDir::new().unwrap();
    let log = SetupLog::create(&folder.path().join("log")).unwrap();
    let controller = Controller { answers: Mutex::new(answers.into()), asked: Mutex::default() };
    let turn = turn(&controller, "k", &log).await;
    let bytes = std::fs::read(folder.path().join("log")).unwrap();
    let (mut text, mut rest) = (String::new(), bytes.as_slice());
    while let Next::Frame(_, payload, taken) = next_frame(rest) {
        text.push_str(std::str::from_utf8(payload).unwrap());
        rest = &rest[taken..];
    }
    let asked = controller.asked.lock().unwrap().clone();
    (turn, asked, text)
}

fn wait(claim: u64, by: &str) -> anyhow::Result<ImageAnswer> {
    let (job, since) = (JobId(Default::default()), sidings_proto::Timestamp(0));
    Ok(ImageAnswer::Wait { claim, by: by.to_owned(), job, job_url: format!("http://ci/{by}"), since })
}

#[tokio::test]
async fn who_waits_says_for_whom_once_and_again_when_another_one_takes_over() {
    let build = Ok(ImageAnswer::Build {
        claim: 3,
        wanted: true,
        inventory: false,
        earlier: vec!["reg/web@sha256:1".to_owned()],
    });
    let (turn, asked, log) = told(vec![wait(1, "a"), wait(1, "a"), wait(2, "b"), build]).await;
    assert_eq!(
        turn,
        Turn::Build { claim: 3, wanted: true, inventory: false, earlier: vec!["reg/web@sha256:1".to_owned()] }
    );
    assert_eq!(asked, [None, Some(1), Some(1), Some(2)]);
    assert_eq!(log, "waits for runner a's build: http://ci/a\nwaits for runner b's build: http://ci/b\n");
}

#[tokio::test]
async fn who_gets_no_answer_builds_alone_and_says_why() {
    let (turn, _, log) = told(vec![Err(anyhow!("no route"))]).await;
    assert_eq!(turn, Turn::Alone);
    assert!(log.contains("cannot be asked who builds the image (no route): it is built here"), "{log}");
}

#[tokio::test]
async fn a_failure_elsewhere_is_the_users() {
    let (by, message) = ("a".to_owned(), "Dockerfile line 3".to_owned());
    let failed = Ok(ImageAnswer::Failed { claim: 1, by, job: JobId(Default::default()), message: message.clone() });
    let (turn, _, log) = told(vec![wait(1, "a"), failed]).await;
    assert_eq!(turn, Turn::Failed(message));
    assert!(log.contains("the build on runner a failed"), "{log}");
}
