//! Every message as it goes over the wire: a change of one is a change of the protocol, and is seen here.

#![cfg_attr(test, allow(clippy::unwrap_used))]

use serde::Serialize;
use serde::de::DeserializeOwned;
use sidings_proto::api::*;
use sidings_proto::artifact::{Content, Entry, KeptArtifacts, Manifest};
use sidings_proto::audit::{AuditEntry, AuditLog, Outcome};
use sidings_proto::cache::{CacheAnswer, CacheFound, CacheWanted, KeyPart, KeyTemplate, SavedCache};
use sidings_proto::digest::{DigestsKept, DigestsTold, is_digest};
use sidings_proto::flaws::IgnoredFlaw;
use sidings_proto::fleet::{Drained, Machine, PoolView, ProjectWaits, QueueView, WaitingJob};
use sidings_proto::image::{
    BlobSize, Fetched, ImageAnswer, ImageAsk, ImageLayer, ImageOutcome, ImagePlace, ImageTold, SharedImage,
};
use sidings_proto::runner::*;
use sidings_proto::service::{Probe, Readiness, ReadyRecord};
use sidings_proto::split::*;
use sidings_proto::step::{ExitRecord, StepSpec};
use sidings_proto::tested::{JobTests, PastTest, RunTests, SplitTests, TestHistory, TestSeries, TestSum};
use sidings_proto::webhook::*;
use sidings_proto::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use uuid::Uuid;

/// Compares the message's JSON with the checked-in one, and reads it back.
fn wire<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, message: &T) {
    let text = serde_json::to_string_pretty(message).unwrap();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), message);
}

fn id(n: u8) -> Uuid {
    Uuid::from_bytes([1, 0x92, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, n])
}

fn attempt() -> AttemptId {
    AttemptId { job: JobId(id(2)), fence: 3 }
}

fn commit() -> Commit {
    Commit {
        sha: "5f2c87b0c1d2e3f405162738495a6b7c8d9e0f10".to_owned(),
        reference: "refs/heads/main".to_owned(),
        message: "fix it\n\nfor good".to_owned(),
        author: "Ada <ada@example.org>".to_owned(),
        before: Some("0000000000000000000000000000000000000001".to_owned()),
        time: Timestamp(1_700_000_000_000),
    }
}

fn git() -> Source {
    Source::Git { url: "https://example.org/web.git".to_owned(), commit: commit().sha }
}

fn blob() -> BlobId {
    "ab".repeat(32).try_into().unwrap()
}

fn failed() -> Verdict {
    Verdict::Failed(Failure { class: FailureClass::StepFailed, message: "step \"unit\" exited with code 2".to_owned() })
}

fn kept() -> Kept {
    let manifest = blob();
    let caches = vec![SavedCache { key: "pip-1".to_owned(), blob: blob(), bytes: 7 }];
    Kept { artifacts: vec![KeptArtifacts { manifest, entries: 2, bytes: 7, expire_in_ms: 60_000 }], caches }
}

fn image() -> ImageUse {
    ImageUse {
        reference: "sidings/web:k1".to_owned(),
        id: "sha256:01".to_owned(),
        key: Some("k1".to_owned()),
        built: true,
        took_ms: 1200,
        fetched: None,
    }
}

fn digest() -> LogDigest {
    LogDigest { bytes: 19, hash: "cd".repeat(32) }
}

fn result() -> StepResult {
    StepResult {
        step: StepNo(1),
        verdict: failed(),
        code: Some(2),
        started: Some(Timestamp(10)),
        ended: Timestamp(20),
        log: digest(),
    }
}

fn step(no: u32, image: Environment, command: Command) -> Step {
    Step {
        no: StepNo(no),
        name: format!("s{no}"),
        image,
        command,
        environment: BTreeMap::from([("A".to_owned(), "b".to_owned())]),
        working_directory: Some("sub".to_owned()),
        timeout_ms: Some(5000),
        ..Step::default()
    }
}

fn service() -> Service {
    let healthcheck = Healthcheck {
        test: vec!["pg_isready".to_owned()],
        interval_ms: 500,
        timeout_ms: 10_000,
        start_period_ms: 60_000,
        retries: 3,
    };
    Service {
        no: StepNo::FIRST_SERVICE,
        name: "db".to_owned(),
        image: Environment::Image { reference: "postgres:16".to_owned() },
        entrypoint: None,
        command: Some(vec!["postgres".to_owned()]),
        environment: BTreeMap::from([("POSTGRES_PASSWORD".to_owned(), "ci".to_owned())]),
        secrets: BTreeMap::new(),
        healthcheck: Some(healthcheck),
    }
}

