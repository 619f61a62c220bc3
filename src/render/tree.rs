//! A run as a tree: its jobs, their steps, times, and one line of what each is at.

use super::duration::since;
use super::lists::run_name;
use super::style::{BAD, DIM, mark, paint};
use super::{first_line, services};
use console::{measure_text_width, truncate_str};
use sidings_proto::api::{JobView, RunView, ServiceView, State, StepView, WaitFor};
use sidings_proto::runner::Phase;
use sidings_proto::{StepNo, Timestamp, Verdict};

/// The last line of a log, without colours and control characters.
pub(crate) type LastLine<'a> = &'a dyn Fn(&JobView, StepNo) -> Option<String>;

/// Widest column of names.
const NAMES: usize = 32;

/// The whole tree.
pub(crate) fn whole(run: &RunView, now: Timestamp, width: usize, last_line: LastLine<'_>) -> Vec<String> {
    Tree { run, now, width, last_line }.lines(|_| true)
}

/// The tree in so many lines: what is over or yet to come shows less, then nothing, before what goes on does.
pub(crate) fn fitted(
    run: &RunView,
    now: Timestamp,
    (width, height): (usize, usize),
    last_line: LastLine<'_>,
) -> Vec<String> {
    let tree = Tree { run, now, width, last_line };
    let failed = |job: &JobView| job.verdict.as_ref().is_some_and(Verdict::is_failed);
    let going_on = |job: &JobView| job.state == State::Running;
    let choices: [&dyn Fn(&JobView) -> bool; 3] = [&|_| true, &|job| going_on(job) || failed(job), &going_on];
    let fits = choices.iter().map(|with_steps| tree.lines(with_steps)).find(|lines| lines.len() <= height);
    fits.unwrap_or_else(|| tree.crowded(height))
}

struct Tree<'a> {
    run: &'a RunView,
    now: Timestamp,
    width: usize,
    last_line: LastLine<'a>,
}

