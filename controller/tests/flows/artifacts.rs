//! What attempts leave behind: put, claimed by an accepted end, given to jobs that need it and to people.

use crate::rig::{Rig, Work, json, refused, rig};
use reqwest::{Method, Response, StatusCode};
use sidings_proto::api::ArtifactList;
use sidings_proto::artifact::{Content, Entry, KeptArtifacts, Manifest};
use sidings_proto::runner::{Blobs, Finish, Kept};
use sidings_proto::{BlobId, FailureClass, LifeId, Verdict};

const PIPELINE: &str = "image: debian:bookworm-slim\n\
jobs:\n  make: { artifacts: dist, steps: [{ name: unit, run: make }] }\n  \
use: { needs: make, steps: [{ name: unit, run: make }] }\n  \
other: { needs: make, steps: [{ name: unit, run: make }] }\n";

fn id(bytes: &[u8]) -> BlobId {
    blake3::hash(bytes).to_hex().to_string().try_into().unwrap()
}

async fn put(rig: &Rig, work: &Work, id: &BlobId, bytes: &[u8]) -> Response {
    let call = rig.call_as(&work.assignment.token, Method::PUT, &work.path(&format!("blobs/{id}")));
    call.body(bytes.to_vec()).send().await.unwrap()
}

async fn get(rig: &Rig, work: &Work, rest: &str) -> Response {
    rig.call_as(&work.assignment.token, Method::GET, &work.path(rest)).send().await.unwrap()
}

async fn missing(rig: &Rig, work: &Work, blobs: Vec<BlobId>) -> Vec<BlobId> {
    json::<Blobs>(work.post(rig, "blobs", &Blobs { blobs }).await, StatusCode::OK).await.blobs
}

/// Puts one file, and gives the end of an attempt that keeps it.
async fn keeps(rig: &Rig, work: &Work, path: &str, bytes: &[u8]) -> Finish {
    assert_eq!(put(rig, work, &id(bytes), bytes).await.status(), StatusCode::CREATED);
    let length = bytes.len() as u64;
    let content = Content::File { blob: id(bytes), bytes: length, executable: false };
    let list = serde_json::to_vec(&Manifest { entries: vec![Entry { path: path.to_owned(), content }] }).unwrap();
    assert_eq!(put(rig, work, &id(&list), &list).await.status(), StatusCode::CREATED);
    let kept = KeptArtifacts { manifest: id(&list), entries: 1, bytes: length, expire_in_ms: 1_000_000 };
    Finish { kept: Kept { artifacts: vec![kept], ..Kept::default() }, ..work.passed(b"") }
}

#[tokio::test]
async fn what_a_job_keeps_is_for_those_that_need_it_and_for_people() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(PIPELINE).await;
    let make = runner.lease(&rig).await;
    assert_eq!(missing(&rig, &make, vec![id(b"text")]).await, [id(b"text")]);
    let finish = keeps(&rig, &make, "dist/<b>.html", b"text").await;
    assert_eq!(missing(&rig, &make, vec![id(b"text")]).await, []);
    assert_eq!(put(&rig, &make, &id(b"text"), b"text").await.status(), StatusCode::OK);
    assert_eq!(make.finish(&rig, &finish).await["answer"], "accepted");
    assert_eq!(make.finish(&rig, &finish).await["answer"], "already");

    let user = runner.lease(&rig).await;
    assert_eq!(user.assignment.spec.inputs, ["make"]);
    let tar = get(&rig, &user, "inputs/0").await.bytes().await.unwrap();
    let mut archive = tar::Archive::new(&tar[..]);
    let paths: Vec<_> = archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().into_owned()).collect();
    assert_eq!(paths, [std::path::Path::new("dist/<b>.html")]);
    assert_eq!(refused(get(&rig, &user, "inputs/1").await, StatusCode::NOT_FOUND).await, "not_found");

    let view = rig.view(&run).await;
    assert_eq!(view.jobs[0].attempts[0].artifacts.map(|kept| (kept.entries, kept.bytes)), Some((1, 4)));
    let base = format!("/api/v1/jobs/{}/artifacts", view.jobs[0].id);
    let list: ArtifactList = rig.get(&base).await;
    assert_eq!(list.artifacts.iter().map(|one| &*one.path).collect::<Vec<_>>(), ["dist/<b>.html"]);
    let file = rig.call(Method::GET, &format!("{base}/file?path=dist%2F%3Cb%3E.html")).send().await.unwrap();
    let header = |name: &str| file.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((header("content-type"), header("content-disposition")), {
        ("application/octet-stream".to_owned(), "attachment".to_owned())
    });
    assert_eq!(file.bytes().await.unwrap(), "text");
    let none = rig.call(Method::GET, &format!("{base}/file?path=..%2Fserver.key")).send().await.unwrap();
    assert_eq!(refused(none, StatusCode::NOT_FOUND).await, "not_found");
    assert_eq!(rig.call(Method::GET, &format!("{base}/tar")).send().await.unwrap().bytes().await.unwrap(), tar);
}

