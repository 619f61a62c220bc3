//! What is left to read when a run has ended: why it failed first, then every job, then where to read on.

use super::artifacts;
use super::duration::{since, span};
use super::lists::run_name;
use super::splits;
use super::style::{BAD, BUSY, DIM, NAME, mark, paint, word};
use super::table::table;
use super::tested;
use sidings_proto::api::{JobView, RunView};
use sidings_proto::runner::ImageUse;
use sidings_proto::{Failure, StopReason, Timestamp, Verdict};
use std::path::PathBuf;
use std::time::Duration;

/// Where whole logs are.
#[derive(Clone, Debug)]
pub(crate) enum ReadOn {
    /// With the controller, by `sidings logs`.
    Controller,
    /// In files of this folder; the controller is gone.
    Folder(PathBuf),
}

/// The summary, with an empty line before it.
pub(crate) fn summary(run: &RunView, now: Timestamp, read_on: &ReadOn) -> String {
    let artifacts = match read_on {
        ReadOn::Controller => artifacts::of_run(run),
        ReadOn::Folder(_) => String::new(),
    };
    let (why, jobs) = (causes(run, read_on), jobs(run, now));
    let parts = [head(run, now), stopped(run), diagnostics(run), why, jobs, splits::of_run(run), tests(run), artifacts];
    let parts = parts.into_iter().chain([address(run, read_on)]);
    parts.filter(|part| !part.is_empty()).map(|part| format!("\n{part}")).collect()
}

fn head(run: &RunView, now: Timestamp) -> String {
    let summary = &run.summary;
    let name = run_name(summary);
    let verdict = summary.verdict.as_ref();
    let time = since(Some(summary.created), summary.ended, now);
    format!("{} {name} {} in {time}\n", mark(summary.state, verdict), word(summary.state, verdict))
}

/// Why it was stopped, unless those who asked for it know.
fn stopped(run: &RunView) -> String {
    match &run.stopped {
        Some(StopReason::Asked) | None => String::new(),
        Some(reason) => format!("  stopped: {reason}\n"),
    }
}

fn diagnostics(run: &RunView) -> String {
    run.diagnostics.as_ref().map(|text| format!("{}\n", text.trim_end())).unwrap_or_default()
}

fn causes(run: &RunView, read_on: &ReadOn) -> String {
    let told = |at: &usize| run.jobs[..*at].iter().any(|earlier| is_the_same(earlier, &run.jobs[*at]));
    let new = (0..run.jobs.len()).filter(|at| !told(at)).map(|at| &run.jobs[at]);
    new.flat_map(|job| cause(run, job, read_on)).map(|line| format!("  {line}\n")).collect()
}

/// Whether two copies of a split job failed for the same tests: these are the queue's, whoever ran them.
fn is_the_same(one: &JobView, other: &JobView) -> bool {
    let alone = |job: &JobView| job.attempts.len() > 1 || job.tests.as_ref().is_some_and(|sum| sum.counts.bad() > 0);
    let of_queue = one.suite.is_some() && one.suite == other.suite && !alone(one) && !alone(other);
    of_queue
        && matches!((&one.verdict, &other.verdict), (Some(Verdict::Failed(one)), Some(Verdict::Failed(other))) if one == other)
}

/// What the job is called where all that failed as it did are meant.
fn called<'r>(run: &'r RunView, job: &'r JobView) -> &'r str {
    let others = run.jobs.iter().filter(|other| is_the_same(job, other)).count();
    job.suite.as_deref().filter(|_| others > 1).unwrap_or(&job.name)
}

fn cause(run: &RunView, job: &JobView, read_on: &ReadOn) -> Vec<String> {
    let earlier = job.attempts.iter().rev().skip(1).rev().filter_map(|attempt| match &attempt.verdict {
        Some(Verdict::Failed(failure)) => {
            let who = format!("{}, attempt {} on {}", job.name, attempt.fence, attempt.runner_name);
            Some(paint(DIM, format!("{who}: {}: {}", failure.class, failure.message)))
        }
        Some(Verdict::Passed | Verdict::Cancelled | Verdict::Skipped { .. }) | None => None,
    });
    let last = match &job.verdict {
        Some(Verdict::Failed(failure)) => told(run, job, failure, read_on),
        Some(Verdict::Passed | Verdict::Cancelled) => tests_alone(run, job, read_on),
        Some(Verdict::Skipped { .. }) | None => Vec::new(),
    };
    earlier.chain(last).collect()
}

