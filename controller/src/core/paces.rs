//! How long jobs take: for each project and name of a job, what those that passed took of late. Nothing is decided by it;
//! it is what people are told of when a job may start, and of how much work waits.

use super::Core;
use super::event::Record;
use super::outbox::Outbox;
use super::run::Place;
use sidings_proto::{JobId, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// Names that are known of a project; of more of them nothing is learnt.
const NAMES: usize = 1_000;
/// The newest counts as one part of so many.
const PARTS: u64 = 4;
/// A change of less than one part in so many is not worth being kept.
const WORTH: u64 = 20;

/// Milliseconds by project and job.
pub(super) type Paces = BTreeMap<String, BTreeMap<String, u64>>;

impl Core {
    /// What was learnt in earlier lives of the controller: project, job, milliseconds.
    pub fn restore_paces(&mut self, paces: Vec<(String, String, u64)>) {
        for (project, job, ms) in paces {
            self.paces.entry(project).or_default().insert(job, ms);
        }
    }

    /// An attempt of the job passed just now.
    pub(super) fn learn_pace(&mut self, now: Timestamp, place: Place, out: &mut Outbox) {
        let Some(run) = self.runs.get(&place.run) else { return };
        let Some((planned, tenure)) = run.planned(place.index).zip(run.jobs[place.index].tenure()) else { return };
        let took = u64::try_from(now.since(tenure.started).as_millis()).unwrap_or(u64::MAX);
        let (project, job) = (run.project.to_string(), planned.name.clone());
        let known = self.paces.entry(project.clone()).or_default();
        let before = known.get(&job).copied();
        if before.is_none() && known.len() >= NAMES {
            return;
        }
        let ms = before.map_or(took, |before| before - before / PARTS + took / PARTS);
        known.insert(job.clone(), ms);
        if before.is_none_or(|before| before.abs_diff(ms) > before / WORTH) {
            out.note(Record::PaceLearnt { project, job, ms });
        }
    }

    /// How long a job will take, as far as that is known.
    pub(super) fn pace_of(&self, job: JobId) -> Option<Duration> {
        let place = self.place(job)?;
        let run = self.runs.get(&place.run)?;
        let ms = self.paces.get(run.project.as_ref())?.get(&run.planned(place.index)?.name)?;
        Some(Duration::from_millis(*ms))
    }
}
