//! What is in the images that runners built, as people see it: lists, layers, packages, flaws, differences.

use super::Browser;
use crate::rig::{PIPELINE, Rig, Runner, rig, rig_with_flaws};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sidings_proto::api::Runs;
use sidings_proto::compared::ComparedEnvironments;
use sidings_proto::runner::ImageUse;
use sidings_proto::{Role, RunId, Trigger};

const FLAW: &str = r#"{"id": "DEBIAN-CVE-2", "upstream": ["CVE-2"], "summary": "it <b>leaks</b>",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
    "affected": [{"package": {"ecosystem": "Debian:12", "name": "openssl"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0.15-1"}]}]}]}"#;

fn key(letter: &str) -> String {
    letter.repeat(64)
}

fn package(name: &str, version: &str, layer: usize) -> Value {
    let source = if name == "libssl3" { json!({"name": "openssl", "version": null}) } else { Value::Null };
    json!({"kind": "deb", "name": name, "version": version, "architecture": "amd64", "licences": [], "purl": "",
        "paths": [], "source": source, "layer": layer})
}

fn layer(number: usize, digest: &str, bytes: u64, made: Value) -> Value {
    json!({"number": number, "digest": digest, "created_by": "/bin/sh -c #(nop) ADD file:1 in /", "made": made,
        "bytes": bytes, "files": 3})
}

/// Debian's base and one layer above, which brings these.
fn inventory(digest: &str, bytes: u64, packages: &[Value]) -> Value {
    let made = json!({"line": 9, "instruction": "RUN apt-get install <libssl3>", "sure": "text"});
    json!({
        "image": {"id": format!("sha256:{digest}"), "names": [], "created": null, "platform": "linux/amd64",
            "distribution": {"id": "debian", "version": "12"}, "dockerfile": null},
        "layers": [layer(1, "sha256:base", 80_000_000, Value::Null), layer(2, digest, bytes, made)],
        "packages": packages,
        "removed": [{"kind": "deb", "name": "gcc", "version": "12.2", "layer": 1, "removed_in": 2}],
        "remarks": [{"layer": 2, "path": "opt/a.jar", "text": "it is encrypted"}],
    })
}

/// A run of a project, whose runner built the image of a key and told what is in it.
async fn built(rig: &Rig, runner: &Runner, project: &str, key: &str, inventory: &Value) -> RunId {
    let run = rig.run_in_project((project, Trigger::Manual), PIPELINE).await;
    let work = runner.lease(rig).await;
    let path = work.path(&format!("images/{key}/inventory"));
    let packed = zstd::encode_all(inventory.to_string().as_bytes(), 1).unwrap();
    let told = rig.call_as(&work.assignment.token, Method::PUT, &path).body(packed).send().await.unwrap();
    assert_eq!(told.status(), StatusCode::NO_CONTENT);
    let mut finish = work.passed(b"");
    let used = json!({"reference": "./Dockerfile", "id": "sha256:1", "key": key, "built": true, "took_ms": 5});
    finish.images = vec![serde_json::from_value::<ImageUse>(used).unwrap()];
    assert_eq!(work.finish(rig, &finish).await["answer"], "accepted");
    run.summary.id
}

async fn reader(rig: &Rig) -> Browser {
    let token = rig.controller.api_token_as("ada", Role::Viewer).await.unwrap();
    Browser::signed_in(rig, token.expose_secret()).await
}

fn old() -> Value {
    inventory("sha256:a", 20_000_000, &[package("base-files", "12", 1), package("libssl3", "3.0.14-1", 2)])
}

fn new() -> Value {
    let packages = [package("libssl3", "3.0.15-1", 2), package("curl", "8.0", 2)];
    inventory("sha256:b", 30_000_000, &packages)
}

#[tokio::test]
async fn an_image_tells_its_layers_packages_and_who_ran_in_it() {
    let rig = rig().await;
    let (runner, browser) = (rig.runner().await, reader(&rig).await);
    assert!(browser.page("/images").await.contains("No image was built"));
    let run = built(&rig, &runner, "web", &key("a"), &old()).await;
    rig.run(PIPELINE).await;

    let of_run = browser.page(&format!("/runs/{run}")).await;
    let own = format!("/images/{}?project=web", key("a"));
    assert!(of_run.contains(&format!("href=\"{own}\"")), "its run leads there: {of_run}");
    assert!(browser.page("/images").await.contains(&format!("href=\"{own}\"")));
    let page = browser.page(&own).await;
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text} in {page}"));
    assert!(at("100 MB") < at("2 packages") && at("debian 12") < at("<h2>Layers"));
    assert!(at("RUN apt-get install &#60;libssl3&#62;") < at("Who ran in it"), "text stays text");
    assert!(page.contains(&format!("<a href=\"/runs/{run}\">web #1</a>")) && page.contains("built it"));
    let all = format!("/?project=web&image={}", key("a"));
    assert!(page.contains(&all.replace('&', "&#38;")), "{page}");
    let listed = browser.page(&all).await;
    assert!(listed.contains(&format!("id=\"run-{run}\"")) && !listed.contains("#2 "), "{listed}");
    assert!(listed.contains("<a href=\"/?project=web\">In any</a>"), "{listed}");
    let begins: Runs = rig.get(&format!("/api/v1/runs?image={}", &key("a")[..6])).await;
    assert_eq!(begins.runs.iter().map(|run| run.id).collect::<Vec<_>>(), [run]);
    assert!(page.contains("gcc 12.2 (layer 1, until layer 2)"));
    assert!(page.contains("layer 2: opt/a.jar: it is encrypted"));
    assert!(at("<b>libssl3</b> 3.0.14-1") < at("<b>base-files</b>"), "what the Dockerfile installs comes first");
    assert!(!page.contains("Known flaws"), "of flaws nothing is known here");
    let sought = browser.page(&format!("{own}&q=OpenSSL")).await;
    assert!(sought.contains("<b>libssl3</b>") && !sought.contains("<b>base-files</b>"), "found by its source");
}

#[tokio::test]
async fn flaws_are_told_by_layer_and_line() {
    let rig = rig_with_flaws(&[("1.json", FLAW)]).await;
    let (runner, browser) = (rig.runner().await, reader(&rig).await);
    built(&rig, &runner, "web", &key("a"), &old()).await;
    built(&rig, &runner, "web", &key("b"), &new()).await;
    let page = browser.page(&format!("/images/{}?project=web", key("a"))).await;
    assert!(page.contains("<td>1 high</td>"), "of its layer: {page}");
    let (_, flaws) = page.split_once("<h2>Known flaws</h2>").unwrap();
    let (row, _) = flaws.split_once("</tr>\n</tbody>").unwrap();
    for said in
        ["DEBIAN-CVE-2", "libssl3 3.0.14-1", "<td>3.0.15-1</td>", "<td class=\"num\">9</td>", "it &#60;b&#62;leaks"]
    {
        assert!(row.contains(said), "{said}: {row}");
    }
    assert!(browser.page(&format!("/images/{}?project=web", key("b"))).await.contains("None is known."));
}

#[tokio::test]
async fn two_images_are_compared() {
    let rig = rig().await;
    let (runner, browser) = (rig.runner().await, reader(&rig).await);
    built(&rig, &runner, "web", &key("a"), &old()).await;
    built(&rig, &runner, "web", &key("b"), &new()).await;
    let address = format!("/images/{}/diff/{}?project=web", key("a"), key("b"));
    assert!(browser.page(&format!("/images/{}?project=web", key("b"))).await.contains(&address), "it is offered");
    let page = browser.page(&address).await;
    for said in ["+10 MB", "1 new", "1 changed", "1 gone", "<td>3.0.14-1</td><td>3.0.15-1</td>"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let back = browser.page(&format!("/images/{}/diff/{}?project=web", key("b"), key("a"))).await;
    assert!(back.contains("−10 MB") && back.contains("<td>3.0.15-1</td><td>3.0.14-1</td>"), "{back}");
}

#[tokio::test]
async fn an_image_is_of_one_project() {
    let rig = rig().await;
    let (runner, browser) = (rig.runner().await, reader(&rig).await);
    built(&rig, &runner, "web", &key("a"), &old()).await;
    built(&rig, &runner, "a/b", &key("a"), &new()).await;
    let page = browser.page("/images?project=web").await;
    assert!(page.contains("100 MB") && !page.contains("110 MB"), "{page}");
    assert!(browser.page("/images").await.contains("?project=a%2Fb"));
    let own = format!("/images/{}", key("a"));
    assert!(browser.page(&format!("{own}?project=a%2Fb")).await.contains("<b>curl</b>"));
    for (path, status) in [
        (own, StatusCode::UNPROCESSABLE_ENTITY),
        (format!("/images/{}?project=other", key("a")), StatusCode::NOT_FOUND),
        (format!("/images/{}", key("c")), StatusCode::NOT_FOUND),
        ("/images/aaaa".to_owned(), StatusCode::NOT_FOUND),
        (format!("/images/{}/diff/{}?project=web", key("a"), key("c")), StatusCode::NOT_FOUND),
    ] {
        assert_eq!(browser.get(&path).await.status(), status, "{path}");
    }
    let stranger = Browser::stranger(&rig).get("/images").await;
    assert_eq!(stranger.status(), StatusCode::SEE_OTHER, "it is for those who are signed in");
}

#[tokio::test]
async fn a_run_says_what_changed_in_its_environment_since_the_run_before() {
    let rig = rig().await;
    let (runner, browser) = (rig.runner().await, reader(&rig).await);
    let (a, b) = (key("a"), key("b"));
    let openssl = |version| package("libssl3", version, 2);
    let before = inventory("sha256:one", 10_000, &[openssl("3.0.14"), package("jq", "1.6", 2)]);
    let first = built(&rig, &runner, "web", &a, &before).await;
    let page = browser.page(&format!("/runs/{first}")).await;
    assert!(!page.contains("What changed in the environment"), "there is nothing to compare with");
    built(&rig, &runner, "other", &b, &before).await;
    let same = built(&rig, &runner, "web", &a, &before).await;
    assert!(browser.page(&format!("/runs/{same}")).await.contains("Every image is as it was in the run before."));

    let after = inventory("sha256:two", 20_000, &[openssl("3.0.15"), package("curl", "8", 2)]);
    let third = built(&rig, &runner, "web", &b, &after).await;
    let page = browser.page(&format!("/runs/{third}")).await;
    let (_, told) = page.split_once("What changed in the environment").expect("it says so");
    assert!(told.contains(&format!("href=\"/images/{a}/diff/{b}?project=web\"")), "{told}");
    assert!(told.contains("1 new, 1 changed, 1 gone") && told.contains("libssl3 3.0.14 → 3.0.15"), "{told}");
    assert!(told.contains(&format!("href=\"/runs/{same}\">#2 (main)</a>")), "the newest one before: {told}");

    let compared: ComparedEnvironments = rig.get(&format!("/api/v1/runs/{third}/environment")).await;
    let job = &compared.jobs[0];
    assert_eq!((job.with.as_ref().unwrap().number, job.images.len()), (2, 1));
    assert_eq!(job.images[0].before.as_ref().unwrap().key.as_ref(), Some(&a));
    assert_eq!(job.images[0].packages.as_ref().unwrap().first.len(), 3);
}