fn told(run: &RunView, job: &JobView, failure: &Failure, read_on: &ReadOn) -> Vec<String> {
    let allowed = if job.allow_failure { " (allowed to fail)" } else { "" };
    let mut message = failure.message.trim_end().lines();
    let first = message.next().unwrap_or_default();
    let class = paint(BAD, failure.class);
    let head = format!("{}{allowed}: {class}: {first}", paint(NAME, called(run, job)));
    let more = message.map(|line| format!("  {line}"));
    let tests = failed_tests(run, job, read_on);
    std::iter::once(head).chain(more).chain(tests).chain(where_to_read(run, job, read_on)).collect()
}

/// Tests that failed in a job that did not: its exit codes decide.
fn tests_alone(run: &RunView, job: &JobView, read_on: &ReadOn) -> Vec<String> {
    let lines = failed_tests(run, job, read_on);
    let word = job.verdict.as_ref().map_or("ended", Verdict::word);
    let head = (!lines.is_empty()).then(|| format!("{}: {word}, and some of its tests failed", paint(NAME, &job.name)));
    head.into_iter().chain(lines).collect()
}

fn failed_tests(run: &RunView, job: &JobView, read_on: &ReadOn) -> Vec<String> {
    let Some(sum) = job.tests.as_ref().filter(|sum| sum.counts.bad() > 0) else { return Vec::new() };
    let call = match read_on {
        ReadOn::Controller => {
            let run = format!("{}@{}", run.summary.project, run.summary.number);
            Some(paint(DIM, format!("sidings tests {} {}", word_of_shell(&run), word_of_shell(&job.name))))
        }
        ReadOn::Folder(_) => None,
    };
    tested::failed(sum).into_iter().chain(call).map(|line| format!("  {line}")).collect()
}

/// How many tests of each job ended how.
fn tests(run: &RunView) -> String {
    let line = |job: &JobView| {
        let sum = job.tests.as_ref()?;
        let remarks = sum.reports.iter().map(|report| report.remarks.len()).sum();
        let remarks = match remarks {
            0 => String::new(),
            1 => paint(BUSY, " (and a remark on its reports)"),
            many => paint(BUSY, format!(" (and {many} remarks on its reports)")),
        };
        Some(format!("{} of {}{remarks}\n", tested::counts(sum.counts), job.name))
    };
    let lines: String = run.jobs.iter().filter_map(line).collect();
    if lines.is_empty() { lines } else { format!("{}\n{lines}", paint(DIM, "tests")) }
}

/// One line for each step that failed; the setup's when none did.
fn where_to_read(run: &RunView, job: &JobView, read_on: &ReadOn) -> Vec<String> {
    let failed = |step: &&sidings_proto::api::StepView| step.verdict.as_ref().is_some_and(Verdict::is_failed);
    let steps = job.steps.iter().filter(|step| !step.allow_failure).filter(failed);
    let services = job.services.iter().filter(|service| service.verdict.as_ref().is_some_and(Verdict::is_failed));
    let steps = steps.map(|step| (step.no.0, step.name.as_str()));
    let mut logs: Vec<(u32, &str)> =
        steps.chain(services.map(|service| (service.no.0, service.name.as_str()))).collect();
    if logs.is_empty() && !job.attempts.is_empty() {
        logs.push((0, "setup"));
    }
    let lines = |(no, step): (u32, &str)| match read_on {
        ReadOn::Controller => {
            let number = format!("{}@{}", run.summary.project, run.summary.number);
            let job = word_of_shell(called(run, job));
            vec![format!("sidings logs {} {job} {}", word_of_shell(&number), word_of_shell(step))]
        }
        ReadOn::Folder(folder) => {
            let same = run.jobs.iter().filter(|other| other.id == job.id || is_the_same(job, other));
            same.map(|job| folder.join(log_file(&job.name, no, step)).display().to_string()).collect()
        }
    };
    logs.into_iter().flat_map(lines).map(|line| paint(DIM, format!("  {line}"))).collect()
}

