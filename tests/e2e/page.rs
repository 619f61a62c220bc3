//! The page in a real browser: what a person does with keys alone, on a desk and on a phone, in light and dark. Nothing
//! may go wrong in the console, nothing may be asked of another host, and axe-core may find no serious barrier.
//! Pictures of all pages are kept below `target/tmp/pages`.

use crate::support::{Browser, Fleet, TOKEN, tree};
use serde_json::json;
use sidings_proto::RunId;
use std::path::Path;
use std::process::Command;

const PIPELINE: &str = "\
image: debian:bookworm-slim
jobs:
  build:
    steps: [{ name: compile, run: 'echo compiled' }]
  test:
    needs: [build]
    parallelism: 2
    reports: { junit: out.xml }
    steps:
      - name: unit
        run: |
          seq -f 'case %g is fine' 3000
          printf '\\033[31merror:\\033[0m <b>1 is not 2</b>\\n'
          printf '<testsuite name=\"math\"><testcase name=\"adds\" time=\"0.2\"/><testcase name=\"divides\" time=\"1.5\"><failure message=\"1 is not 2\">at line 7</failure></testcase></testsuite>' > out.xml
          [ \"$CI_NODE_INDEX\" = 1 ]
  deploy:
    needs: [test]
    steps: [{ name: ship, run: 'echo never' }]
";

/// A job in an image that is built here.
const BUILT: &str = "\
build: .
jobs:
  look: { steps: [{ run: 'test -e /made' }] }
";

const LOOKS: [(&str, (u32, u32), &str); 4] = [
    ("desk-light", (1280, 900), "light"),
    ("desk-dark", (1280, 900), "dark"),
    ("phone-light", (390, 844), "light"),
    ("phone-dark", (390, 844), "dark"),
];

fn axe() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fetched = Command::new(root.join("scripts/axe")).output().unwrap();
    assert!(fetched.status.success(), "{}", String::from_utf8_lossy(&fetched.stderr));
    std::fs::read_to_string(String::from_utf8(fetched.stdout).unwrap().trim()).unwrap()
}

#[track_caller]
fn none(what: Vec<String>, at: &str) {
    assert_eq!(what, Vec::<String>::new(), "{at}");
}

