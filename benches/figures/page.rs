//! The page: the first one with 100,000 runs in the store, a run of 200 jobs, a log of 1,000,000 lines opened at its end
//! and searched. The floor is `/healthz`, in turn with each.

use crate::report::{Report, quantile};
use crate::submit::{submit, time_to_verdict, upload};
use crate::support::{Client, Fleet, TOKEN};
use std::process::Command;
use std::time::Instant;

const RUNS: u32 = 100_000;
const JOBS: u32 = 200;
const LINES: u32 = 1_000_000;
const TIMES: usize = 60;

/// Copies the one run that is there, with its jobs, their attempts and outcomes: rows as the controller wrote them, older
/// than all that come later.
const FILL: &str = r"
import sqlite3, sys, uuid
db = sqlite3.connect(sys.argv[1], timeout=60)
def columns(table): return [row[1] for row in db.execute(f'PRAGMA table_info({table})')]
def put(table, row):
    names, marks = ', '.join(row), ', '.join('?' * len(row))
    db.execute(f'INSERT INTO {table} ({names}) VALUES ({marks})', list(row.values()))
def read(table, where, *given):
    return [dict(zip(columns(table), row)) for row in db.execute(f'SELECT * FROM {table} WHERE {where}', given)]
run = read('runs', '1 = 1 ORDER BY id LIMIT 1')[0]
jobs = read('jobs', 'run = ?', run['id'])
outcomes = {job['id']: read('outcomes', 'job = ?', job['id']) for job in jobs}
attempts = {job['id']: read('attempts', 'job = ?', job['id']) for job in jobs}
first = int.from_bytes(run['id'], 'big') - (int(sys.argv[2]) + 1 << 80)
for no in range(int(sys.argv[2])):
    id = (first + (no << 80)).to_bytes(16, 'big')
    changed = dict(id=id, number=10 + no, project='project-%d' % (no % 40), author='Author %d <a@example.org>' % (no % 90),
        reference='refs/heads/branch-%d' % (no % 500))
    put('runs', {**run, **changed})
    for job in jobs:
        new = uuid.uuid4().bytes
        put('jobs', {**job, 'id': new, 'run': id})
        for outcome in outcomes[job['id']]: put('outcomes', {**outcome, 'job': new})
        for attempt in attempts[job['id']]: put('attempts', {**attempt, 'job': new})
db.commit()
";

pub(crate) async fn measure(report: &mut Report) {
    let fleet = Fleet::start().await;
    let runner = fleet.warm_runner("bench", 1).await;
    let log = format!(
        "image: debian:bookworm-slim\njobs:\n  print:\n    steps:\n      - run: seq -f 'line %.0f of a log that people look at' {LINES}\n"
    );
    let tree = upload(&fleet.client, &log).await;
    let (_, printed) = time_to_verdict(&fleet.client, &tree).await;
    drop(runner);
    let database = fleet.path("controller/controller/sidings.db");
    let filled = Command::new("python3").args(["-c", FILL]).arg(&database).arg(RUNS.to_string()).status().unwrap();
    assert!(filled.success(), "the store is filled");
    let jobs: String =
        (0..JOBS).map(|no| format!("  job-{no}:\n{}    steps: [{{ run: make }}]\n", needs(no))).collect();
    let tree = upload(&fleet.client, &format!("image: debian:bookworm-slim\njobs:\n{jobs}")).await;
    let many = submit(&fleet.client, &tree).await;

    let visitor = Visitor::sign_in(&fleet.client).await;
    let log = format!("/jobs/{}/logs/1", printed.jobs[0].id);
    let runs = format!("first page, {RUNS} runs");
    visitor.row(report, &runs, "/", 100.0).await;
    let kilobytes = visitor.first_visit().await as f64 / 1000.0;
    report.at_most(&format!("{runs}: transferred, assets included"), kilobytes, 50.0, "kB", "gzip");
    visitor
        .row(
            report,
            "runs of a project and a branch that passed",
            "/?project=project-7&branch=branch-7&state=passed",
            100.0,
        )
        .await;
    visitor.row(report, &format!("a run of {JOBS} jobs that wait"), &format!("/runs/{many}"), 150.0).await;
    visitor.row(report, &format!("a log of {LINES} lines, opened at its end"), &log, 1_000.0).await;
    visitor.row(report, "the same, at its middle", &format!("{log}?from=500000"), 1_000.0).await;
    visitor.row(report, "the same, searched", &format!("{log}?q=999999"), 1_000.0).await;
}

/// Ten layers, each of which needs one of the layer before.
fn needs(no: u32) -> String {
    no.checked_sub(JOBS / 10).map(|need| format!("    needs: [job-{need}]\n")).unwrap_or_default()
}

/// Somebody who is signed in.
pub(crate) struct Visitor {
    http: reqwest::Client,
    url: String,
    cookie: String,
}

impl Visitor {
    pub(crate) async fn sign_in(client: &Client) -> Visitor {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let url = client.url().to_owned();
        let form = http.post(format!("{url}/sign-in")).header("origin", &url);
        let form = form.header("content-type", "application/x-www-form-urlencoded");
        let answer = form.body(format!("token={TOKEN}&to=%2F")).send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Visitor { http, url, cookie }
    }

    /// A page that goes on.
    pub(crate) async fn open(&self, path: &str) -> reqwest::Response {
        let get = self.http.get(format!("{}{path}", self.url)).header("cookie", &self.cookie);
        let answer = get.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer
    }

    /// A page as it is sent.
    async fn get(&self, path: &str) -> Vec<u8> {
        let get = self.http.get(format!("{}{path}", self.url)).header("cookie", &self.cookie);
        let answer = get.header("accept-encoding", "gzip").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.bytes().await.unwrap().to_vec()
    }

    async fn took(&self, path: &str) -> f64 {
        let start = Instant::now();
        self.get(path).await;
        start.elapsed().as_secs_f64() * 1000.0
    }

    /// Floor and page in turn.
    async fn row(&self, report: &mut Report, what: &str, path: &str, bar: f64) {
        let (mut floors, mut pages) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            floors.push(self.took("/healthz").await);
            pages.push(self.took(path).await);
        }
        let bytes = self.get(path).await.len();
        let (half, floor) = (quantile(&mut pages, 0.5), quantile(&mut floors, 0.5));
        let detail = format!("p50 {half:.1} ms; /healthz p50 {floor:.1} ms; {:.1} kB as sent", bytes as f64 / 1000.0);
        report.at_most(&format!("{what}: p99"), quantile(&mut pages, 0.99), bar, "ms", &detail);
    }

    /// The bytes of the first page and all that it names.
    async fn first_visit(&self) -> usize {
        let plain = self.http.get(format!("{}/", self.url)).header("cookie", &self.cookie);
        let page = plain.send().await.unwrap().text().await.unwrap();
        let mut bytes = self.get("/").await.len();
        for asset in page.split('"').filter(|text| text.starts_with("/assets/")) {
            bytes += self.get(asset).await.len();
        }
        bytes
    }
}