impl Tree<'_> {
    fn lines(&self, with_steps: impl Fn(&JobView) -> bool) -> Vec<String> {
        let mut lines = vec![self.head()];
        for job in &self.run.jobs {
            self.job(job, with_steps(job), &mut lines);
        }
        lines
    }

    /// Jobs that go on, and the others as numbers.
    fn crowded(&self, height: usize) -> Vec<String> {
        let mut lines = vec![self.head()];
        let (on, others): (Vec<_>, Vec<_>) = self.run.jobs.iter().partition(|job| job.state == State::Running);
        for job in on {
            self.job(job, true, &mut lines);
        }
        let over = others.iter().filter(|job| job.state == State::Ended).count();
        let room = height.saturating_sub(1).max(1);
        if lines.len() > room {
            lines.truncate(room);
        }
        let counts = format!("… {} jobs: {over} over, {} to come", self.run.jobs.len(), others.len() - over);
        lines.push(self.cut(&paint(DIM, counts)));
        lines
    }

    fn head(&self) -> String {
        let summary = &self.run.summary;
        let commit = &summary.commit;
        let title = run_name(summary);
        let time = since(summary.started, summary.ended, self.now);
        let subject = super::safe::flat(commit.message.lines().next().unwrap_or("").as_bytes());
        let what = [commit.ref_name(), short(&commit.sha), &subject];
        let what = what.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("  ");
        self.cut(&format!("{title}  {time}  {}", paint(DIM, what)))
    }

    fn job(&self, job: &JobView, with_steps: bool, lines: &mut Vec<String>) {
        let started = job.attempts.last().map(|attempt| attempt.started);
        let ended = job.attempts.last().and_then(|attempt| attempt.ended);
        let time = since(started, ended, self.now);
        lines.push(self.row(0, &mark(job.state, job.verdict.as_ref()), &job.name, &time, &self.job_detail(job)));
        if with_steps && worth_steps(job) {
            lines.extend(job.services.iter().map(|service| self.service(service)));
            self.steps(job, lines);
        }
    }

    /// A group that has a name stands above its steps.
    fn steps(&self, job: &JobView, lines: &mut Vec<String>) {
        let mut above = None;
        for step in &job.steps {
            let group = step.group.as_ref().map(|name| (step.stage, name));
            if let Some((_, name)) = group.filter(|_| group != above) {
                lines.push(self.cut(&format!("  · {}", paint(DIM, name))));
            }
            above = group;
            lines.push(self.step(job, step));
        }
    }

    fn step(&self, job: &JobView, step: &StepView) -> String {
        let detail = match (step.state, &step.verdict) {
            (_, Some(Verdict::Failed(_))) if step.allow_failure => paint(DIM, format!("{}, allowed", failure(step))),
            (_, Some(Verdict::Failed(_))) => paint(BAD, failure(step)),
            (_, Some(Verdict::Skipped { reason, .. })) => paint(DIM, reason),
            (State::Running, None) => paint(DIM, (self.last_line)(job, step.no).unwrap_or_default()),
            (State::Waiting | State::Queued | State::Ended, None) | (_, Some(Verdict::Passed | Verdict::Cancelled)) => {
                String::new()
            }
        };
        let time = since(step.started, step.ended, self.now);
        self.row(indent(step), &mark(step.state, step.verdict.as_ref()), &step.name, &time, &detail)
    }

    fn service(&self, service: &ServiceView) -> String {
        let (at, bad) = services::at(service);
        let detail = paint(if bad { BAD } else { DIM }, at);
        let time = since(service.started, service.ended, self.now);
        self.row(2, &mark(service.state, service.verdict.as_ref()), &service.name, &time, &detail)
    }

    fn job_detail(&self, job: &JobView) -> String {
        let again = job.attempts.last().filter(|attempt| attempt.fence > 1);
        let again = again.map(|attempt| format!("attempt {}{}", attempt.fence, before(job)));
        let at = match (job.state, &job.verdict) {
            (_, Some(Verdict::Failed(failure))) => Some(paint(BAD, first_line(&failure.message))),
            (_, Some(Verdict::Skipped { reason, .. })) => Some(paint(DIM, reason)),
            (_, Some(Verdict::Passed | Verdict::Cancelled)) => None,
            (State::Waiting, None) => self.waits(job).map(|waits| paint(DIM, waits)),
            (State::Queued, None) => {
                let wait = job.wait.as_ref().map(|wait| wait.told(self.now));
                Some(paint(DIM, wait.unwrap_or_else(|| "waits for a runner".to_owned())))
            }
            (State::Running, None) => {
                let silent = job.wait.as_ref().map(|wait| paint(BAD, &wait.message));
                silent.or_else(|| self.phase(job).map(|phase| paint(DIM, phase)))
            }
            (State::Ended, None) => None,
        };
        let parts: Vec<String> = again.map(|again| paint(DIM, again)).into_iter().chain(at).collect();
        parts.join(&paint(DIM, " · "))
    }

    fn phase(&self, job: &JobView) -> Option<String> {
        let what = match job.phase? {
            Phase::Source => "gets its files",
            Phase::Image => "gets its image",
            Phase::Services => return Some(services::awaited(job)),
            Phase::Steps => return None,
            Phase::Teardown => return Some("clears up".to_owned()),
        };
        let line = (self.last_line)(job, StepNo::SETUP).filter(|line| !line.is_empty());
        Some(line.map_or_else(|| what.to_owned(), |line| format!("{what} · {line}")))
    }

    fn waits(&self, job: &JobView) -> Option<String> {
        let needed = |name: &String| self.run.jobs.iter().find(|other| other.name == *name);
        let needed: Vec<&JobView> = job.needs.iter().filter_map(needed).collect();
        let missing = |job: &&JobView| job.state != State::Ended;
        let mut groups: Vec<(&str, usize, usize)> = Vec::new();
        for job in needed {
            let group = job.group.as_ref().unwrap_or(&job.name);
            let there = groups.iter_mut().find(|(name, ..)| name == group);
            match there {
                Some((_, left, all)) => (*left, *all) = (*left + usize::from(missing(&job)), *all + 1),
                None => groups.push((group, usize::from(missing(&job)), 1)),
            }
        }
        let words: Vec<String> = groups.iter().filter(|(_, left, _)| *left > 0).map(of_group).collect();
        let needs = (!words.is_empty()).then(|| format!("needs {}", words.join(", ")));
        let other = job.wait.as_ref().filter(|wait| wait.kind != WaitFor::Needs || needs.is_none());
        other.map(|wait| wait.message.clone()).or(needs)
    }

    fn row(&self, indent: usize, mark: &str, name: &str, time: &str, detail: &str) -> String {
        let room = self.names().saturating_sub(indent);
        let name = truncate_str(name, room, "…");
        let pad = room.saturating_sub(measure_text_width(&name));
        let text = format!("{:indent$}{mark} {name}{:pad$} {time:>7}  {detail}", "", "");
        self.cut(&text)
    }

    fn names(&self) -> usize {
        let jobs = self.run.jobs.iter().map(|job| measure_text_width(&job.name));
        let steps = self.run.jobs.iter().flat_map(|job| &job.steps);
        let steps = steps.map(|step| measure_text_width(&step.name) + indent(step));
        let services = self.run.jobs.iter().flat_map(|job| &job.services);
        let services = services.map(|service| measure_text_width(&service.name) + 2);
        jobs.chain(steps).chain(services).max().unwrap_or(0).min(NAMES).min(self.width / 2)
    }

    fn cut(&self, line: &str) -> String {
        truncate_str(line, self.width, "…").trim_end().to_owned()
    }
}