/// Looks at a page in every way.
async fn look_at(browser: &mut Browser, fleet: &Fleet, axe: &str, name: &str, path: &str) {
    for (look, size, scheme) in LOOKS {
        browser.look(size, scheme).await;
        browser.open(&format!("{}{path}", fleet.client.url())).await;
        browser.picture(&format!("{name}-{look}")).await;
        let at = format!("{name} {look}");
        none(browser.barriers(axe).await, &at);
        none(browser.faults(fleet.client.url()), &at);
        let wide = browser.eval("document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
        assert_eq!(wide, json!(0), "{at} is wider than the screen");
    }
    let (_, size, scheme) = LOOKS[0];
    browser.look(size, scheme).await;
}

async fn sign_in(browser: &mut Browser, fleet: &Fleet) {
    browser.open(&format!("{}/", fleet.client.url())).await;
    browser.tab_to("#token").await;
    browser.write(TOKEN).await;
    browser.during_load(async |browser: &mut Browser| browser.press("Enter").await).await;
    assert_eq!(browser.eval("document.querySelector('h1').textContent").await, json!("Runs"));
}

async fn failed_run(fleet: &Fleet) -> RunId {
    let work = tree(fleet.path("work"), &[(".sidings.yml", PIPELINE)]);
    let run = super::submit(fleet, &work);
    fleet.client.until_ended(run).await;
    run
}

/// Has two images built that no engine has, one after the other, and gives their keys.
async fn images(fleet: &Fleet) -> (String, String) {
    let mut keys = Vec::new();
    for made in ["one", "another"] {
        let dockerfile = format!("FROM debian:bookworm-slim\nRUN echo {made} {} > /made\n", RunId::new());
        let work = tree(fleet.path(made), &[(".sidings.yml", BUILT), ("Dockerfile", &dockerfile)]);
        let run = super::submit(fleet, &work);
        fleet.client.until_ended(run).await;
        let view = fleet.client.run(run).await;
        keys.push(view.jobs[0].attempts[0].images[0].key.clone().expect("it has a key"));
    }
    (keys.remove(0), keys.remove(0))
}

#[tokio::test]
async fn a_person_reads_a_red_build_with_keys_alone() {
    let (fleet, axe) = (Fleet::start().await, axe());
    let _runner = fleet.runner("r1", 2).await;
    let run = failed_run(&fleet).await;
    let mut browser = Browser::start().await;
    look_at(&mut browser, &fleet, &axe, "sign-in", "/").await;
    sign_in(&mut browser, &fleet).await;

    browser.tab_to(".run .what").await;
    browser.during_load(async |browser: &mut Browser| browser.press("Enter").await).await;
    assert_eq!(browser.eval("location.pathname").await, json!(format!("/runs/{run}")));
    let cause = browser.eval("document.querySelector('.cause').getBoundingClientRect().top").await;
    assert!(cause.as_f64().unwrap() < 300.0, "why it failed is seen at once: {cause}");
    let said = browser.eval("document.querySelector('.cause').textContent").await;
    assert!(said.as_str().unwrap().contains("1 is not 2") && said.as_str().unwrap().contains("divides"), "{said}");

    browser.tab_to(".cause p > a[href*='/logs/']").await;
    browser.during_load(async |browser: &mut Browser| browser.press("Enter").await).await;
    browser.until("document.getElementById('L3001') !== null").await;
    assert_eq!(browser.eval("document.querySelectorAll('#log b').length").await, json!(0), "a log is text");
    browser.tab_to("#wrap").await;
    browser.press(" ").await;
    browser.until("getComputedStyle(document.querySelector('#log .text')).whiteSpace.includes('pre-wrap')").await;
    browser.tab_to("#log").await;
    browser.press("Home").await;
    browser.until("document.getElementById('L1') !== null").await;
    assert!(browser.eval("document.querySelectorAll('#log li').length").await.as_u64().unwrap() <= 2_000);
    browser.press("End").await;
    browser.until("document.querySelector('#L3001.here') !== null").await;
    none(browser.faults(fleet.client.url()), "keys alone");
}

#[tokio::test]
async fn every_page_is_readable_by_everybody_everywhere() {
    let (fleet, axe) = (Fleet::start().await, axe());
    let _runner = fleet.runner("r1", 2).await;
    let run = failed_run(&fleet).await;
    let (image, other) = images(&fleet).await;
    let view = fleet.client.run(run).await;
    let test = view.jobs.iter().find(|job| job.tests.is_some()).unwrap().id;
    let mut browser = Browser::start().await;
    sign_in(&mut browser, &fleet).await;
    let pages = [
        ("runs", "/".to_owned()),
        ("run", format!("/runs/{run}")),
        ("tests", format!("/runs/{run}/tests")),
        ("log", format!("/jobs/{test}/logs/1")),
        ("log-search", format!("/jobs/{test}/logs/1?q=1500")),
        ("fleet", "/fleet".to_owned()),
        ("history", "/tests?project=test&name=math::divides".to_owned()),
        ("projects", "/projects".to_owned()),
        ("secrets", "/secrets".to_owned()),
        ("tokens", "/tokens".to_owned()),
        ("audit", "/audit".to_owned()),
        ("webhooks", "/webhooks".to_owned()),
        ("images", "/images".to_owned()),
        ("image", format!("/images/{image}")),
        ("images-compared", format!("/images/{image}/diff/{other}")),
    ];
    for (name, path) in pages {
        look_at(&mut browser, &fleet, &axe, name, &path).await;
    }
}

#[tokio::test]
async fn pages_change_as_things_do_and_keep_the_focus() {
    let fleet = Fleet::start().await;
    let mut browser = Browser::start().await;
    browser.look((1280, 900), "light").await;
    let work = tree(fleet.path("work"), &[(".sidings.yml", PIPELINE)]);
    let first = super::submit(&fleet, &work);
    sign_in(&mut browser, &fleet).await;
    browser.tab_to(".run .what").await;
    super::submit(&fleet, &work);
    browser.until("document.querySelectorAll('.run').length === 2").await;
    let kept = format!("document.activeElement.getAttribute('href') === '/runs/{first}'");
    assert_eq!(browser.eval(&kept).await, json!(true), "the focus stays where it was");

    browser.open(&format!("{}/runs/{first}", fleet.client.url())).await;
    assert!(browser.eval("document.body.textContent.includes('no runner is up')").await == json!(true));
    browser.eval("document.querySelector('.job summary').focus()").await;
    let _runner = fleet.runner("r1", 2).await;
    browser.until("document.querySelector('h1 .mark').textContent.includes('failed')").await;
    assert_eq!(browser.eval("document.activeElement.nodeName").await, json!("SUMMARY"));
    none(browser.faults(fleet.client.url()), "live");
}