/// The file of a step's log, in the folder of a run's logs.
pub(crate) fn log_file(job: &str, no: u32, step: &str) -> PathBuf {
    let plain = |c: char| if c.is_alphanumeric() || "-_.+=".contains(c) { c } else { '-' };
    let name = |text: &str| text.chars().map(plain).take(60).collect::<String>();
    let step = if no == 0 { "setup".to_owned() } else { name(step) };
    PathBuf::from(format!("{}.{no:02}-{step}.log", name(job)))
}

fn word_of_shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@:+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn jobs(run: &RunView, now: Timestamp) -> String {
    if run.jobs.is_empty() {
        return String::new();
    }
    let rows: Vec<[String; 5]> = run.jobs.iter().map(|job| row(job, now)).collect();
    table(["job", "verdict", "attempt", "duration", "image"], &rows)
}

fn row(job: &JobView, now: Timestamp) -> [String; 5] {
    let verdict = format!("{} {}", mark(job.state, job.verdict.as_ref()), word(job.state, job.verdict.as_ref()));
    let last = job.attempts.last();
    let fence = last.map(|attempt| attempt.fence.to_string()).unwrap_or_default();
    let time = since(last.map(|attempt| attempt.started), last.and_then(|attempt| attempt.ended), now);
    let images = last.map(|attempt| attempt.images.iter().map(image).collect::<Vec<_>>().join(", "));
    let reason = match &job.verdict {
        Some(Verdict::Skipped { reason, .. }) => Some(paint(DIM, reason)),
        Some(Verdict::Passed | Verdict::Failed(_) | Verdict::Cancelled) | None => None,
    };
    [job.name.clone(), verdict, fence, format!("{time:>8}"), reason.or(images).unwrap_or_default()]
}

/// `3f2a91c4b0de built in 4.2s`, `3f2a91c4b0de fetched from ci-2's build in 1.2s, 3 layers, 12 MB`,
/// `debian:bookworm-slim found`.
fn image(image: &ImageUse) -> String {
    let name = image.key.as_deref().and_then(|key| key.get(..12)).unwrap_or(&image.reference);
    let took = span(Duration::from_millis(image.took_ms));
    match &image.fetched {
        Some(fetched) => format!("{name} fetched from {}'s build in {took}{}", fetched.from, fetched.amount()),
        None if image.built => format!("{name} built in {took}"),
        None => format!("{name} found"),
    }
}

