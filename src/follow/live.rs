//! A run as a living tree on a terminal. What must not be lost, such as the last lines of a step that failed, is
//! written above the tree and scrolls away with the rest; the tree itself is drawn again in place.

use super::in_place::InPlace;
use super::lines::Line;
use super::model::{Following, LogId, Notice, TAIL};
use super::plain::{prefix, shown, tried_again};
use super::screen::Screen;
use crate::render::safe::flat;
use crate::render::style::{BAD, DIM, mark, paint};
use crate::render::tree::{fitted, whole};
use sidings_proto::api::{JobView, State};
use sidings_proto::{StepNo, Timestamp, Verdict};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Draws on a terminal.
pub(crate) struct Live<W: Write> {
    place: InPlace<W>,
    /// Logs whose last lines are above already.
    above: BTreeSet<LogId>,
}

impl<W: Write> Live<W> {
    pub(crate) fn new(place: InPlace<W>) -> Live<W> {
        Live { place, above: BTreeSet::new() }
    }

    fn frame(&self, following: &Following, now: Timestamp) -> Vec<String> {
        let (width, height) = self.place.size();
        let size = (width.saturating_sub(1).max(1), height.saturating_sub(2).max(2));
        fitted(following.run(), now, size, &|job, step| last_line(following, job, step))
    }
}

impl<W: Write + Send> Screen for Live<W> {
    fn lines(&mut self, _: &Following, _: LogId, _: &[Line]) -> io::Result<()> {
        Ok(())
    }

    fn notice(&mut self, following: &Following, notice: &Notice) -> io::Result<()> {
        match self.above(following, notice) {
            Some(text) => self.place.put_above(&text),
            None => Ok(()),
        }
    }

    fn remark(&mut self, text: &str) -> io::Result<()> {
        self.place.put_above(text)
    }

    fn refresh(&mut self, following: &Following, now: Timestamp) -> io::Result<()> {
        let frame = self.frame(following, now);
        self.place.draw("", frame)
    }

    /// The tree goes, and the last lines of the step stay.
    fn stand_aside(&mut self, following: &Following, failed: LogId) -> io::Result<()> {
        let lines = following.job(failed.job).and_then(|job| last_lines(following, job, failed));
        self.above.insert(failed);
        self.place.draw(&lines.unwrap_or_default(), Vec::new())?;
        self.place.leave()
    }

    fn close(&mut self, following: &Following, now: Timestamp) -> io::Result<()> {
        let (width, _) = self.place.size();
        let frame = whole(following.run(), now, width.saturating_sub(1).max(1), &|_, _| None);
        self.place.draw("", frame)?;
        self.place.leave()
    }
}

impl<W: Write> Live<W> {
    /// What stays on the screen of something that happened.
    fn above(&self, following: &Following, notice: &Notice) -> Option<String> {
        match notice {
            Notice::JobEnded(id) => {
                let job = following.job(*id)?;
                let Some(Verdict::Failed(_)) = job.verdict else { return None };
                let fence = job.attempts.last()?.fence;
                let logs = failed_logs(job).into_iter().map(|step| LogId { job: job.id, fence, step });
                let logs = logs.filter(|log| !self.above.contains(log));
                Some(logs.filter_map(|log| last_lines(following, job, log)).collect())
            }
            Notice::AttemptLost(id, fence) => {
                let job = following.job(*id)?;
                let attempt = job.attempts.iter().find(|attempt| attempt.fence == *fence)?;
                let Some(Verdict::Failed(failure)) = &attempt.verdict else { return None };
                let what = format!("attempt {fence} {}", tried_again(failure));
                Some(format!("{} {what}\n", prefix(&[&job.name])))
            }
            Notice::Waits(..) | Notice::AttemptStarted(..) | Notice::StepStarted(_) | Notice::StepEnded(_) => None,
        }
    }
}

fn last_line(following: &Following, job: &JobView, step: StepNo) -> Option<String> {
    let fence = job.attempts.last()?.fence;
    let tail = following.tail(LogId { job: job.id, fence, step })?;
    tail.lines.iter().rev().map(|line| flat(&line.bytes)).find(|text| !text.trim().is_empty())
}

fn failed_logs(job: &JobView) -> Vec<StepNo> {
    let failed = job.steps.iter().filter(|step| !step.allow_failure);
    let failed = failed.filter(|step| step.verdict.as_ref().is_some_and(Verdict::is_failed)).map(|step| step.no);
    let failed: Vec<StepNo> = failed.collect();
    if failed.is_empty() { vec![StepNo::SETUP] } else { failed }
}

fn last_lines(following: &Following, job: &JobView, log: LogId) -> Option<String> {
    let tail = following.tail(log).filter(|tail| tail.count > 0)?;
    let verdict = following.step(log).and_then(|step| step.verdict.as_ref()).or(job.verdict.as_ref());
    let mark = mark(State::Ended, verdict);
    let name = paint(BAD, format!("{} / {}", job.name, following.step_name(log)));
    let lines = tail.lines.iter().map(|line| format!("{} {}\n", paint(DIM, '│'), shown(line, None)));
    Some(format!("{mark} {name} {}\n{}", paint(DIM, how_many(tail.count)), lines.collect::<String>()))
}

fn how_many(count: u64) -> String {
    match count {
        1 => "1 line".to_owned(),
        count if count <= TAIL as u64 => format!("{count} lines"),
        count => format!("the last {TAIL} of {count} lines"),
    }
}

#[cfg(test)]
mod tests;