#[tokio::test]
async fn a_stale_attempt_puts_nothing_and_keeps_nothing() {
    let rig = rig().await;
    let mut runner = rig.runner().await;
    let run = rig.run(PIPELINE).await;
    let old = runner.lease(&rig).await;
    let finish = keeps(&rig, &old, "dist/a", b"old").await;
    runner.life = LifeId::new();
    runner.hello(&rig).await;
    let new = runner.lease(&rig).await;
    for answer in [
        put(&rig, &old, &id(b"late"), b"late").await,
        old.post(&rig, "blobs", &Blobs { blobs: vec![id(b"old")] }).await,
        old.post(&rig, "finish", &finish).await,
        get(&rig, &old, "inputs/0").await,
    ] {
        assert_eq!(refused(answer, StatusCode::CONFLICT).await, "stale_attempt");
    }
    assert_eq!(missing(&rig, &new, vec![id(b"late")]).await, [id(b"late")]);
    new.pass(&rig).await;
    let job = rig.view(&run).await.jobs.remove(0);
    assert!(job.attempts.iter().all(|attempt| attempt.artifacts.is_none()));
    assert_eq!(rig.get::<ArtifactList>(&format!("/api/v1/jobs/{}/artifacts", job.id)).await, ArtifactList::default());
    let user = runner.lease(&rig).await;
    assert_eq!(get(&rig, &user, "inputs/0").await.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn only_whole_and_right_lists_are_taken() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(PIPELINE).await;
    let work = runner.lease(&rig).await;
    let answer = put(&rig, &work, &id(b"one"), b"two").await;
    assert_eq!(refused(answer, StatusCode::UNPROCESSABLE_ENTITY).await, "hash_differs");
    let outside = keeps(&rig, &work, "../outside", b"x").await;
    let answer = work.post(&rig, "finish", &outside).await;
    assert_eq!(refused(answer, StatusCode::BAD_REQUEST).await, "bad_request");
    let mut unknown = keeps(&rig, &work, "dist/a", b"y").await;
    unknown.kept.artifacts[0].manifest = id(b"nowhere");
    let answer = work.post(&rig, "finish", &unknown).await;
    assert_eq!(refused(answer, StatusCode::BAD_REQUEST).await, "bad_request");
    assert_eq!(rig.view(&run).await.jobs[0].verdict, None);
}

#[tokio::test]
async fn bytes_that_are_gone_when_the_job_ends_make_it_run_again() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(PIPELINE).await;
    let work = runner.lease(&rig).await;
    let finish = keeps(&rig, &work, "dist/a", b"lost").await;
    let name = id(b"lost");
    let file = rig.data.path().join("kept").join(&name.as_str()[..2]).join(name.as_str());
    std::fs::remove_file(file).unwrap();
    assert_eq!(work.finish(&rig, &finish).await["answer"], "accepted");
    let job = rig.view(&run).await.jobs.remove(0);
    let Some(Verdict::Failed(failure)) = &job.attempts[0].verdict else { panic!("{job:?}") };
    assert_eq!(failure.class, FailureClass::EngineFailed);
    assert_eq!((job.verdict, job.attempts[0].artifacts), (None, None));
}
