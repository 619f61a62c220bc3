//! Images that are built once for all: claimed, waited for, shared, taken over, and kept from other projects.

use crate::rig::{Rig, Runner, Work, json, refused, rig};
use reqwest::{Method, StatusCode};
use sidings_proto::image::{
    BlobSize, ImageAnswer, ImageAsk, ImageLayer, ImageOutcome, ImagePlace, ImageTold, SharedImage,
};
use sidings_proto::inventory::{BuiltImages, FoundPackage, FoundPackages, InventoryWanted};
use sidings_proto::runner::Retire;
use sidings_proto::{BlobId, RunId, Trigger};

const THREE: &str = "image: debian:bookworm-slim\njobs:\n  a: { steps: [{ run: a }] }\n  b: { steps: [{ run: b }] }\n  \
c: { steps: [{ run: c }] }\n";

fn key() -> String {
    "5".repeat(64)
}

async fn ask(rig: &Rig, work: &Work, waited: Option<u64>) -> ImageAnswer {
    json(work.post(rig, "images", &ImageAsk { key: key(), waited }).await, StatusCode::OK).await
}

async fn tell(rig: &Rig, work: &Work, claim: u64, outcome: ImageOutcome) -> reqwest::Response {
    work.post(rig, "images/told", &ImageTold { key: key(), claim, outcome }).await
}

async fn put(rig: &Rig, work: &Work, bytes: &'static [u8]) -> BlobSize {
    let blob: BlobId = blake3::hash(bytes).to_hex().to_string().try_into().unwrap();
    let call = rig.call_as(&work.assignment.token, Method::PUT, &work.path(&format!("blobs/{blob}")));
    assert!(call.body(bytes).send().await.unwrap().status().is_success());
    BlobSize { blob, bytes: bytes.len() as u64 }
}

async fn get(rig: &Rig, work: &Work, blob: &BlobId) -> reqwest::Response {
    let path = work.path(&format!("images/{}/{blob}", key()));
    rig.call_as(&work.assignment.token, Method::GET, &path).send().await.unwrap()
}

/// An image whose parts are with the controller.
async fn image(rig: &Rig, work: &Work) -> SharedImage {
    let (config, packed) = (put(rig, work, b"{}").await, put(rig, work, b"a layer").await);
    let diff = format!("sha256:{}", "7".repeat(64));
    let layers = vec![ImageLayer { diff, bytes: 70, packed: Some(packed) }];
    SharedImage { id: format!("sha256:{}", "1".repeat(64)), place: ImagePlace::Controller { config, layers } }
}

fn claim(answer: &ImageAnswer) -> (&'static str, u64) {
    match answer {
        ImageAnswer::Build { claim, .. } => ("build", *claim),
        ImageAnswer::Wait { claim, .. } => ("wait", *claim),
        ImageAnswer::Failed { claim, .. } => ("failed", *claim),
        ImageAnswer::Ready { .. } => ("ready", 0),
        ImageAnswer::Alone { .. } => ("alone", 0),
    }
}

async fn two(rig: &Rig) -> (Runner, Work, Runner, Work) {
    let (one, other) = (rig.runner().await, rig.runner().await);
    rig.run(THREE).await;
    let (a, b) = (one.lease(rig).await, other.lease(rig).await);
    (one, a, other, b)
}