fn spec() -> JobSpec {
    let image = || Environment::Image { reference: "debian:bookworm-slim".to_owned() };
    let build = Environment::Build {
        context: ".".to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        target: Some("test".to_owned()),
        args: BTreeMap::from([("V".to_owned(), "1".to_owned())]),
        secrets: BTreeMap::new(),
        refresh_ms: Some(604_800_000),
    };
    let run = step(1, build, Command::Run { script: "make".to_owned() });
    let commands = Command::Commands { commands: vec!["a".to_owned(), "b".to_owned()] };
    let siblings = vec![step(2, image(), commands), step(3, image(), Command::Image)];
    let group = Stage { parallel: true, name: Some("checks".to_owned()), merge: Merge::None, steps: siblings };
    let stages = vec![Stage { steps: vec![run], ..Stage::default() }, group];
    let artifacts = vec![Artifacts {
        paths: vec!["dist".to_owned(), "!dist/tmp".to_owned()],
        when: Keep::Always,
        expire_in_ms: 60_000,
        required: true,
    }];
    let (services, inputs) = (vec![service()], vec!["build".to_owned()]);
    JobSpec { stages, timeout_ms: 60_000, services, artifacts, inputs, ..JobSpec::default() }
}

fn case() -> TestCase {
    TestCase {
        suite: "tests.test_board".to_owned(),
        name: "test_delay".to_owned(),
        file: Some("tests/test_board.py".to_owned()),
        outcome: TestOutcome::Failed,
        took_ms: Some(12),
        message: "assert 5 == 6".to_owned(),
        output: "E  assert 5 == 6\n".to_owned(),
    }
}

fn counts() -> TestCounts {
    TestCounts { failed: 1, errored: 2, flaky: 3, passed: 4, skipped: 5 }
}

fn report() -> TestReport {
    let remarks = vec!["it ends in the middle".to_owned()];
    TestReport { path: "report.xml".to_owned(), counts: counts(), remarks }
}

fn sum() -> TestSum {
    TestSum { counts: counts(), bad: vec![TestCase { output: String::new(), ..case() }], reports: vec![report()] }
}

#[test]
fn tests_as_people_see_them() {
    let passed = TestCase { name: "test_next".to_owned(), ..TestCase::default() };
    let cases = vec![case(), passed];
    let (job, name) = (JobId(id(2)), "test".to_owned());
    let of_job = JobTests { job, name, attempt: 3, counts: counts(), reports: vec![report()], cases };
    let cases = vec![TestCase { name: "t.py::test_next".to_owned(), ..TestCase::default() }];
    let of_split = SplitTests { suite: "unit".to_owned(), counts: counts(), cases };
    wire("run-tests", &RunTests { jobs: vec![of_job], splits: vec![of_split] });
    let past = PastTest {
        run: RunId(id(1)),
        number: 7,
        at: Timestamp(1),
        outcome: TestOutcome::Flaky,
        took_ms: None,
        message: "timed out".to_owned(),
    };
    let (job, suite, name) = ("test".to_owned(), case().suite, case().name);
    wire("test-history", &TestHistory { tests: vec![TestSeries { job, suite, name, past: vec![past] }] });
}

