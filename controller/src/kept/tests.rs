use super::*;
use crate::core::event::{Record, RunContent, RunSpec};
use crate::store::in_memory::MemoryStore;
use futures::{StreamExt, TryStreamExt};
use sidings_proto::artifact::Entry;
use sidings_proto::{AttemptId, Commit, JobId, LifeId, Plan, PlannedJob, RequestId, RunId, RunnerId, Source, Trigger};
use std::io::Read;
use tempfile::TempDir;

struct Scene {
    kept: Kept,
    store: Arc<MemoryStore>,
    _dir: TempDir,
}

impl Scene {
    async fn new() -> Scene {
        let (dir, store) = (tempfile::tempdir().unwrap(), Arc::new(MemoryStore::default()));
        let kept = Kept::open(dir.path().join("kept"), store.clone()).await.unwrap();
        Scene { kept, store, _dir: dir }
    }

    async fn put(&self, bytes: &[u8]) -> BlobId {
        let id = BlobId::try_from(blake3::hash(bytes).to_hex().to_string()).unwrap();
        let pieces = futures::stream::iter([Ok::<_, ()>(bytes::Bytes::copy_from_slice(bytes))]);
        self.kept.blobs.put(&id, pieces).await.unwrap();
        id
    }

    async fn list(&self, entries: Vec<Entry>) -> KeptArtifacts {
        let manifest = Manifest { entries };
        let (entries, bytes) = (manifest.entries.len() as u64, sum(&manifest));
        let manifest = self.put(&serde_json::to_vec(&manifest).unwrap()).await;
        KeptArtifacts { manifest, entries, bytes, expire_in_ms: 1000 }
    }

    /// An attempt that ended with these.
    async fn ended_with(&self, artifacts: Vec<KeptArtifacts>) -> StoredAttempt {
        let job = JobId::new();
        let run = RunSpec {
            id: RunId::new(),
            project: "p".to_owned(),
            number: 1,
            trigger: Trigger::Push,
            commit: Commit::default(),
            source: Source::Git { url: String::new(), commit: String::new() },
            repo_url: String::new(),
            default_branch: String::new(),
            retry_of: None,
            inputs: BTreeMap::new(),
            choice: Default::default(),
            content: RunContent::Plan {
                plan: Plan { jobs: vec![PlannedJob::default()], ..Plan::default() },
                job_ids: vec![job],
            },
        };
        let (attempt, at, id) = (AttemptId { job, fence: 1 }, Timestamp(0), run.id);
        let (runner, life, request) = (RunnerId::new(), LifeId::new(), RequestId::new());
        let records = [
            Record::RunAccepted { run: Arc::new(run), at },
            Record::AttemptStarted { attempt, runner, life, request, at },
            Record::ArtifactsKept { attempt, at, artifacts },
        ];
        self.store.commit(&records).await.unwrap();
        self.store.run(id).await.unwrap().unwrap().jobs[0].attempts[0].clone()
    }

    async fn has(&self, ids: &[&BlobId]) -> Vec<bool> {
        let mut has = Vec::new();
        for id in ids {
            has.push(self.kept.blobs.size(id).await.is_some());
        }
        has
    }
}

fn file(path: &str, blob: &BlobId, bytes: u64) -> Entry {
    Entry { path: path.to_owned(), content: Content::File { blob: blob.clone(), bytes, executable: false } }
}

fn link(path: &str, target: &str) -> Entry {
    Entry { path: path.to_owned(), content: Content::Link { target: target.to_owned() } }
}

fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(60)
}