#[tokio::test]
async fn who_waits_is_told_at_once_when_the_image_is_ready() {
    let rig = rig().await;
    let (_one, a, other, b) = two(&rig).await;
    assert_eq!(
        ask(&rig, &a, None).await,
        ImageAnswer::Build { claim: 1, wanted: true, inventory: true, earlier: vec![] }
    );
    let ImageAnswer::Wait { claim: 1, by, job, .. } = ask(&rig, &b, None).await else { panic!("it is being built") };
    assert_eq!((by.as_str(), job), ("r1", a.assignment.attempt.job));

    let share = async {
        let image = image(&rig, &a).await;
        let answer = tell(&rig, &a, 1, ImageOutcome::Shared { image: image.clone() }).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        image
    };
    let (ready, image) = tokio::join!(ask(&rig, &b, Some(1)), share);
    assert_eq!(ready, ImageAnswer::Ready { image: image.clone(), by: "r1".to_owned() });
    let layer = image.blobs().last().unwrap().blob.clone();
    assert_eq!(get(&rig, &b, &layer).await.bytes().await.unwrap(), "a layer");

    let again = tell(&rig, &a, 1, ImageOutcome::Shared { image }).await;
    assert_eq!(again.status(), StatusCode::NO_CONTENT, "a repeat changes nothing");
    let foreign = rig.run_in_project(("other", Trigger::Manual), THREE).await;
    let work = lease_of(&rig, &other, foreign.summary.id).await;
    assert_eq!(claim(&ask(&rig, &work, None).await), ("build", 1), "another project trusts no image of this one");
    assert_eq!(get(&rig, &work, &layer).await.status(), StatusCode::NOT_FOUND);
}

/// An attempt of that run; those of others that come first are kept.
async fn lease_of(rig: &Rig, runner: &Runner, run: RunId) -> Work {
    loop {
        let work = runner.lease(rig).await;
        if work.assignment.run.id == run {
            return work;
        }
    }
}