#[test]
fn words() {
    wire("trigger", &Trigger::PullRequest);
    wire("commit", &commit());
    wire("source-git", &git());
    wire("source-snapshot", &Source::Snapshot { blob: blob() });
    wire("attempt-id", &attempt());
    wire("verdict-passed", &Verdict::Passed);
    wire("verdict-failed", &failed());
    wire("verdict-cancelled", &Verdict::Cancelled);
    wire("verdict-skipped", &Verdict::Skipped { reason: "its condition is false".to_owned(), blocked: false });
    let reports = Reports { junit: vec!["**/TEST-*.xml".to_owned()], required: true };
    let mut of_copy = JobSpec { node: Node { index: 2, total: 3 }, reports, ..spec() };
    of_copy.stages.truncate(1);
    of_copy.stages[0].steps[0].runs_on = RunsOn::Always;
    let copy = PlannedJob {
        name: "test (15) 2/3".to_owned(),
        group: Some("test".to_owned()),
        runs_on: RunsOn::Failure,
        spec: of_copy,
        ..PlannedJob::default()
    };
    let job = PlannedJob {
        name: "test".to_owned(),
        needs: vec!["build".to_owned()],
        skip: Some("passed in run 1".to_owned()),
        allow_failure: true,
        scheduling: Scheduling {
            labels: BTreeMap::from([("gpu".to_owned(), "true".to_owned())]),
            retry: Retry { max: 2, on: [FailureClass::StepFailed, FailureClass::TimedOut].into() },
            priority: -5,
            concurrency: Some(Concurrency { group: "deploy".to_owned(), limit: 1, cancel: Cancel::Queued }),
            approval: Some(Approval { from: vec!["release".to_owned()] }),
        },
        spec: spec(),
        ..PlannedJob::default()
    };
    let concurrency = Some(Concurrency { group: "web/main".to_owned(), limit: 2, cancel: Cancel::Running });
    wire(
        "plan",
        &Plan {
            jobs: vec![job, copy],
            timeout_ms: Some(3_600_000),
            fail_fast: true,
            concurrency,
            inputs: BTreeMap::new(),
            locked: digests(),
            flaw_limits: vec![FlawLimits {
                warn: Some(FlawSeverity::Medium),
                deny: Some(FlawSeverity::Critical),
                ignore: vec![IgnoredFlaw {
                    id: "CVE-2024-1".to_owned(),
                    package: Some("libssl3".to_owned()),
                    reason: "not reachable".to_owned(),
                    until: "2027-01-31".to_owned(),
                }],
            }],
        },
    );
}

#[test]
fn what_runners_say() {
    wire("register", &Register { name: "r1".to_owned() });
    wire("registered", &Registered { runner: RunnerId(id(1)), token: "srn_00".to_owned() });
    let labels = BTreeMap::from([("os".to_owned(), "linux".to_owned())]);
    let resources = Resources { milli_cpus: Some(4000), memory: Some(8 << 30), pids: None };
    wire("hello", &Hello { life: LifeId(id(4)), version: "0.1.0".to_owned(), slots: 2, labels, resources });
    wire("welcome", &Welcome { runner: RunnerId(id(1)) });
    wire("lease-request", &LeaseRequest { life: LifeId(id(4)), request: RequestId(id(5)), slots: 1 });
    wire(
        "beat",
        &Beat { life: LifeId(id(4)), attempts: vec![attempt()], draining: false, low_disk: None, machine: None },
    );
    let low_disk = Some(LowDisk { free: 4_100_000_000, least: 10_000_000_000 });
    let machine = Machine { disk_free: 1, disk_all: 2, images: 3, image_bytes: 4 };
    wire(
        "beat-low-disk",
        &Beat { life: LifeId(id(4)), attempts: Vec::new(), draining: false, low_disk, machine: Some(machine) },
    );
    let order = |order| AttemptOrder { attempt: attempt(), order };
    wire("beaten", &Beaten { orders: vec![order(Order::GoOn), order(Order::Cancel), order(Order::Drop)] });
    wire("retire", &Retire { life: LifeId(id(4)) });
}

#[test]
fn what_is_leased() {
    wire("leased-nothing", &Leased::default());
    let run = AssignedRun {
        id: RunId(id(3)),
        number: 7,
        project: "web".to_owned(),
        repo_url: "https://example.org/web.git".to_owned(),
        default_branch: "main".to_owned(),
        url: "http://127.0.0.1/api/v1/runs/x".to_owned(),
        trigger: Trigger::Push,
        commit: commit(),
        source: git(),
        inputs: BTreeMap::from([("target".to_owned(), "staging".to_owned())]),
        locked: digests(),
        flaws_judged: true,
    };
    let assignment = Assignment {
        attempt: attempt(),
        token: "sjt_00".to_owned(),
        job_name: "test".to_owned(),
        job_url: "http://127.0.0.1/api/v1/runs/x#y".to_owned(),
        run,
        spec: spec(),
    };
    wire("leased", &Leased { assignments: vec![assignment] });
}

