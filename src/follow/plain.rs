//! A run as lines, each with the job and step it belongs to before it: for files, pipes and other programs.

use super::lines::Line;
use super::model::{Following, LogId, Notice};
use super::screen::Screen;
use crate::render::duration::{clock, now, since, span};
use crate::render::safe;
use crate::render::style::{BUSY, DIM, mark, paint, word};
use jiff::tz::TimeZone;
use sidings_proto::api::{AttemptView, JobView, StepView};
use sidings_proto::log::Stream;
use sidings_proto::{Failure, FailureClass, JobId, StepNo, Timestamp, Verdict};
use std::io::{self, Write};

/// Writes lines to a stream.
#[derive(Debug)]
pub(crate) struct Plain<W> {
    out: W,
    timestamps: Option<TimeZone>,
    bare: bool,
}

impl<W: Write> Plain<W> {
    /// Writes to `out`, with each line's time if a zone is given.
    pub(crate) fn new(out: W, timestamps: Option<TimeZone>) -> Plain<W> {
        Plain { out, timestamps, bare: false }
    }

    /// The same, without prefixes and news: for a single log.
    pub(crate) fn bare(out: W, timestamps: Option<TimeZone>) -> Plain<W> {
        Plain { out, timestamps, bare: true }
    }
}

impl<W: Write + Send> Screen for Plain<W> {
    fn lines(&mut self, following: &Following, log: LogId, lines: &[Line]) -> io::Result<()> {
        // What services write is read on its own; what they do is in the setup's log.
        if log.step >= StepNo::FIRST_SERVICE && !self.bare {
            return Ok(());
        }
        let job = following.job(log.job).map(|job| job.name.as_str()).unwrap_or_default();
        let prefix = if self.bare { String::new() } else { prefix(&[job, &following.step_name(log)]) + " " };
        lines.iter().try_for_each(|line| writeln!(self.out, "{prefix}{}", shown(line, self.timestamps.as_ref())))
    }

    fn notice(&mut self, following: &Following, notice: &Notice) -> io::Result<()> {
        match told(following, notice).filter(|_| !self.bare) {
            Some(text) => writeln!(self.out, "{text}"),
            None => Ok(()),
        }
    }

