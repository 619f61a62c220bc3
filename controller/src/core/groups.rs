//! Groups of which only so many go on at a time: runs with runs, jobs with jobs, of one project.
//!
//! Members come in by age, oldest run first, so the same ones are in after a restart. What is in stays in until it
//! ends. A newer member may cancel older ones if it says so; those of the default branch and of tags are never
//! cancelled for that.

use super::Core;
use super::outbox::Outbox;
use super::run::{Place, Run, State};
use sidings_proto::{Cancel, Concurrency, RunId, StopReason, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// So many may wait for a group; one more is not let in line.
const MOST_WAITING: usize = 100;

/// A run, or a job of one. Older ones come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    accepted: Timestamp,
    pub(super) run: RunId,
    /// The job's place; none for the run itself.
    pub(super) job: Option<usize>,
}

/// A group's project, whether it is one of jobs, and its name.
type Name = (Arc<str>, bool, String);

/// All groups that have members.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Groups(BTreeMap<Name, Group>);

#[derive(Clone, Debug, Default, PartialEq)]
struct Group {
    inside: BTreeSet<Member>,
    /// With how many may be inside for it to come in.
    waiting: BTreeMap<Member, usize>,
}

impl Groups {
    fn is_inside(&self, name: &Name, member: &Member) -> bool {
        self.0.get(name).is_some_and(|group| group.inside.contains(member))
    }

    /// Lets a member in without asking: it was in before.
    fn enter(&mut self, name: Name, member: Member) {
        let group = self.0.entry(name).or_default();
        group.waiting.remove(&member);
        group.inside.insert(member);
    }

    /// Puts a member in line; false when the line is too long.
    fn line_up(&mut self, name: Name, member: Member, limit: u32) -> bool {
        let group = self.0.entry(name).or_default();
        if group.inside.contains(&member) || group.waiting.contains_key(&member) {
            return true;
        }
        if group.waiting.len() >= MOST_WAITING {
            return false;
        }
        group.waiting.insert(member, usize::try_from(limit).unwrap_or(usize::MAX).max(1));
        true
    }

    fn leave(&mut self, name: &Name, member: &Member) {
        let Some(group) = self.0.get_mut(name) else { return };
        group.inside.remove(member);
        group.waiting.remove(member);
        if group.inside.is_empty() && group.waiting.is_empty() {
            self.0.remove(name);
        }
    }

    /// Lets the next one in, if there is room for it.
    fn admit(&mut self, name: &Name) -> Option<Member> {
        let group = self.0.get_mut(name)?;
        let (member, limit) = group.waiting.first_key_value().map(|(member, limit)| (*member, *limit))?;
        if group.inside.len() >= limit {
            return None;
        }
        group.waiting.remove(&member);
        group.inside.insert(member);
        Some(member)
    }

    /// Who is older than the member, the oldest first.
    fn older(&self, name: &Name, member: &Member) -> Vec<Member> {
        let Some(group) = self.0.get(name) else { return Vec::new() };
        let all = group.inside.iter().chain(group.waiting.keys());
        all.filter(|other| other.run != member.run && *other < member).copied().collect()
    }

    /// The oldest one inside, and how many go before the member.
    fn before(&self, name: &Name, member: &Member) -> Option<(Member, usize)> {
        let group = self.0.get(name)?;
        let ahead = group.waiting.range(..*member).count();
        group.inside.first().map(|holder| (*holder, ahead))
    }
}

impl Core {
    /// Whether a run may set off: it belongs to no group, or is inside.
    pub(super) fn is_admitted(&self, id: RunId) -> bool {
        let Some(run) = self.runs.get(&id) else { return false };
        group_of_run(run).is_none_or(|(name, _)| self.groups.is_inside(&name, &run.member(None)))
    }

    /// A run wants to set off. It does when its group lets it in, now or later.
    pub(super) fn run_wants_in(&mut self, now: Timestamp, id: RunId, out: &mut Outbox) {
        let Some(run) = self.runs.get(&id) else { return };
        let Some((name, concurrency)) = group_of_run(run) else { return self.set_off(now, id, out) };
        let (member, number, concurrency) = (run.member(None), run.spec.number, concurrency.clone());
        for other in self.groups.older(&name, &member) {
            if self.gives_way(other.run, concurrency.cancel) {
                self.stop_run(now, other.run, StopReason::Superseded { by: number }, out);
                self.end_run_if_over(now, other.run, out);
            }
        }
        if !self.groups.line_up(name.clone(), member, concurrency.limit) {
            self.stop_run(now, id, StopReason::GroupFull { group: name.2 }, out);
            return self.end_run_if_over(now, id, out);
        }
        self.let_in(now, &name, out);
    }