#[test]
fn what_attempts_say() {
    let events = vec![
        Progress::Phase { phase: Phase::Image, at: Timestamp(1) },
        Progress::ImageReady(image()),
        Progress::StepStarted { step: StepNo(1), at: Timestamp(10) },
        Progress::StepEnded(result()),
        Progress::ServiceReady { service: StepNo::FIRST_SERVICE, at: Timestamp(9) },
    ];
    wire("progress-report", &ProgressReport { events });
    wire("test-batch", &TestBatch { first: 500, cases: vec![case()], reports: Some(vec![report()]) });
    wire("log-ack", &LogAck { bytes: 19 });
    let setup_log = LogDigest::default();
    wire(
        "finish",
        &Finish { verdict: failed(), steps: vec![result()], setup_log, images: vec![image()], kept: kept() },
    );
    wire("finished-accepted", &Finished::Accepted);
    wire("finished-already", &Finished::Already);
    wire("finished-log-missing", &Finished::LogMissing { step: StepNo(1), bytes: 4 });
    wire("finished-log-differs", &Finished::LogDiffers { step: StepNo(1) });
}

#[test]
fn what_is_kept() {
    let file = Content::File { blob: blob(), bytes: 7, executable: true };
    let link = Content::Link { target: "../a".to_owned() };
    let of = |path: &str, content: &Content| Entry { path: path.to_owned(), content: content.clone() };
    wire("manifest", &Manifest { entries: vec![of("a", &file), of("b/c", &link)] });
    let text = KeyPart::Text { text: "pip-".to_owned() };
    let checksum = KeyPart::Checksum { files: vec!["requirements.txt".to_owned()] };
    let key = |parts: Vec<KeyPart>| KeyTemplate { parts };
    let restore_keys = vec![key(vec![text.clone()])];
    wire("cache", &Cache { key: key(vec![text, checksum]), restore_keys, paths: vec!["/root/.cache".to_owned()] });
    let (wanted, restore_keys) = ("pip-1".to_owned(), vec!["pip-".to_owned()]);
    wire("cache-wanted", &CacheWanted { key: wanted, restore_keys });
    let found = Some(CacheFound { key: "pip-0".to_owned(), blob: blob(), bytes: 7 });
    wire("cache-answer", &CacheAnswer { found, may_save: true });
    wire("blobs", &Blobs { blobs: vec![blob()] });
    let artifacts = vec![ArtifactView { path: "a".to_owned(), content: file, expires: Timestamp(9) }];
    wire("artifact-list", &ArtifactList { artifacts });
}

#[test]
fn what_is_said_of_images() {
    let key = "5".repeat(64);
    wire("image-ask", &ImageAsk { key: key.clone(), waited: Some(3) });
    let part = |bytes| BlobSize { blob: blob(), bytes };
    let base = ImageLayer { diff: "sha256:1".to_owned(), bytes: 0, packed: None };
    let layer = ImageLayer { diff: "sha256:2".to_owned(), bytes: 70, packed: Some(part(7)) };
    let place = ImagePlace::Controller { config: part(9), layers: vec![base, layer] };
    let image = SharedImage { id: "sha256:3".to_owned(), place };
    wire("image-answer-ready", &ImageAnswer::Ready { image: image.clone(), by: "ci-1".to_owned() });
    wire(
        "image-answer-build",
        &ImageAnswer::Build {
            claim: 3,
            wanted: true,
            inventory: true,
            earlier: vec!["reg.corp/ci/web@sha256:4".to_owned()],
        },
    );
    let (by, job) = ("ci-1".to_owned(), attempt().job);
    let (job_url, since) = ("https://ci/runs/1#2".to_owned(), Timestamp(5));
    wire("image-answer-wait", &ImageAnswer::Wait { claim: 3, by: by.clone(), job, job_url, since });
    wire("image-answer-failed", &ImageAnswer::Failed { claim: 3, by: by.clone(), job, message: "line 3".to_owned() });
    wire("image-answer-alone", &ImageAnswer::Alone { reason: "it is too large".to_owned() });
    let told = |outcome| ImageTold { key: key.clone(), claim: 3, outcome };
    wire("image-told-shared", &told(ImageOutcome::Shared { image }));
    let place = ImagePlace::Registry { reference: "reg.corp/ci/web@sha256:4".to_owned() };
    wire("image-told-pushed", &told(ImageOutcome::Shared { image: SharedImage { id: "sha256:3".to_owned(), place } }));
    wire("image-told-stays", &told(ImageOutcome::Stays { reason: "it is too large".to_owned() }));
    wire("image-told-failed", &told(ImageOutcome::Failed { message: "line 3".to_owned() }));
    wire("image-told-given-up", &told(ImageOutcome::GivenUp));
    wire("image-fetched", &Fetched { from: by, layers: Some(3), bytes: Some(12_000_000) });
}

