//! Submitting a tree of one pipeline file, packed once.

use crate::support::Client;
use sidings_proto::api::{RunView, SubmitRun};
use sidings_proto::{BlobId, Commit, RunId, Source, Trigger};
use std::time::{Duration, Instant};

/// A tree in the controller's blob store.
pub(crate) struct Tree(BlobId);

/// Packs a pipeline and stores it.
pub(crate) async fn upload(client: &Client, pipeline: &str) -> Tree {
    let mut tar = tar::Builder::new(zstd::Encoder::new(Vec::new(), 3).unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_size(pipeline.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, ".sidings.yml", pipeline.as_bytes()).unwrap();
    let bytes = tar.into_inner().unwrap().finish().unwrap();
    let blob = BlobId::try_from(blake3::hash(&bytes).to_hex().to_string()).unwrap();
    let answer = client.put(&format!("/api/v1/blobs/{blob}")).body(bytes).send().await.unwrap();
    answer.error_for_status().unwrap();
    Tree(blob)
}

/// Asks for a run of the tree.
pub(crate) async fn submit(client: &Client, tree: &Tree) -> RunId {
    let commit = Commit { sha: "0".repeat(40), reference: "refs/heads/main".to_owned(), ..Commit::default() };
    let source = Source::Snapshot { blob: tree.0.clone() };
    let submit = SubmitRun::new("bench".to_owned(), Trigger::Api, source, commit);
    let answer = client.post("/api/v1/runs").json(&submit).send().await.unwrap();
    answer.error_for_status().unwrap().json::<RunView>().await.unwrap().summary.id
}

/// Submits, waits for the verdict, and gives the time between.
pub(crate) async fn time_to_verdict(client: &Client, tree: &Tree) -> (Duration, RunView) {
    let start = Instant::now();
    let id = submit(client, tree).await;
    let view = client.until_ended(id).await;
    let took = start.elapsed();
    assert_eq!(view.summary.verdict, Some(sidings_proto::Verdict::Passed), "{view:#?}");
    (took, view)
}