    /// A job's needs are met. It gets in line for a runner when its group lets it in, now or later.
    pub(super) fn job_wants_in(&mut self, now: Timestamp, place: Place, out: &mut Outbox) {
        let Some(run) = self.runs.get(&place.run) else { return };
        let Some((name, concurrency)) = group_of_job(run, place.index) else {
            return self.line_up(now, place, now, out);
        };
        let (member, number, concurrency) = (run.member(Some(place.index)), run.spec.number, concurrency.clone());
        for other in self.groups.older(&name, &member) {
            let other = Place { run: other.run, index: other.job.unwrap_or_default() };
            if self.job_gives_way(other, concurrency.cancel) {
                self.stop_job(now, other, StopReason::Superseded { by: number }, out);
            }
        }
        if self.groups.line_up(name.clone(), member, concurrency.limit) {
            self.let_in(now, &name, out);
        } else {
            self.stop_job(now, place, StopReason::GroupFull { group: name.2 }, out);
        }
    }

    /// A run has ended.
    pub(super) fn run_left(&mut self, now: Timestamp, run: &Run, out: &mut Outbox) {
        if let Some((name, _)) = group_of_run(run) {
            self.groups.leave(&name, &run.member(None));
            self.let_in(now, &name, out);
        }
    }

    /// A job has its outcome.
    pub(super) fn job_left(&mut self, now: Timestamp, place: Place, out: &mut Outbox) {
        let Some(run) = self.runs.get(&place.run) else { return };
        let (Some((name, _)), member) = (group_of_job(run, place.index), run.member(Some(place.index))) else { return };
        self.groups.leave(&name, &member);
        self.let_in(now, &name, out);
    }

    /// After a restart: what had begun is inside.
    pub(super) fn enter_again(&mut self, id: RunId) {
        let Some(run) = self.runs.get(&id) else { return };
        if let Some((name, _)) = group_of_run(run).filter(|_| run.has_begun()) {
            self.groups.enter(name, run.member(None));
        }
        for (index, job) in run.jobs.iter().enumerate() {
            let holds = matches!(job.state, State::Queued { .. } | State::Leased(_));
            if let Some((name, _)) = group_of_job(run, index).filter(|_| holds) {
                self.groups.enter(name, run.member(Some(index)));
            }
        }
    }

    /// Why a run that was not let in waits: `run 812 is in group "deploy"; 2 wait before it`.
    pub(super) fn why_not_in(&self, run: &Run, job: Option<usize>) -> Option<String> {
        let (name, _) = match job {
            None => group_of_run(run)?,
            Some(index) => group_of_job(run, index)?,
        };
        let member = run.member(job);
        if self.groups.is_inside(&name, &member) {
            return None;
        }
        let (holder, ahead) = self.groups.before(&name, &member)?;
        let number = self.runs.get(&holder.run).map_or(0, |run| run.spec.number);
        let before = match ahead {
            0 => String::new(),
            1 => "; 1 waits before it".to_owned(),
            ahead => format!("; {ahead} wait before it"),
        };
        Some(format!("group \"{}\" is held by run {number}{before}", name.2))
    }

    fn let_in(&mut self, now: Timestamp, name: &Name, out: &mut Outbox) {
        while let Some(member) = self.groups.admit(name) {
            match member.job {
                None => self.set_off(now, member.run, out),
                Some(index) => self.line_up(now, Place { run: member.run, index }, now, out),
            }
        }
    }

    fn gives_way(&self, id: RunId, cancel: Cancel) -> bool {
        let Some(run) = self.runs.get(&id).filter(|run| !run.is_kept()) else { return false };
        match cancel {
            Cancel::None => false,
            Cancel::Queued => run.jobs.iter().all(|job| job.fence == 0),
            Cancel::Running => true,
        }
    }

    fn job_gives_way(&self, place: Place, cancel: Cancel) -> bool {
        if self.runs.get(&place.run).is_none_or(Run::is_kept) {
            return false;
        }
        match cancel {
            Cancel::None => false,
            Cancel::Queued => self.job_at(place).is_some_and(|job| job.fence == 0),
            Cancel::Running => true,
        }
    }
}

fn group_of_run(run: &Run) -> Option<(Name, &Concurrency)> {
    let concurrency = run.plan().concurrency.as_ref()?;
    Some(((run.project.clone(), false, concurrency.group.clone()), concurrency))
}

fn group_of_job(run: &Run, index: usize) -> Option<(Name, &Concurrency)> {
    let concurrency = run.planned(index)?.scheduling.concurrency.as_ref()?;
    Some(((run.project.clone(), true, concurrency.group.clone()), concurrency))
}

impl Run {
    pub(super) fn member(&self, job: Option<usize>) -> Member {
        Member { accepted: self.accepted, run: self.spec.id, job }
    }

    /// Whether it was let in: something of it is, or was, in line.
    fn has_begun(&self) -> bool {
        self.jobs.iter().any(|job| !matches!(job.state, State::Waiting { .. }))
    }

    /// Whether nothing newer cancels it: it is of the default branch, or of a tag.
    fn is_kept(&self) -> bool {
        let reference = self.spec.commit.reference.as_str();
        let of_default = reference.strip_prefix("refs/heads/") == Some(self.spec.default_branch.as_str());
        of_default || reference.starts_with("refs/tags/")
    }
}