#[test]
fn what_clients_say() {
    let (name, repo_url) = ("web".to_owned(), "https://example.org/web.git".to_owned());
    wire("new-project", &NewProject { name, repo_url, default_branch: "main".to_owned() });
    let (project, trigger) = ("web".to_owned(), Trigger::Manual);
    wire(
        "submit-run",
        &SubmitRun {
            changed: Some(vec!["src/a.c".to_owned()]),
            inputs: BTreeMap::from([("target".to_owned(), "staging".to_owned())]),
            choice: Choice {
                pipeline: Some("docs".to_owned()),
                jobs: vec!["test".to_owned()],
                alone: true,
                steps: Some(StepChoice::From("unit".to_owned())),
                tests: None,
            },
            ..SubmitRun::new(project, trigger, git(), commit())
        },
    );
    let (before, after) = ("0".repeat(40), "1".repeat(40));
    wire("push", &Push { reference: "refs/heads/main".to_owned(), before, after });
    wire("retry-run", &RetryRun { failed_only: true, exact: true });
    wire(
        "new-token",
        &NewToken {
            name: "hook".to_owned(),
            kind: TokenKind::Push,
            project: Some("web".to_owned()),
            expires_in_ms: Some(1000),
            single_use: false,
            role: None,
        },
    );
}

fn summary() -> RunSummary {
    RunSummary {
        id: RunId(id(3)),
        project: "web".to_owned(),
        number: 7,
        pipeline: Some("docs".to_owned()),
        trigger: Trigger::Push,
        commit: commit(),
        state: State::Ended,
        verdict: Some(failed()),
        created: Timestamp(1),
        started: Some(Timestamp(2)),
        ended: Some(Timestamp(30)),
    }
}

fn job() -> JobView {
    let tried = AttemptView {
        fence: 3,
        runner: RunnerId(id(1)),
        runner_name: "r1".to_owned(),
        started: Timestamp(2),
        ended: None,
        verdict: None,
        images: vec![image()],
        artifacts: Some(ArtifactsView { entries: 2, bytes: 7, expires: Timestamp(99) }),
    };
    let step = StepView {
        no: StepNo(1),
        name: "unit".to_owned(),
        stage: 0,
        group: Some("checks".to_owned()),
        state: State::Ended,
        verdict: Some(failed()),
        allow_failure: false,
        code: Some(2),
        started: Some(Timestamp(10)),
        ended: Some(Timestamp(20)),
        log: Some(digest()),
    };
    JobView {
        id: JobId(id(2)),
        name: "test (15)".to_owned(),
        group: Some("test".to_owned()),
        needs: vec!["build".to_owned()],
        allow_failure: false,
        state: State::Running,
        wait: Some(WaitView {
            kind: WaitFor::Labels,
            message: "no runner with gpu=true".to_owned(),
            starts: Some(Timestamp(9)),
        }),
        approved: Some(ApprovedView { by: "release".to_owned(), at: Timestamp(9) }),
        stopped: Some(StopReason::Superseded { by: 12 }),
        phase: Some(Phase::Teardown),
        verdict: None,
        attempts: vec![tried],
        steps: vec![step],
        services: vec![database()],
        tests: Some(sum()),
        suite: Some("test".to_owned()),
    }
}

fn database() -> ServiceView {
    ServiceView {
        no: StepNo::FIRST_SERVICE,
        name: "db".to_owned(),
        state: State::Running,
        verdict: None,
        code: None,
        started: Some(Timestamp(5)),
        ready: Some(Timestamp(9)),
        ended: None,
        log: None,
    }
}

