//! A run for tests: three jobs, of which one failed, one is running and one waits.

use sidings_proto::api::{AttemptView, JobView, RunSummary, RunView, ServiceView, State, StepView};
use sidings_proto::runner::{ImageUse, LogDigest, Phase};
use sidings_proto::{Commit, Failure, FailureClass, JobId, RunId, RunnerId, StepNo, Timestamp, Trigger, Verdict};
use uuid::Uuid;

/// When the sample is looked at.
pub(crate) const NOW: Timestamp = Timestamp(1_700_000_020_000);

/// That many milliseconds before [`NOW`].
pub(crate) fn before(ms: i64) -> Timestamp {
    Timestamp(NOW.0 - ms)
}

/// A failure of the user's.
pub(crate) fn failed(class: FailureClass, message: &str) -> Verdict {
    Verdict::Failed(Failure { class, message: message.to_owned() })
}

/// The job with this number.
pub(crate) fn job_id(number: u128) -> JobId {
    JobId(Uuid::from_u128(number))
}

/// A job that waits.
pub(crate) fn job(number: u128, name: &str, needs: &[&str], steps: Vec<StepView>) -> JobView {
    JobView {
        id: job_id(number),
        name: name.to_owned(),
        group: None,
        needs: needs.iter().map(|name| (*name).to_owned()).collect(),
        allow_failure: false,
        state: State::Waiting,
        wait: None,
        approved: None,
        stopped: None,
        phase: None,
        verdict: None,
        attempts: Vec::new(),
        steps,
        services: Vec::new(),
        tests: None,
        suite: None,
    }
}

/// A step that waits.
pub(crate) fn step(no: u32, name: &str) -> StepView {
    StepView {
        no: StepNo(no),
        name: name.to_owned(),
        stage: no - 1,
        group: None,
        state: State::Waiting,
        verdict: None,
        allow_failure: false,
        code: None,
        started: None,
        ended: None,
        log: None,
    }
}

/// A service that was started two seconds ago, ready so many milliseconds ago or not at all.
pub(crate) fn service(number: u32, name: &str, ready: Option<i64>) -> ServiceView {
    ServiceView {
        no: StepNo(StepNo::FIRST_SERVICE.0 + number),
        name: name.to_owned(),
        state: State::Running,
        verdict: None,
        code: None,
        started: Some(before(2_000)),
        ready: ready.map(before),
        ended: None,
        log: None,
    }
}

/// A step that runs for so long.
pub(crate) fn running(no: u32, name: &str, ms: i64) -> StepView {
    StepView { state: State::Running, started: Some(before(ms)), ..step(no, name) }
}

/// A step that has ended.
pub(crate) fn ended(no: u32, name: &str, code: i32, bytes: u64) -> StepView {
    let verdict = if code == 0 {
        Verdict::Passed
    } else {
        failed(FailureClass::StepFailed, &format!("step \"{name}\" exited with code {code}"))
    };
    StepView {
        state: State::Ended,
        verdict: Some(verdict),
        code: Some(code),
        started: Some(before(9_000)),
        ended: Some(before(6_500)),
        log: Some(LogDigest { bytes, hash: String::new() }),
        ..step(no, name)
    }
}

/// A try of a job, not yet over.
pub(crate) fn attempt(fence: u64) -> AttemptView {
    AttemptView {
        fence,
        runner: RunnerId(Uuid::from_u128(99)),
        runner_name: "hetty".to_owned(),
        started: before(15_000),
        ended: None,
        verdict: None,
        images: Vec::new(),
        artifacts: None,
    }
}

/// The project's own image.
pub(crate) fn image(built: bool) -> ImageUse {
    ImageUse {
        reference: "sidings/demo:3f2a91c4b0de77aa".to_owned(),
        id: "sha256:77".to_owned(),
        key: Some("3f2a91c4b0de77aa".repeat(4)),
        built,
        took_ms: if built { 4_200 } else { 12 },
        fetched: None,
    }
}

/// The job as a runner works on it.
pub(crate) fn begun(job: JobView, phase: Phase) -> JobView {
    JobView { state: State::Running, phase: Some(phase), attempts: vec![attempt(1)], ..job }
}

/// The job with its outcome.
pub(crate) fn over(job: JobView, verdict: Verdict) -> JobView {
    let last = AttemptView {
        ended: Some(before(1_000)),
        verdict: Some(verdict.clone()),
        images: vec![image(true)],
        ..attempt(1)
    };
    JobView { state: State::Ended, phase: None, verdict: Some(verdict), attempts: vec![last], ..job }
}

/// A run of these jobs, not yet over.
pub(crate) fn run_of(jobs: Vec<JobView>) -> RunView {
    RunView {
        summary: RunSummary {
            id: RunId(Uuid::from_u128(7)),
            project: "demo".to_owned(),
            pipeline: None,
            number: 7,
            trigger: Trigger::Manual,
            commit: Commit {
                sha: "3f2a91c4b0de77aa3f2a91c4b0de77aa3f2a91c4".to_owned(),
                reference: "refs/heads/main".to_owned(),
                message: "Show departures by platform\n\nLong story.".to_owned(),
                ..Commit::default()
            },
            state: State::Running,
            verdict: None,
            created: before(16_000),
            started: Some(before(15_000)),
            ended: None,
        },
        url: "http://127.0.0.1:7117/runs/demo@7".to_owned(),
        retry_of: None,
        diagnostics: None,
        stopped: None,
        jobs,
        splits: Vec::new(),
        digests: Default::default(),
    }
}

/// The run with its outcome.
pub(crate) fn ended_run(jobs: Vec<JobView>, verdict: Verdict) -> RunView {
    let mut run = run_of(jobs);
    run.summary.state = State::Ended;
    run.summary.verdict = Some(verdict);
    run.summary.ended = Some(before(600));
    run
}

/// One job failed, one runs, one waits.
pub(crate) fn half_way() -> RunView {
    let unit = job(2, "unit", &[], vec![ended(1, "compile", 0, 10), ended(2, "pytest", 1, 300)]);
    let unit = over(unit, failed(FailureClass::StepFailed, "step \"pytest\" exited with code 1"));
    let lint = begun(job(1, "lint", &[], vec![running(1, "pyflakes", 2_300), step(2, "syntax")]), Phase::Steps);
    let service = job(3, "service", &["lint", "unit"], vec![step(1, "memory"), step(2, "sqlite")]);
    run_of(vec![lint, unit, service])
}

/// The text as it is where colours are off.
pub(crate) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