    fn remark(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    fn refresh(&mut self, _: &Following, _: Timestamp) -> io::Result<()> {
        self.out.flush()
    }

    fn stand_aside(&mut self, _: &Following, _: LogId) -> io::Result<()> {
        self.out.flush()
    }

    fn close(&mut self, _: &Following, _: Timestamp) -> io::Result<()> {
        self.out.flush()
    }
}

/// A line as it may be shown: notes dimmed, its time before it if wanted.
pub(crate) fn shown(line: &Line, timestamps: Option<&TimeZone>) -> String {
    let text = match line.stream {
        Stream::Stdout | Stream::Stderr => safe::line(&line.bytes),
        Stream::Note => paint(DIM, safe::flat(&line.bytes)),
    };
    match timestamps {
        Some(zone) => format!("{} {text}", paint(DIM, clock(line.at, zone))),
        None => text,
    }
}

/// `[job / step]`.
pub(crate) fn prefix(names: &[&str]) -> String {
    paint(DIM, format!("[{}]", names.join(" / ")))
}

fn told(following: &Following, notice: &Notice) -> Option<String> {
    match notice {
        Notice::Waits(job, _) => {
            let job = following.job(*job)?;
            Some(format!("{} ○ waits: {}", prefix(&[&job.name]), job.wait.as_ref()?.told(now())))
        }
        Notice::AttemptStarted(job, fence) => attempt_started(following, *job, *fence),
        Notice::StepStarted(log) => {
            let job = following.job(log.job)?;
            Some(format!("{} {} started", prefix(&[&job.name, &following.step_name(*log)]), paint(BUSY, '▶')))
        }
        Notice::StepEnded(log) => {
            let (job, step) = (following.job(log.job)?, following.step(*log)?);
            Some(format!("{} {}", prefix(&[&job.name, &step.name]), step_ended(step)))
        }
        Notice::AttemptLost(job, fence) => attempt_lost(following, *job, *fence),
        Notice::JobEnded(job) => following.job(*job).map(|job| format!("{} {}", prefix(&[&job.name]), job_ended(job))),
    }
}

fn attempt(following: &Following, job: JobId, fence: u64) -> Option<(&JobView, &AttemptView)> {
    let job = following.job(job)?;
    Some((job, job.attempts.iter().find(|attempt| attempt.fence == fence)?))
}

fn attempt_started(following: &Following, job: JobId, fence: u64) -> Option<String> {
    let (job, attempt) = attempt(following, job, fence)?;
    let again = if fence > 1 { format!(", attempt {fence}") } else { String::new() };
    Some(format!("{} {} started on {}{again}", prefix(&[&job.name]), paint(BUSY, '▶'), attempt.runner_name))
}

fn attempt_lost(following: &Following, job: JobId, fence: u64) -> Option<String> {
    let (job, attempt) = attempt(following, job, fence)?;
    let why = match &attempt.verdict {
        Some(Verdict::Failed(failure)) => tried_again(failure),
        Some(verdict) => format!("is lost: {}", verdict.word()),
        None => "is lost: it has no verdict".to_owned(),
    };
    Some(format!("{} {} attempt {fence} {why}", prefix(&[&job.name]), paint(BUSY, '!')))
}

/// What becomes of an attempt that is not the last. Nothing is lost where the job itself failed.
pub(super) fn tried_again(failure: &Failure) -> String {
    let Failure { class, message } = failure;
    let what = if class.is_infrastructure() { "is lost" } else { "failed and is tried again" };
    format!("{what}: {class}: {message}")
}

fn step_ended(step: &StepView) -> String {
    let why = match (&step.verdict, step.code) {
        (Some(Verdict::Failed(failure)), _) if failure.class != FailureClass::StepFailed => failure.message.clone(),
        (Some(Verdict::Failed(_)), Some(code)) => format!("exit code {code}"),
        (Some(Verdict::Passed | Verdict::Failed(_) | Verdict::Cancelled | Verdict::Skipped { .. }) | None, _) => {
            String::new()
        }
    };
    let allowed = if step.allow_failure && !why.is_empty() { ", allowed" } else { "" };
    let time = since(step.started, step.ended, step.started.unwrap_or_default());
    let word = format!("{} {}", mark(step.state, step.verdict.as_ref()), word(step.state, step.verdict.as_ref()));
    joined(&word, &format!("{why}{allowed}"), &time)
}

fn job_ended(job: &JobView) -> String {
    let why = match &job.verdict {
        Some(Verdict::Failed(failure)) => failure.message.trim_end().replace('\n', "\n    "),
        Some(Verdict::Skipped { reason, .. }) => reason.clone(),
        Some(Verdict::Passed | Verdict::Cancelled) | None => String::new(),
    };
    let time = job.attempts.last().and_then(|last| Some(span(last.ended?.since(last.started)))).unwrap_or_default();
    let word = format!("{} {}", mark(job.state, job.verdict.as_ref()), word(job.state, job.verdict.as_ref()));
    joined(&word, &why, &time)
}

fn joined(word: &str, why: &str, time: &str) -> String {
    let time = if time.is_empty() { String::new() } else { format!(" after {time}") };
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    format!("{word}{time}{why}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::follow::model::Scope;
    use crate::render::sample::{half_way, plain};
    use insta::assert_snapshot;

    fn line(stream: Stream, text: &str) -> Line {
        Line { stream, at: Timestamp(1_700_000_000_123), bytes: text.as_bytes().to_vec() }
    }

    fn told_of_a_run_half_way(timestamps: Option<TimeZone>) -> Vec<u8> {
        let mut out = Vec::new();
        let mut screen = Plain::new(&mut out, timestamps);
        let mut following = Following::new(half_way(), Scope::default());
        let logs = following.see(half_way());
        for log in logs {
            let lines = [line(Stream::Stdout, "\x1b[32mgreen\x1b[0m\x1b[2J"), line(Stream::Note, "a note")];
            screen.lines(&following, log, &lines).unwrap();
            following.log_ended(log);
        }
        for notice in following.due() {
            screen.notice(&following, &notice).unwrap();
        }
        out
    }

    #[test]
    fn every_line_says_where_it_comes_from() {
        assert_snapshot!(plain(&String::from_utf8(told_of_a_run_half_way(None)).unwrap()), @r#"
        [lint / setup] green
        [lint / setup] a note
        [lint / pyflakes] green
        [lint / pyflakes] a note
        [unit / setup] green
        [unit / setup] a note
        [unit / compile] green
        [unit / compile] a note
        [unit / pytest] green
        [unit / pytest] a note
        [lint] ▶ started on hetty
        [lint / pyflakes] ▶ started
        [unit] ▶ started on hetty
        [unit / compile] ▶ started
        [unit / compile] ✓ passed after 2.5s
        [unit / pytest] ▶ started
        [unit / pytest] ✗ failed after 2.5s: exit code 1
        [unit] ✗ failed after 14.0s: step "pytest" exited with code 1
        "#);
    }

    #[test]
    fn lines_may_carry_their_time() {
        let text = String::from_utf8(told_of_a_run_half_way(Some(TimeZone::UTC))).unwrap();
        assert_eq!(plain(text.lines().next().unwrap()), "[lint / setup] 22:13:20.123 green");
    }

    #[test]
    fn a_jobs_colours_reach_a_terminal_and_nothing_else_of_it_does() {
        let text = String::from_utf8(told_of_a_run_half_way(None)).unwrap();
        assert!(text.contains("\x1b[32mgreen\x1b[0m"), "{text}");
        assert!(!text.contains("\x1b[2J"), "{text}");
    }

    #[test]
    fn a_log_of_an_unknown_step_is_shown_by_its_number() {
        let mut out = Vec::new();
        let following = Following::new(half_way(), Scope::default());
        let log = LogId { job: following.run().jobs[0].id, fence: 1, step: StepNo(9) };
        Plain::new(&mut out, None).lines(&following, log, &[line(Stream::Stderr, "x")]).unwrap();
        assert_eq!(plain(&String::from_utf8(out).unwrap()), "[lint / 9] x\n");
    }
}