#[test]
fn what_clients_see() {
    let name = || "web".to_owned();
    let project =
        ProjectView { name: name(), repo_url: String::new(), default_branch: "main".to_owned(), created: Timestamp(1) };
    wire("projects", &Projects { projects: vec![project] });
    wire("runs", &Runs { runs: vec![summary()], next: Some(RunId(id(3))) });
    let run = RunView {
        summary: summary(),
        url: "http://127.0.0.1/api/v1/runs/x".to_owned(),
        retry_of: Some(RunId(id(8))),
        diagnostics: Some("error: …".to_owned()),
        stopped: Some(StopReason::FailFast { job: "lint".to_owned() }),
        jobs: vec![job()],
        splits: vec![split_sum()],
        digests: digests(),
    };
    wire("run-view", &run);
    wire("push-answer-run", &PushAnswer { runs: vec![run], reasons: Vec::new() });
    wire("push-answer-reason", &PushAnswer { runs: Vec::new(), reasons: vec!["it was removed".to_owned()] });
    let (code, message) = ("not_found".to_owned(), "there is no such run".to_owned());
    wire("error", &ErrorBody { error: ErrorDetail { code, message } });
}

fn digests() -> BTreeMap<String, String> {
    BTreeMap::from([("debian:12".to_owned(), format!("sha256:{}", "a".repeat(64)))])
}

#[test]
fn which_images_references_mean() {
    let wanted = BTreeSet::from(["redis:7".to_owned()]);
    wire("digests-told", &DigestsTold { found: digests(), wanted });
    let new = BTreeSet::from(["debian:12".to_owned()]);
    wire("digests-kept", &DigestsKept { digests: digests(), new });
    assert!(is_digest(&digests()["debian:12"]));
    assert!(
        !is_digest("sha256:aa") && !is_digest(&"a".repeat(64)) && !is_digest(&format!("sha256:{}", "A".repeat(64)))
    );
}

fn split_sum() -> SplitSum {
    SplitSum {
        suite: "unit".to_owned(),
        total: 2,
        settled: 2,
        counts: BTreeMap::from([("passed".to_owned(), 1), ("not run".to_owned(), 1)]),
        told: "1 of 2 ran once, 1 not run".to_owned(),
        passed: Some(false),
        reasons: vec!["1 not run:\n  b".to_owned()],
        incomplete: true,
        flaky: vec!["a".to_owned()],
        workers: 1,
        batches: 3,
        out: 0,
        leaving: 1,
        left_ms: 5,
        boot_ms: Some(800),
        one_batch: Some("one batch has all tests".to_owned()),
    }
}

#[test]
fn what_workers_of_a_split_job_say_and_hear() {
    let test = SplitTest { id: "a b".to_owned(), file_bytes: Some(7) };
    wire("split-list", &SplitList { tests: vec![test] });
    let over = || SplitOver { passed: false, text: "1 failed:\n  a b".to_owned() };
    wire("split-listed", &vec![SplitListed::Noted, SplitListed::Over(over())]);
    wire("split-pull", &SplitPull { request: RequestId(id(3)) });
    let lease = SplitLease { lease: 7, tests: vec![LeasedTest { no: 0, id: "a b".to_owned() }] };
    let over = SplitPulled::Over(over());
    wire("split-pulled", &vec![SplitPulled::Leased(lease), SplitPulled::Wait, over, SplitPulled::Yield]);
    let result = |no, outcome| SplitResult { no, outcome, ms: 12 };
    let outcomes = [SplitOutcome::Passed, SplitOutcome::Failed, SplitOutcome::Skipped];
    let results = (0..).zip(outcomes).map(|(no, outcome)| result(no, outcome)).collect();
    let end = Some(SplitEnd { code: Some(1), boot_ms: Some(900) });
    wire("split-report", &SplitReport { lease: 7, started: vec![3], results, end });
    wire("split-taken", &SplitTaken { counted: 1, already: 2, stale: 3, foreign: 4 });
    wire("split-beat", &SplitBeat { holds: vec![7] });
    wire("split-orders", &SplitOrders { drop: vec![7] });
    let tests = Tests {
        suite: "unit".to_owned(),
        preset: Preset::Pytest,
        discover: "d".to_owned(),
        run: "r".to_owned(),
        mode: Mode::Batch,
        junit: Some("report.xml".to_owned()),
        on_flaky: OnFlaky::Fail,
        max_flaky_retries: 2,
        width: None,
        chosen: None,
        quarantine: Vec::new(),
    };
    wire("split-tests", &tests);
}