/// `test`; `test (3 of 8)` when it is several jobs.
fn of_group((name, left, all): &(&str, usize, usize)) -> String {
    if *all == 1 { (*name).to_owned() } else { format!("{name} ({left} of {all})") }
}

/// How the attempts before the last one ended: ` (before: failed, lost)`.
fn before(job: &JobView) -> String {
    let earlier = job.attempts.split_last().map(|(_, earlier)| earlier).unwrap_or_default();
    let words: Vec<&str> = earlier.iter().filter_map(|attempt| Some(ended(attempt.verdict.as_ref()?))).collect();
    if words.is_empty() { String::new() } else { format!(" (before: {})", words.join(", ")) }
}

fn ended(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Failed(failure) => failure.class.as_str(),
        Verdict::Passed | Verdict::Cancelled | Verdict::Skipped { .. } => verdict.word(),
    }
}

fn indent(step: &StepView) -> usize {
    if step.group.is_some() { 4 } else { 2 }
}

/// Steps of a job that was not to run, or was cancelled before it began, say nothing: they are not to come either.
fn worth_steps(job: &JobView) -> bool {
    match job.verdict {
        Some(Verdict::Skipped { .. }) => false,
        Some(Verdict::Cancelled) => !job.attempts.is_empty(),
        _ => true,
    }
}

fn failure(step: &StepView) -> String {
    match (step.code, &step.verdict) {
        (_, Some(Verdict::Failed(failure))) if failure.class != sidings_proto::FailureClass::StepFailed => {
            failure.message.clone()
        }
        (Some(code), _) => format!("exit code {code}"),
        (None, _) => "failed".to_owned(),
    }
}