#[tokio::test]
async fn what_expired_goes_what_others_name_stays_and_so_does_what_is_new() {
    let scene = Scene::new().await;
    let (shared, own, unclaimed) = (scene.put(b"shared").await, scene.put(b"own").await, scene.put(b"x").await);
    let short = scene.list(vec![file("a", &shared, 6), file("b", &own, 3)]).await;
    let long = KeptArtifacts { expire_in_ms: 5000, ..scene.list(vec![file("a", &shared, 6)]).await };
    scene.ended_with(vec![short.clone(), long.clone()]).await;
    let all = [&shared, &own, &unclaimed, &short.manifest, &long.manifest];
    scene.kept.sweep(SystemTime::now() - UNCLAIMED).await.unwrap();
    assert_eq!(scene.has(&all).await, [true; 5], "what is new may be named yet");
    scene.kept.sweep(later()).await.unwrap();
    assert_eq!(scene.has(&all).await, [true, true, false, true, true]);
    scene.kept.tick(Timestamp(1000), false).await.unwrap();
    scene.kept.sweep(later()).await.unwrap();
    assert_eq!(scene.has(&all).await, [true, false, false, false, true]);
    scene.kept.tick(Timestamp(5000), false).await.unwrap();
    scene.kept.sweep(later()).await.unwrap();
    assert_eq!(scene.has(&all).await, [false; 5]);
}

#[tokio::test]
async fn asking_for_a_blob_keeps_it_for_a_while() {
    let scene = Scene::new().await;
    let (known, unknown) = (scene.put(b"known").await, BlobId::try_from("0".repeat(64)).unwrap());
    let file = std::fs::File::options().append(true).open(scene.kept.blobs.file(&known)).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(scene.kept.missing(vec![known.clone(), unknown.clone()]).await, std::slice::from_ref(&unknown));
    scene.kept.sweep(SystemTime::now() - UNCLAIMED).await.unwrap();
    assert_eq!(scene.has(&[&known]).await, [true]);
}

#[tokio::test]
async fn a_list_that_is_not_in_order_is_refused() {
    let scene = Scene::new().await;
    let blob = scene.put(b"text").await;
    let refused: [Vec<Entry>; 6] = [
        vec![file("../a", &blob, 4)],
        vec![file("/etc/passwd", &blob, 4)],
        vec![file("a", &blob, 4), file("a", &blob, 4)],
        vec![file("b", &blob, 4), file("a", &blob, 4)],
        vec![link("l", "../out")],
        vec![link("d/l", "x/../../..")],
    ];
    for entries in refused {
        let kept = scene.list(entries.clone()).await;
        assert!(matches!(scene.kept.check(&[kept]).await, Err(NotKept::Wrong(_))), "{entries:?}");
    }
    let right = scene.list(vec![file("a", &blob, 4), link("l", "a")]).await;
    assert!(scene.kept.check(std::slice::from_ref(&right)).await.is_ok());
    let counted_wrong = KeptArtifacts { bytes: 5, ..right };
    assert!(matches!(scene.kept.check(&[counted_wrong]).await, Err(NotKept::Wrong(_))));
    let other_size = scene.list(vec![file("a", &blob, 5)]).await;
    assert!(matches!(scene.kept.check(&[other_size]).await, Err(NotKept::Missing(path)) if path == "a"));
}

#[tokio::test]
async fn the_archive_has_every_path_once_and_links_last() {
    let scene = Scene::new().await;
    let (one, two) = (scene.put(b"one").await, scene.put(&vec![7; 1_000_000]).await);
    let long = "d/".repeat(90) + &"n".repeat(200);
    let lists = vec![
        scene.list(vec![link("a", "b"), file("b", &one, 3)]).await,
        scene.list(vec![file("b", &one, 3), file(&long, &two, 1_000_000)]).await,
    ];
    let attempt = scene.ended_with(lists).await;
    let entries = scene.kept.entries(&attempt).await.unwrap();
    let pieces: Vec<_> = scene.kept.tar(entries).boxed().try_collect().await.unwrap();
    let mut archive = ::tar::Archive::new(std::io::Cursor::new(pieces.concat()));
    let mut seen = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        seen.push((entry.path().unwrap().to_str().unwrap().to_owned(), bytes.len()));
    }
    assert_eq!(seen, [("b".to_owned(), 3), (long, 1_000_000), ("a".to_owned(), 0)]);
}