#[tokio::test]
async fn what_a_pull_request_built_is_for_pull_requests_and_what_all_trust_is_for_them_too() {
    let rig = rig().await;
    let (_one, a, other, _b) = two(&rig).await;
    let request = rig.run_in_project(("web", Trigger::PullRequest), THREE).await;
    let p = lease_of(&rig, &other, request.summary.id).await;
    assert_eq!(claim(&ask(&rig, &p, None).await), ("build", 1));
    let image = image(&rig, &p).await;
    let config = image.blobs().next().unwrap().blob.clone();
    let shared = ImageOutcome::Shared { image };
    assert_eq!(tell(&rig, &p, 1, shared.clone()).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(claim(&ask(&rig, &p, None).await), ("ready", 0));
    assert_eq!(claim(&ask(&rig, &a, None).await), ("build", 1), "it may have been built without secrets");
    assert_eq!(get(&rig, &a, &config).await.status(), StatusCode::NOT_FOUND);

    assert_eq!(tell(&rig, &a, 1, shared).await.status(), StatusCode::NO_CONTENT);
    let request = rig.run_in_project(("web", Trigger::PullRequest), THREE).await;
    let q = lease_of(&rig, &other, request.summary.id).await;
    assert_eq!(claim(&ask(&rig, &q, None).await), ("ready", 0));
    assert_eq!(get(&rig, &q, &config).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_failure_is_everybodys_who_waits() {
    let rig = rig().await;
    let (_one, a, _other, b) = two(&rig).await;
    assert_eq!(claim(&ask(&rig, &a, None).await), ("build", 1));
    assert_eq!(claim(&ask(&rig, &b, None).await), ("wait", 1));
    let fail = tell(&rig, &a, 1, ImageOutcome::Failed { message: "Dockerfile line 3".to_owned() });
    let (failed, told) = tokio::join!(ask(&rig, &b, Some(1)), fail);
    assert_eq!(told.status(), StatusCode::NO_CONTENT);
    let ImageAnswer::Failed { message, job, .. } = failed else { panic!("{failed:?}") };
    assert_eq!((message.as_str(), job), ("Dockerfile line 3", a.assignment.attempt.job));
    assert_eq!(claim(&ask(&rig, &b, None).await), ("build", 2), "who comes later tries");
}

#[tokio::test]
async fn the_claim_of_a_runner_that_goes_passes_on_and_its_words_are_stale() {
    let rig = rig().await;
    let (one, a, _other, b) = two(&rig).await;
    assert_eq!(claim(&ask(&rig, &a, None).await), ("build", 1));
    assert_eq!(claim(&ask(&rig, &b, None).await), ("wait", 1));
    let image = image(&rig, &a).await;
    let life = Retire { life: one.life };
    let going = one.post(&rig, "/runner/v1/retire", &life);
    let (next, _) = tokio::join!(ask(&rig, &b, Some(1)), going);
    assert_eq!(claim(&next), ("build", 2));
    let late = tell(&rig, &a, 1, ImageOutcome::Shared { image: image.clone() }).await;
    assert_eq!(refused(late, StatusCode::CONFLICT).await, "stale_attempt");
    let old = tell(&rig, &b, 1, ImageOutcome::Shared { image: image.clone() }).await;
    assert_eq!(refused(old, StatusCode::CONFLICT).await, "stale_claim");
    assert_eq!(tell(&rig, &b, 2, ImageOutcome::Shared { image }).await.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_restart_keeps_the_claim_and_what_was_shared() {
    let rig = rig().await;
    let (one, a, other, b) = two(&rig).await;
    assert_eq!(claim(&ask(&rig, &a, None).await), ("build", 1));
    let rig = rig.restart().await;
    one.hello(&rig).await;
    other.hello(&rig).await;
    assert_eq!(claim(&ask(&rig, &b, None).await), ("wait", 1));
    let image = image(&rig, &a).await;
    assert_eq!(tell(&rig, &a, 1, ImageOutcome::Shared { image }).await.status(), StatusCode::NO_CONTENT);
    let rig = rig.restart().await;
    assert_eq!(claim(&ask(&rig, &b, Some(1)).await), ("ready", 0));
}

#[tokio::test]
async fn an_image_whose_parts_are_not_there_is_not_taken() {
    let rig = rig().await;
    let runner = rig.runner().await;
    rig.run(THREE).await;
    let work = runner.lease(&rig).await;
    assert_eq!(
        ask(&rig, &work, None).await,
        ImageAnswer::Build { claim: 1, wanted: false, inventory: true, earlier: vec![] },
        "nobody else is there"
    );
    let mut image = image(&rig, &work).await;
    let ImagePlace::Controller { config, .. } = &mut image.place else { panic!() };
    config.bytes += 1;
    let answer = tell(&rig, &work, 1, ImageOutcome::Shared { image }).await;
    assert_eq!(refused(answer, StatusCode::UNPROCESSABLE_ENTITY).await, "bad_image");
    let answer = work.post(&rig, "images", &ImageAsk { key: "../etc".to_owned(), waited: None }).await;
    assert_eq!(refused(answer, StatusCode::UNPROCESSABLE_ENTITY).await, "bad_image");
}

async fn list(rig: &Rig, work: &Work, bytes: Vec<u8>) -> reqwest::Response {
    let path = work.path(&format!("images/{}/inventory", key()));
    rig.call_as(&work.assignment.token, Method::PUT, &path).body(bytes).send().await.unwrap()
}

fn inventory(version: &str) -> Vec<u8> {
    let package = serde_json::json!({
        "kind": "deb", "name": "libssl3", "version": version, "architecture": "amd64", "licences": [], "purl": "", "paths": [],
        "source": {"name": "openssl", "version": null}, "layer": 1,
    });
    let layer = serde_json::json!({
        "number": 1, "digest": "sha256:1", "created_by": "", "bytes": 70, "files": 1,
        "made": {"line": 9, "instruction": "RUN apt-get install", "sure": "text"},
    });
    let inventory = serde_json::json!({
        "image": {"id": "sha256:1", "names": [], "created": null, "platform": "linux/amd64",
            "distribution": {"id": "debian", "version": "12"}, "dockerfile": null},
        "layers": [layer], "packages": [package], "removed": [], "remarks": [],
    });
    zstd::encode_all(inventory.to_string().as_bytes(), 1).unwrap()
}

#[tokio::test]
async fn who_has_a_package_is_known_of_every_image_that_was_built() {
    let rig = rig().await;
    let (_one, a, other, _b) = two(&rig).await;
    assert_eq!(list(&rig, &a, inventory("3.0.14-1")).await.status(), StatusCode::NO_CONTENT);
    let foreign = rig.run_in_project(("other", Trigger::PullRequest), THREE).await;
    let work = lease_of(&rig, &other, foreign.summary.id).await;
    assert_eq!(list(&rig, &work, inventory("3.0.15-1")).await.status(), StatusCode::NO_CONTENT);
    let found = async |rig: &Rig, query: &str| -> FoundPackages {
        let call = rig.call(Method::GET, &format!("/api/v1/images/packages?name={query}"));
        json(call.send().await.unwrap(), StatusCode::OK).await
    };
    let said = |found: &FoundPackages| -> Vec<(String, String, Option<u32>, bool)> {
        let one = |it: &FoundPackage| {
            (it.image.project.clone(), it.package.version.clone(), it.package.line, it.image.of_pull_request)
        };
        found.packages.iter().map(one).collect()
    };
    let web = ("web".to_owned(), "3.0.14-1".to_owned(), Some(9), false);
    let pull_request = ("other".to_owned(), "3.0.15-1".to_owned(), Some(9), true);
    for name in ["openssl", "libssl3"] {
        assert_eq!(said(&found(&rig, name).await), [pull_request.clone(), web.clone()]);
    }
    assert_eq!(said(&found(&rig, "openssl&version=3.0.14-1").await), std::slice::from_ref(&web));
    assert_eq!(said(&found(&rig, "openssl&project=other").await), [pull_request]);
    assert_eq!(said(&found(&rig, "ssl").await), []);

    // In place of what was, and for the next life.
    assert_eq!(list(&rig, &a, inventory("3.0.16-1")).await.status(), StatusCode::NO_CONTENT);
    let rig = rig.restart().await;
    assert_eq!(
        said(&found(&rig, "libssl3&project=web").await),
        [("web".to_owned(), "3.0.16-1".to_owned(), Some(9), false)]
    );
    let images: BuiltImages =
        json(rig.call(Method::GET, "/api/v1/images?project=web").send().await.unwrap(), StatusCode::OK).await;
    let [image] = images.images.as_slice() else { panic!("{images:?}") };
    assert_eq!((image.bytes, image.packages, image.distribution.as_deref()), (70, 1, Some("debian 12")));

    let of_key = async |key: &str, query: &str| {
        let path = format!("/api/v1/images/{key}/inventory{query}");
        rig.call(Method::GET, &path).send().await.unwrap()
    };
    assert_eq!(of_key("555", "").await.status(), StatusCode::UNPROCESSABLE_ENTITY, "both begin so");
    assert_eq!(of_key("6", "").await.status(), StatusCode::NOT_FOUND);
    let told: serde_json::Value = json(of_key("5", "?project=web").await, StatusCode::OK).await;
    assert_eq!(told["packages"][0]["version"], "3.0.16-1");
}

#[tokio::test]
async fn what_is_in_an_image_is_asked_for_until_it_is_known_to_those_who_may_use_it() {
    let rig = rig().await;
    let (_one, a, other, _b) = two(&rig).await;
    let is_wanted = async |work: &Work| {
        let path = work.path(&format!("images/{}/inventory", key()));
        let asked = rig.call_as(&work.assignment.token, Method::GET, &path).send().await.unwrap();
        let InventoryWanted { wanted } = json(asked, StatusCode::OK).await;
        wanted
    };
    let of_fork = rig.run_in_project(("web", Trigger::PullRequest), THREE).await;
    let fork = lease_of(&rig, &other, of_fork.summary.id).await;
    assert!(is_wanted(&a).await && is_wanted(&fork).await);
    assert_eq!(list(&rig, &fork, inventory("3")).await.status(), StatusCode::NO_CONTENT);
    assert!(is_wanted(&a).await && !is_wanted(&fork).await, "what a pull request's run says is for such alone");
    assert_eq!(list(&rig, &a, inventory("3")).await.status(), StatusCode::NO_CONTENT);
    assert!(!is_wanted(&a).await && !is_wanted(&fork).await);
}

#[tokio::test]
async fn what_is_no_inventory_is_refused() {
    let rig = rig().await;
    let (_one, a, _other, _b) = two(&rig).await;
    let bomb = zstd::encode_all(std::io::Read::take(std::io::repeat(b' '), 300 << 20), 1).unwrap();
    for bytes in [Vec::new(), b"{}".to_vec(), zstd::encode_all(&b"{}"[..], 1).unwrap(), bomb] {
        let code = refused(list(&rig, &a, bytes).await, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(code, "bad_inventory");
    }
}