#[test]
fn what_a_split_client_and_its_runner_say() {
    use sidings_proto::split::desk::{Ask, Form, Happened, Told, Work};
    let asks = vec![
        Ask::Work,
        Ask::List { bytes: 5 },
        Ask::Next,
        Ask::Results { lease: 7, form: Form::Junit, bytes: 5 },
        Ask::Done { lease: 7, code: None, took_ms: 12 },
        Ask::Watch { lease: 7 },
    ];
    wire("split-asks", &asks);
    let work = Work { shell: vec!["sh".to_owned()], run: "r".to_owned(), ..Work::default() };
    let told = vec![
        Told::Work(work),
        Told::Noted,
        Told::Batch { lease: 7, tests: vec!["a b".to_owned()] },
        Told::Over { passed: true, text: "1 of 1 ran once".to_owned() },
        Told::Read { results: 1, others: 2, remarks: vec!["it ends in the middle".to_owned()] },
        Told::Taken { counted: 1, missing: 0, failed: 1 },
        Told::Dropped,
        Told::Refused { why: "lease 7 is not known".to_owned() },
    ];
    wire("split-told", &told);
    let outcome = Some(SplitOutcome::Passed);
    wire("split-event", &Happened { end: Some("a b".to_owned()), outcome, ms: 1.5, ..Happened::default() });
}

#[test]
fn who_is_let_in() {
    let runner = RunnerView {
        id: RunnerId(id(1)),
        name: "r1".to_owned(),
        state: RunnerState::Draining,
        version: "0.1.0".to_owned(),
        slots: 4,
        busy: 1,
        labels: BTreeMap::from([("os".to_owned(), "linux".to_owned())]),
        resources: Resources { milli_cpus: Some(4000), memory: None, pids: None },
        seen: Timestamp(5),
        low_disk: None,
        machine: Some(Machine { disk_free: 1, disk_all: 2, images: 3, image_bytes: 4 }),
        drained: Some(Drained { by: "anna".to_owned(), at: Timestamp(4) }),
    };
    let pool = PoolView {
        labels: BTreeMap::from([("os".to_owned(), "linux".to_owned())]),
        runners: 1,
        slots: 4,
        busy: 1,
        queued: 2,
        owed_ms: 60_000,
        unknown: 1,
        wanted: 3,
    };
    let waits = ProjectWaits { project: "web".to_owned(), runs: 3, p50_ms: 200, p95_ms: 9_000, p99_ms: 9_100 };
    wire("runners", &Runners { runners: vec![runner], pools: vec![pool], waits: vec![waits] });
    let wait = WaitView { kind: WaitFor::Turn, message: "2 jobs ahead".to_owned(), starts: Some(Timestamp(9)) };
    let (name, project) = ("unit".to_owned(), "shop".to_owned());
    let waiting = vec![WaitingJob { id: JobId(id(1)), name, run: RunId(id(2)), project, number: 7, wait }];
    wire("queue", &QueueView { waiting, more: true });
    wire("made-token", &MadeToken { id: TokenId(id(6)), token: "sat_00".to_owned() });
    let token = TokenView {
        id: TokenId(id(6)),
        name: "hook".to_owned(),
        kind: TokenKind::Registration,
        project: None,
        created: Timestamp(1),
        expires: Some(Timestamp(2)),
        role: None,
        used: Some(Timestamp(3)),
    };
    let reader = TokenView { kind: TokenKind::Api, role: Some(Role::Viewer), ..token.clone() };
    let entry = AuditEntry {
        no: 7,
        at: Timestamp(5),
        by: "anna".to_owned(),
        what: "runner.drain".to_owned(),
        about: "r2".to_owned(),
        outcome: Outcome::Refused,
    };
    wire("audit-log", &AuditLog { entries: vec![entry], next: Some(7) });
    wire("tokens", &Tokens { tokens: vec![token, reader] });
}

#[test]
fn what_the_helper_in_a_container_reads_and_writes() {
    let readiness = Readiness {
        probe: Probe::Connect { address: "172.18.0.2".parse().unwrap(), port: 80 },
        interval_ms: 20,
        timeout_ms: 1_000,
        start_period_ms: 60_000,
        retries: 1,
    };
    wire("probe-run", &Probe::Run { argv: vec!["pg_isready".to_owned()] });
    wire(
        "step-spec",
        &StepSpec {
            argv: vec!["sh".to_owned(), "-e".to_owned()],
            working_directory: "/workspace".to_owned(),
            user: "app".to_owned(),
            chown: Some("/workspace".to_owned()),
            hand_over: Vec::new(),
            log_limit: 100,
            log_tail: 10,
            grace_ms: 10_000,
            readiness: Some(readiness),
            input: false,
            hold: false,
        },
    );
    wire("ready-record", &ReadyRecord { at: Timestamp(9), error: Some("its port 80: refused".to_owned()) });
    wire(
        "exit-record",
        &ExitRecord {
            code: 143,
            signal: Some(15),
            error: None,
            log_bytes: 19,
            log_hash: "cd".repeat(32),
            left_out_bytes: 0,
            started: Timestamp(10),
            ended: Timestamp(20),
        },
    );
}