fn address(run: &RunView, read_on: &ReadOn) -> String {
    match read_on {
        ReadOn::Controller => format!("{}\n", paint(DIM, &run.url)),
        ReadOn::Folder(folder) => format!("{}\n", paint(DIM, format!("logs: {}", folder.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{NOW, attempt, before, ended_run, failed, half_way, image, job, job_id, over, plain};
    use insta::assert_snapshot;
    use sidings_proto::tested::TestSum;
    use sidings_proto::{FailureClass, TestCase, TestCounts, TestOutcome, TestReport};

    fn failed_run() -> RunView {
        let mut jobs = half_way().jobs;
        jobs[0] = over(jobs[0].clone(), Verdict::Passed);
        jobs[0].attempts[0].images = vec![image(false)];
        let blocked = Verdict::Skipped { reason: "unit did not pass".to_owned(), blocked: true };
        jobs[2].verdict = Some(blocked);
        jobs[2].state = sidings_proto::api::State::Ended;
        ended_run(jobs, failed(FailureClass::StepFailed, "job \"unit\" failed"))
    }

    #[test]
    fn the_cause_comes_first() {
        assert_snapshot!(plain(&summary(&failed_run(), NOW, &ReadOn::Controller)).trim(), @r#"
        ✗ demo@7 failed in 15.4s

          unit: step_failed: step "pytest" exited with code 1
            sidings logs demo@7 unit pytest

        job      verdict    attempt  duration  image
        lint     ✓ passed   1           14.0s  3f2a91c4b0de found
        unit     ✗ failed   1           14.0s  3f2a91c4b0de built in 4.2s
        service  ⊘ skipped                     unit did not pass

        http://127.0.0.1:7117/runs/demo@7
        "#);
    }

    #[test]
    fn tests_that_failed_are_named_with_the_cause() {
        let mut run = failed_run();
        let case = |name: &str, outcome| TestCase {
            suite: "tests.test_board".to_owned(),
            name: name.to_owned(),
            outcome,
            message: "assert 5 == 6\nmore".to_owned(),
            ..TestCase::default()
        };
        let counts = TestCounts { failed: 3, passed: 30, ..TestCounts::default() };
        let bad = vec![case("test_delay", TestOutcome::Failed), case("test_db", TestOutcome::Errored)];
        let remarks = vec!["it ends in the middle".to_owned()];
        let reports = vec![TestReport { path: "report.xml".to_owned(), counts, remarks }];
        run.jobs[1].tests = Some(TestSum { counts, bad: bad.clone(), reports });
        let counts = TestCounts { failed: 1, ..TestCounts::default() };
        run.jobs[0].tests = Some(TestSum { counts, bad: bad[..1].to_vec(), reports: Vec::new() });
        assert_snapshot!(plain(&summary(&run, NOW, &ReadOn::Controller)).trim(), @r#"
        ✗ demo@7 failed in 15.4s

          lint: passed, and some of its tests failed
            ✗ tests.test_board::test_delay: assert 5 == 6
            sidings tests demo@7 lint
          unit: step_failed: step "pytest" exited with code 1
            ✗ tests.test_board::test_delay: assert 5 == 6
            ✗ tests.test_board::test_db: assert 5 == 6
            and 1 more
            sidings tests demo@7 unit
            sidings logs demo@7 unit pytest

        job      verdict    attempt  duration  image
        lint     ✓ passed   1           14.0s  3f2a91c4b0de found
        unit     ✗ failed   1           14.0s  3f2a91c4b0de built in 4.2s
        service  ⊘ skipped                     unit did not pass

        tests
        1 failed of lint
        3 failed, 30 passed of unit (and a remark on its reports)

        http://127.0.0.1:7117/runs/demo@7
        "#);
    }

    #[test]
    fn copies_of_a_split_job_that_failed_for_the_same_tests_are_told_of_once() {
        let copy = |n: u128, message: &str| {
            let mut job = failed_run().jobs.remove(1);
            (job.id, job.name, job.suite) = (job_id(n), format!("unit {n}/3"), Some("unit".to_owned()));
            job.verdict = Some(failed(FailureClass::TestsFailed, message));
            job
        };
        let jobs = vec![copy(1, "1 failed: a"), copy(2, "1 failed: a"), copy(3, "the engine failed")];
        let run = ended_run(jobs, failed(FailureClass::TestsFailed, "1 failed: a"));
        let told = |read_on: &ReadOn| plain(&causes(&run, read_on));
        assert_snapshot!(told(&ReadOn::Controller), @r#"
        unit: tests_failed: 1 failed: a
          sidings logs demo@7 unit pytest
        unit 3/3: tests_failed: the engine failed
          sidings logs demo@7 'unit 3/3' pytest
        "#);
        assert_snapshot!(told(&ReadOn::Folder(PathBuf::from("/logs"))), @"
        unit: tests_failed: 1 failed: a
          /logs/unit-1-3.02-pytest.log
          /logs/unit-2-3.02-pytest.log
        unit 3/3: tests_failed: the engine failed
          /logs/unit-3-3.02-pytest.log
        ");
    }

    #[test]
    fn a_run_without_a_server_points_to_files() {
        let read_on = ReadOn::Folder(PathBuf::from("/home/me/.cache/sidings/logs/demo"));
        assert_snapshot!(plain(&summary(&failed_run(), NOW, &read_on)).trim(), @r#"
        ✗ demo@7 failed in 15.4s

          unit: step_failed: step "pytest" exited with code 1
            /home/me/.cache/sidings/logs/demo/unit.02-pytest.log

        job      verdict    attempt  duration  image
        lint     ✓ passed   1           14.0s  3f2a91c4b0de found
        unit     ✗ failed   1           14.0s  3f2a91c4b0de built in 4.2s
        service  ⊘ skipped                     unit did not pass

        logs: /home/me/.cache/sidings/logs/demo
        "#);
    }

    #[test]
    fn a_lost_runner_is_told_though_the_job_passed() {
        let mut unit = over(job(1, "unit", &[], vec![]), Verdict::Passed);
        let mut first = attempt(1);
        first.ended = Some(before(9_000));
        first.verdict = Some(failed(FailureClass::RunnerLost, "the runner fell silent"));
        unit.attempts[0].fence = 2;
        unit.attempts.insert(0, first);
        assert_snapshot!(plain(&summary(&ended_run(vec![unit], Verdict::Passed), NOW, &ReadOn::Controller)).trim(), @r#"
        ✓ demo@7 passed in 15.4s

          unit, attempt 1 on hetty: runner_lost: the runner fell silent

        job   verdict   attempt  duration  image
        unit  ✓ passed  2           14.0s  3f2a91c4b0de built in 4.2s

        http://127.0.0.1:7117/runs/demo@7
        "#);
    }

    #[test]
    fn a_wrong_pipeline_shows_its_diagnostics() {
        let mut run = ended_run(vec![], failed(FailureClass::InvalidPipeline, "the pipeline is wrong"));
        run.diagnostics = Some("error: unknown key `stepz`\n --> .sidings.yml:3:5\n".to_owned());
        assert_snapshot!(plain(&summary(&run, NOW, &ReadOn::Controller)).trim(), @r#"
        ✗ demo@7 failed in 15.4s

        error: unknown key `stepz`
         --> .sidings.yml:3:5

        http://127.0.0.1:7117/runs/demo@7
        "#);
    }

    #[test]
    fn an_image_that_was_not_built_shows_the_builders_words_and_the_setup() {
        let message = "the image could not be built: Dockerfile:3\nE: Unable to locate package nodejz\n";
        let unit = over(job(1, "unit", &[], vec![]), failed(FailureClass::ImageBuildFailed, message));
        let run = ended_run(vec![unit], failed(FailureClass::ImageBuildFailed, "job \"unit\" failed"));
        assert_snapshot!(plain(&summary(&run, NOW, &ReadOn::Controller)).trim(), @r#"
        ✗ demo@7 failed in 15.4s

          unit: image_build_failed: the image could not be built: Dockerfile:3
            E: Unable to locate package nodejz
            sidings logs demo@7 unit setup

        job   verdict   attempt  duration  image
        unit  ✗ failed  1           14.0s  3f2a91c4b0de built in 4.2s

        http://127.0.0.1:7117/runs/demo@7
        "#);
    }

    #[test]
    fn a_run_that_was_stopped_says_why() {
        let lint =
            over(job(1, "lint", &[], vec![]), failed(FailureClass::StepFailed, "step \"ruff\" exited with code 1"));
        let unit = over(job(2, "unit", &[], vec![]), Verdict::Cancelled);
        let mut run = ended_run(vec![lint, unit], failed(FailureClass::StepFailed, "job \"lint\" failed"));
        run.stopped = Some(StopReason::FailFast { job: "lint".to_owned() });
        assert_snapshot!(plain(&summary(&run, NOW, &ReadOn::Controller)).trim(), @r#"
        ✗ demo@7 failed in 15.4s

          stopped: job "lint" failed, and the pipeline says `fail_fast`

          lint: step_failed: step "ruff" exited with code 1
            sidings logs demo@7 lint setup

        job   verdict      attempt  duration  image
        lint  ✗ failed     1           14.0s  3f2a91c4b0de built in 4.2s
        unit  ⊘ cancelled  1           14.0s  3f2a91c4b0de built in 4.2s

        http://127.0.0.1:7117/runs/demo@7
        "#);
    }

    #[test]
    fn names_are_quoted_where_a_shell_would_split_them() {
        assert_eq!(word_of_shell("sell out"), "'sell out'");
        assert_eq!(word_of_shell("it's"), r"'it'\''s'");
        assert_eq!(word_of_shell("demo@7"), "demo@7");
    }

    #[test]
    fn a_log_file_stays_in_its_folder() {
        assert_eq!(log_file("../../etc", 3, "a/b c"), PathBuf::from("..-..-etc.03-a-b-c.log"));
        assert_eq!(log_file("unit", 0, "x"), PathBuf::from("unit.00-setup.log"));
    }
}