/// The first digits of a commit; nothing when there is none yet.
pub(crate) fn short(sha: &str) -> &str {
    if sha.bytes().all(|b| b == b'0') { "" } else { sha.get(..7).unwrap_or(sha) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{self, NOW, begun, half_way, job, over, plain, run_of, running, service, step};
    use insta::assert_snapshot;
    use sidings_proto::api::{AttemptView, WaitView};
    use sidings_proto::{Failure, FailureClass};

    fn text(lines: &[String]) -> String {
        plain(&lines.join("\n"))
    }

    fn last_line(_: &JobView, no: StepNo) -> Option<String> {
        Some(format!("the last line that log {no} has, which may be a long one"))
    }

    #[test]
    fn what_was_cancelled_before_it_began_has_nothing_to_come() {
        let mut run = half_way();
        let service = &mut run.jobs[2];
        (service.state, service.verdict) = (State::Ended, Some(Verdict::Cancelled));
        let shown = text(&whole(&run, NOW, 80, &last_line));
        assert!(shown.ends_with("⊘ service"), "{shown}");
    }

    #[test]
    fn a_run_half_way() {
        assert_snapshot!(text(&whole(&half_way(), NOW, 80, &last_line)), @r#"
        demo@7  15.0s  main  3f2a91c  Show departures by platform
        ▶ lint         15.0s
          ▶ pyflakes    2.3s  the last line that log 1 has, which may be a long one
          ○ syntax
        ✗ unit         14.0s  step "pytest" exited with code 1
          ✓ compile     2.5s
          ✗ pytest      2.5s  exit code 1
        ○ service             needs lint
          ○ memory
          ○ sqlite
        "#);
    }

    #[test]
    fn a_job_at_its_image_shows_the_builder() {
        let mut lost = begun(job(1, "build", &[], vec![]), Phase::Image);
        lost.attempts[0].fence = 2;
        assert_snapshot!(text(&whole(&run_of(vec![lost]), NOW, 60, &last_line)), @r#"
        demo@7  15.0s  main  3f2a91c  Show departures by platform
        ▶ build   15.0s  attempt 2 · gets its image · the last line…
        "#);
    }

    #[test]
    fn jobs_of_a_matrix_that_are_needed_are_counted() {
        let of_matrix =
            |number, name: &str| JobView { group: Some("test".to_owned()), ..job(number, name, &[], vec![]) };
        let first = over(of_matrix(1, "test (15)"), Verdict::Passed);
        let needs = ["lint", "test (15)", "test (16)", "test (17)"];
        let jobs = vec![
            job(4, "lint", &[], vec![]),
            first,
            of_matrix(2, "test (16)"),
            of_matrix(3, "test (17)"),
            job(5, "publish", &needs, vec![]),
        ];
        assert_snapshot!(text(&whole(&run_of(jobs), NOW, 80, &last_line)), @r#"
        demo@7  15.0s  main  3f2a91c  Show departures by platform
        ○ lint
        ✓ test (15)   14.0s
        ○ test (16)
        ○ test (17)
        ○ publish            needs lint, test (2 of 3)
        "#);
    }

    #[test]
    fn what_waits_says_for_what_and_what_is_tried_again_how_it_ended_before() {
        let wait = |job: JobView, state, kind, message: &str| JobView {
            state,
            wait: Some(WaitView { kind, message: message.to_owned(), starts: None }),
            ..job
        };
        let gpu = wait(job(1, "train", &[], vec![]), State::Queued, WaitFor::Labels, "no runner with gpu=true");
        let ship = wait(job(2, "ship", &["train"], vec![]), State::Waiting, WaitFor::Needs, "needs train");
        let mut flaky = begun(job(3, "flaky", &[], vec![]), Phase::Steps);
        let failed = sample::failed(sidings_proto::FailureClass::StepFailed, "step \"unit\" exited with code 1");
        flaky.attempts.insert(0, AttemptView { verdict: Some(failed), ..sample::attempt(1) });
        flaky.attempts[1].fence = 2;
        assert_snapshot!(text(&whole(&run_of(vec![gpu, ship, flaky]), NOW, 80, &last_line)), @r#"
        demo@7  15.0s  main  3f2a91c  Show departures by platform
        ○ train          no runner with gpu=true
        ○ ship           needs train
        ▶ flaky   15.0s  attempt 2 (before: step_failed)
        "#);
    }

    #[test]
    fn services_are_shown_and_awaited() {
        let db = service(1, "postgres", Some(900));
        let mut waits = begun(job(1, "unit", &[], vec![step(1, "pytest")]), Phase::Services);
        waits.services = vec![db.clone(), service(2, "redis", None)];
        let failure = Failure { class: FailureClass::StepFailed, message: "it died\nwith words".to_owned() };
        let mut died = begun(job(2, "api", &[], vec![running(1, "curl", 1_000)]), Phase::Steps);
        died.services = vec![ServiceView { verdict: Some(Verdict::Failed(failure)), state: State::Ended, ..db }];
        assert_snapshot!(text(&whole(&run_of(vec![waits, died]), NOW, 80, &|_, _| None)), @r#"
        demo@7  15.0s  main  3f2a91c  Show departures by platform
        ▶ unit         15.0s  waits for redis
          ▶ postgres    2.0s  is ready
          ▶ redis       2.0s  is not ready yet
          ○ pytest
        ▶ api          15.0s
          ✗ postgres    2.0s  it died
          ▶ curl        1.0s
        "#);
    }

    #[test]
    fn a_group_with_a_name_stands_above_its_steps() {
        let of_group =
            |no, name| StepView { stage: 1, group: Some("static checks".to_owned()), ..running(no, name, 900) };
        let steps =
            vec![running(1, "compile", 2_000), of_group(2, "format"), of_group(3, "types"), running(4, "unit", 10)];
        let run = run_of(vec![begun(job(1, "test", &[], steps), Phase::Steps)]);
        assert_snapshot!(text(&whole(&run, NOW, 60, &|_, _| None)), @r#"
        demo@7  15.0s  main  3f2a91c  Show departures by platform
        ▶ test         15.0s
          ▶ compile     2.0s
          · static checks
            ▶ format    0.9s
            ▶ types     0.9s
          ▶ unit        0.0s
        "#);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [1, 10, 20, 40, 80] {
            for line in whole(&half_way(), NOW, width, &last_line) {
                assert!(measure_text_width(&line) <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn steps_that_are_over_or_to_come_go_first_when_it_gets_crowded() {
        assert_snapshot!(text(&fitted(&half_way(), NOW, (60, 8), &last_line)), @r#"
        demo@7  15.0s  main  3f2a91c  Show departures by platform
        ▶ lint         15.0s
          ▶ pyflakes    2.3s  the last line that log 1 has, which m…
          ○ syntax
        ✗ unit         14.0s  step "pytest" exited with code 1
          ✓ compile     2.5s
          ✗ pytest      2.5s  exit code 1
        ○ service             needs lint
        "#);
        assert_snapshot!(text(&fitted(&half_way(), NOW, (60, 6), &last_line)), @r#"
        demo@7  15.0s  main  3f2a91c  Show departures by platform
        ▶ lint         15.0s
          ▶ pyflakes    2.3s  the last line that log 1 has, which m…
          ○ syntax
        ✗ unit         14.0s  step "pytest" exited with code 1
        ○ service             needs lint
        "#);
    }

    #[test]
    fn many_jobs_are_counted() {
        let mut jobs: Vec<JobView> =
            (0..40).map(|n| over(job(n, &format!("done {n}"), &[], vec![]), Verdict::Passed)).collect();
        jobs.push(begun(job(50, "now", &[], vec![running(1, "work", 1_000)]), Phase::Steps));
        jobs.extend((60..70).map(|n| job(n, &format!("later {n}"), &["now"], vec![])));
        let lines = fitted(&run_of(jobs), NOW, (60, 10), &last_line);
        assert_snapshot!(text(&lines), @r#"
        demo@7  15.0s  main  3f2a91c  Show departures by platform
        ▶ now        15.0s
          ▶ work      1.0s  the last line that log 1 has, which may…
        … 51 jobs: 40 over, 10 to come
        "#);
    }

    #[test]
    fn it_never_takes_more_lines_than_there_are() {
        for height in 2..12 {
            assert!(fitted(&half_way(), NOW, (60, height), &last_line).len() <= height, "{height}");
        }
    }
}