#[test]
fn a_key_that_is_not_known_is_an_error() {
    for text in [r#"{"name":"r1","more":1}"#, r#"{"nome":"r1"}"#] {
        assert!(serde_json::from_str::<Register>(text).is_err(), "{text}");
    }
    let text = serde_json::to_string(&git()).unwrap().replacen('{', r#"{"more":1,"#, 1);
    assert!(serde_json::from_str::<Source>(&text).is_err());
}

#[test]
fn a_wait_says_when_it_is_over_where_that_is_known() {
    let wait = |starts: Option<i64>| {
        let message = "1 job ahead".to_owned();
        let starts = starts.map(|seconds| Timestamp(1_000 + seconds * 1_000));
        WaitView { kind: WaitFor::Turn, message, starts }.told(Timestamp(1_000))
    };
    assert_eq!(wait(None), "1 job ahead");
    let told = [-5, 0, 20, 60, 61, 3_000, 5_400, 9_000].map(|seconds| wait(Some(seconds)).split_off(12));
    let expected = [
        " starts any moment",
        " starts any moment",
        " starts in less than a minute",
        " starts in about 1 min",
        " starts in about 2 min",
        " starts in about 50 min",
        " starts in about 2 h",
        " starts in about 3 h",
    ];
    assert_eq!(told, expected);
}

#[test]
fn webhooks() {
    let delivery = DeliveryView {
        id: DeliveryId(id(9)),
        webhook: "ops".to_owned(),
        event: WebhookEvent::RunEnded,
        run: Some(RunId(id(1))),
        at: Timestamp(5),
        state: DeliveryState::GivenUp,
        tries: 3,
        tried: Some(Timestamp(6)),
        next: None,
        status: Some(503),
        answer: "later".to_owned(),
    };
    let rules = WebhookRules {
        events: vec![WebhookEvent::RunEnded, WebhookEvent::ApprovalNeeded],
        verdicts: vec![WebhookVerdict::Failed],
        branches: vec!["main".to_owned()],
    };
    let template = WebhookFormat::Template { text: "{{ text }}".to_owned(), content_type: "text/plain".to_owned() };
    let put = PutWebhook {
        name: "ops".to_owned(),
        project: Some("web".to_owned()),
        url: Secret::new("https://hooks.example.com/T0"),
        rules: rules.clone(),
        format: template.clone(),
        key: None,
    };
    wire("put-webhook", &put);
    let webhook = WebhookView {
        name: put.name,
        project: put.project,
        host: "https://hooks.example.com".to_owned(),
        rules,
        format: template,
        created: Timestamp(1),
        waiting: 2,
        last: Some(delivery.clone()),
    };
    wire("made-webhook", &MadeWebhook { webhook: webhook.clone(), key: Some(Secret::new("0123456789abcdef")) });
    wire("webhooks", &Webhooks { webhooks: vec![WebhookView { format: WebhookFormat::Chat, ..webhook }] });
    wire("deliveries", &Deliveries { deliveries: vec![delivery] });
    let body = WebhookBody {
        version: BODY_VERSION,
        event: WebhookEvent::RunEnded,
        delivery: DeliveryId(id(9)),
        at: Timestamp(5),
        text: "web@7 failed".to_owned(),
        run: None,
        url: Some("https://ci.example.com/runs/1".to_owned()),
        job: Some(WebhookJob { id: JobId(id(2)), name: "deploy".to_owned() }),
        causes: vec![WebhookCause {
            job: "test".to_owned(),
            step: Some("unit".to_owned()),
            class: FailureClass::StepFailed,
            message: "step \"unit\" exited with code 1".to_owned(),
            log: "https://ci.example.com/jobs/2/logs/1".to_owned(),
        }],
    };
    wire("webhook-body", &body);
}
