use super::*;
use crate::engine::EngineFacts;
use crate::engine::dummy::Dummy;
use crate::image::BuildMeta;
use async_trait::async_trait;
use bytes::Bytes;
use sidings_proto::flaws::FlawsJudged;
use sidings_proto::image::{ImageAnswer, ImageAsk, ImageTold};
use sidings_proto::{BlobId, Commit, Environment, RunId};
use std::path::Path;
use std::sync::Mutex;
use tempfile::TempDir;

const ONE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const TWO: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

/// Keeps what it is told first.
#[derive(Default)]
struct Run(Mutex<BTreeMap<String, String>>);

#[async_trait]
impl Fleet for Run {
    async fn agree(&self, told: DigestsTold) -> anyhow::Result<DigestsKept> {
        let mut known = self.0.lock().unwrap();
        let new = told.found.keys().filter(|name| !known.contains_key(*name)).cloned().collect();
        for (name, digest) in &told.found {
            known.entry(name.clone()).or_insert_with(|| digest.clone());
        }
        let asked = |name: &String| told.found.contains_key(name) || told.wanted.contains(name);
        let digests = known.iter().filter(|(name, _)| asked(name)).map(|(name, it)| (name.clone(), it.clone()));
        Ok(DigestsKept { digests: digests.collect(), new })
    }

    async fn ask(&self, _: ImageAsk) -> anyhow::Result<ImageAnswer> {
        anyhow::bail!("nobody else builds")
    }

    async fn tell(&self, _: ImageTold) -> anyhow::Result<()> {
        anyhow::bail!("nothing is told")
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

    async fn missing(&self, _: Vec<BlobId>) -> anyhow::Result<Vec<BlobId>> {
        anyhow::bail!("nothing is sent")
    }

    async fn put(&self, _: &BlobId, _: u64, _: &Path) -> anyhow::Result<()> {
        anyhow::bail!("nothing is sent")
    }

    async fn part(&self, _: &str, _: &BlobId, _: u64, _: &Path) -> anyhow::Result<()> {
        anyhow::bail!("nothing is fetched")
    }
}

/// What a reference means with this lock file, in a run that knows these digests.
async fn meant(reference: &str, locked: &[(&str, &str)], known: &[(&str, &str)]) -> (Result<Meant, String>, Arc<Run>) {
    let folder = TempDir::new().unwrap();
    let log = SetupLog::create(&folder.path().join("log")).unwrap();
    let of = |all: &[(&str, &str)]| all.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect();
    let (locked, run): (BTreeMap<_, _>, _) = (of(locked), Arc::new(Run(Mutex::new(of(known)))));
    let images = Images::new(Arc::new(Dummy::default()), EngineFacts::default(), folder.path().to_owned());
    let fleet: Arc<dyn Fleet> = run.clone();
    let pins = Pins { locked: &locked, fleet: Some(&fleet) };
    (images.meant(reference, pins, &log).await.map_err(|error| error.to_string()), run)
}

#[tokio::test]
async fn a_locked_reference_is_asked_for_by_its_digest_and_told() {
    let (found, run) = meant("debian:12", &[("debian:12", ONE)], &[]).await;
    let found = found.unwrap();
    assert_eq!((found.name, found.digest.as_deref()), (format!("debian:12@{ONE}"), Some(ONE)));
    assert_eq!(run.0.lock().unwrap()["debian:12"], ONE);
}

#[tokio::test]
async fn a_digest_that_is_written_must_be_the_one_that_is_locked() {
    let written = format!("debian:12@{TWO}");
    let (found, _) = meant(&written, &[("debian:12", ONE)], &[]).await;
    let message = found.unwrap_err();
    assert!(message.contains(ONE) && message.contains(TWO) && message.contains("`sidings lock`"), "{message}");
    let (found, run) = meant(&written, &[], &[]).await;
    assert_eq!(found.unwrap().name, written);
    assert_eq!(run.0.lock().unwrap()[&written], TWO);
}

#[tokio::test]
async fn a_digest_that_is_gone_is_named_with_what_to_do() {
    let (found, run) = meant("missing/debian:12", &[("missing/debian:12", ONE)], &[]).await;
    let message = found.unwrap_err();
    let said = format!("missing/debian:12 is locked to {ONE}, which cannot be had; and what its registry has");
    assert!(message.starts_with(&said), "{message}");
    assert!(message.ends_with("`sidings lock --update missing/debian:12` takes what the registry has"), "{message}");
    assert!(run.0.lock().unwrap().is_empty(), "what was not used is not told");
}

#[tokio::test]
async fn what_another_job_of_the_run_took_counts() {
    let (found, _) = meant("debian:12", &[], &[("debian:12", TWO)]).await;
    assert_eq!(found.unwrap().name, format!("debian:12@{TWO}"));
}

#[tokio::test]
async fn an_image_that_only_this_host_has_is_taken_as_it_is() {
    let (found, run) = meant("debian:12", &[], &[]).await;
    let found = found.unwrap();
    assert_eq!((found.name.as_str(), found.digest), ("debian:12", None));
    assert!(run.0.lock().unwrap().is_empty());
}

#[test]
fn an_image_that_came_from_a_mirror_is_known_by_the_mirrors_name() {
    let of = |known: &str| {
        let facts = ImageFacts { digests: vec![format!("{known}@{ONE}")], ..ImageFacts::default() };
        Meant::of("debian:12", ONE, facts).name
    };
    assert_eq!(of("debian"), format!("debian:12@{ONE}"));
    assert_eq!(of("mirror.corp:5000/library/debian"), format!("mirror.corp:5000/library/debian@{ONE}"));
}

#[tokio::test]
async fn the_key_of_a_build_counts_the_digest_of_its_base() {
    let folder = TempDir::new().unwrap();
    let source = folder.path().join("source");
    std::fs::create_dir(&source).unwrap();
    std::fs::write(source.join("Dockerfile"), "FROM debian:12\nRUN x\n").unwrap();
    let key = async |locked: &str| {
        let log = SetupLog::create(&TempDir::new().unwrap().path().join("log")).unwrap();
        let images = Images::new(Arc::new(Dummy::default()), EngineFacts::default(), folder.path().to_owned());
        let environment = Environment::Build {
            context: ".".to_owned(),
            dockerfile: "Dockerfile".to_owned(),
            target: None,
            args: BTreeMap::new(),
            secrets: BTreeMap::new(),
            refresh_ms: None,
        };
        let meta = BuildMeta {
            project: "test".to_owned(),
            run: RunId::new(),
            commit: Commit::default(),
            repo_url: String::new(),
            checked_out: false,
            locked: BTreeMap::from([("debian:12".to_owned(), locked.to_owned())]),
        };
        let ready = images.ready(&environment, &source, &meta, &BTreeMap::new(), None, &log).await.unwrap();
        (ready.use_.key.unwrap(), ready.facts.labels["org.opencontainers.image.base.digest"].clone())
    };
    let (one, two) = (key(ONE).await, key(TWO).await);
    assert_ne!(one.0, two.0);
    assert_eq!((one.1.as_str(), two.1.as_str()), (ONE, TWO));
    assert_eq!(key(ONE).await, one);
}
