//! Records added up in memory: the store without a disk. Pure; what the simulation and the memory store share.
//!
//! It refuses what the SQLite store refuses: a second, other outcome and a stale fence.

use super::CommitError;
use super::stored::{
    AttemptEnd, StoredArtifacts, StoredAttempt, StoredCache, StoredJob, StoredRun, about, end_says_all,
};
use crate::core::event::{ActiveRun, Record, RunContent, RunSpec};
use sidings_proto::api::ApprovedView;
use sidings_proto::fleet::Drained;
use sidings_proto::runner::{ImageUse, Progress};
use sidings_proto::{AttemptId, BlobId, JobId, RunId, Timestamp, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All runs, by id, and so by age.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remembered {
    runs: BTreeMap<RunId, StoredRun>,
    places: BTreeMap<JobId, (RunId, usize)>,
    /// By project, scope and key.
    caches: BTreeMap<(String, String, String), StoredCache>,
    drains: BTreeMap<String, Drained>,
    /// Milliseconds by project and job.
    paces: BTreeMap<(String, String), u64>,
    /// By the image's key.
    of_images: BTreeSet<(String, RunId)>,
}

impl Remembered {
    /// Adds all records or none. Adding the same again changes nothing.
    pub(crate) fn commit(&mut self, records: &[Record]) -> Result<(), CommitError> {
        // What is touched is copied first, so that a refusal leaves no trace.
        let mut undo = Undo::default();
        for record in records {
            if let Err(refused) = self.add(record, &mut undo) {
                self.roll_back(undo);
                return Err(refused);
            }
        }
        Ok(())
    }

    /// One run.
    pub(crate) fn run(&self, id: RunId) -> Option<&StoredRun> {
        self.runs.get(&id)
    }

    /// All runs, newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &StoredRun> {
        self.runs.values().rev()
    }

    /// Whether a job of the run ran in an image whose key begins so.
    pub(crate) fn ran_in(&self, run: RunId, key: &str) -> bool {
        self.of_images.iter().any(|(known, ran)| *ran == run && known.starts_with(key))
    }

    /// Runners that get nothing new, by their names.
    pub(crate) fn drains(&self) -> &BTreeMap<String, Drained> {
        &self.drains
    }

    /// How long jobs take, by project and job.
    pub(crate) fn paces(&self) -> &BTreeMap<(String, String), u64> {
        &self.paces
    }

    /// The run a job belongs to.
    pub(crate) fn run_of_job(&self, job: JobId) -> Option<RunId> {
        self.places.get(&job).map(|(run, _)| *run)
    }

    /// Every run that has not ended, oldest first.
    pub(crate) fn active_runs(&self) -> Vec<ActiveRun> {
        self.runs.values().filter(|run| run.ended.is_none()).map(StoredRun::active).collect()
    }

    /// All caches, or those of a project, in the order of their names.
    pub(crate) fn caches(&self, project: Option<&str>) -> Vec<StoredCache> {
        let of = |cache: &&StoredCache| project.is_none_or(|project| project == cache.project);
        self.caches.values().filter(of).cloned().collect()
    }

    /// A cache was asked for.
    pub(crate) fn cache_used(&mut self, cache: &StoredCache, at: Timestamp) {
        let name = (cache.project.clone(), cache.scope.clone(), cache.key.clone());
        if let Some(known) = self.caches.get_mut(&name) {
            known.used = at;
        }
    }

    /// Forgets a cache.
    pub(crate) fn remove_cache(&mut self, cache: &StoredCache) {
        self.caches.remove(&(cache.project.clone(), cache.scope.clone(), cache.key.clone()));
    }

    /// Removes what is kept no longer; gives how many.
    pub(crate) fn expire_artifacts(&mut self, now: Timestamp) -> u64 {
        let attempts = self.runs.values_mut().flat_map(|run| &mut run.jobs).flat_map(|job| &mut job.attempts);
        let mut gone = 0;
        for attempt in attempts {
            let before = attempt.artifacts.len();
            attempt.artifacts.retain(|kept| kept.expires > now);
            gone += (before - attempt.artifacts.len()) as u64;
        }
        gone
    }

    /// The manifests of all that is kept.
    pub(crate) fn manifests(&self) -> BTreeSet<BlobId> {
        let attempts = self.runs.values().flat_map(|run| &run.jobs).flat_map(|job| &job.attempts);
        attempts.flat_map(|attempt| &attempt.artifacts).map(|kept| kept.manifest.clone()).collect()
    }

    fn add(&mut self, record: &Record, undo: &mut Undo) -> Result<(), CommitError> {
        match record {
            Record::RunAccepted { run, at } => self.accept(run, *at, undo),
            Record::JobQueued { job, since, not_before } => {
                self.job(*job, undo)?.queued = Some((*since, *not_before));
                Ok(())
            }
            Record::AttemptStarted { attempt, runner, life, request, at } => {
                let started = StoredAttempt {
                    fence: attempt.fence,
                    runner: *runner,
                    life: *life,
                    request: *request,
                    started: *at,
                    progress: BTreeMap::new(),
                    ended: None,
                    artifacts: Vec::new(),
                };
                start(self.job(attempt.job, undo)?, *attempt, started)
            }
            Record::AttemptProgressed { attempt: of, event } => {
                let attempt = self.attempt(*of, undo)?;
                if attempt.ended.is_none() {
                    attempt.progress.insert(about(event), event.clone());
                    if let Progress::ImageReady(image) = event {
                        self.used(*of, std::slice::from_ref(image), undo);
                    }
                }
                Ok(())
            }
            Record::AttemptEnded { attempt: of, at, verdict, steps, images } => {
                let attempt = self.attempt(*of, undo)?;
                if attempt.ended.is_none() {
                    if end_says_all(steps) {
                        attempt.progress.clear();
                    }
                    let (verdict, steps, told) = (verdict.clone(), steps.clone(), images.clone());
                    attempt.ended = Some(AttemptEnd { at: *at, verdict, steps, images: told });
                    self.used(*of, images, undo);
                }
                Ok(())
            }
            Record::ArtifactsKept { attempt, at, artifacts } => {
                let attempt = self.attempt(*attempt, undo)?;
                if attempt.artifacts.is_empty() {
                    attempt.artifacts = artifacts.iter().map(|kept| StoredArtifacts::of(kept, *at)).collect();
                }
                Ok(())
            }
            Record::CachesSaved { at, project, scope, caches } => {
                undo.caches.get_or_insert_with(|| self.caches.clone());
                for cache in StoredCache::of(*at, project, scope, caches) {
                    let name = (cache.project.clone(), cache.scope.clone(), cache.key.clone());
                    self.caches.entry(name).or_insert(cache);
                }
                Ok(())
            }
            Record::JobEnded { job, at, verdict } => end_job(self.job(*job, undo)?, *job, *at, verdict),
            Record::RunCancelling { run, reason } => {
                self.run_mut(*run, undo)?.stopping.get_or_insert_with(|| reason.clone());
                Ok(())
            }
            Record::JobStopping { job, reason } => {
                self.job(*job, undo)?.stopping.get_or_insert_with(|| reason.clone());
                Ok(())
            }
            Record::JobApproved { job, by, at } => {
                let approved = || ApprovedView { by: by.clone(), at: *at };
                self.job(*job, undo)?.approved.get_or_insert_with(approved);
                Ok(())
            }
            Record::RunnersDrained { name, by, at } => {
                undo.drains.get_or_insert_with(|| self.drains.clone());
                self.drains.entry(name.clone()).or_insert_with(|| Drained { by: by.clone(), at: *at });
                Ok(())
            }
            Record::RunnersResumed { name } => {
                undo.drains.get_or_insert_with(|| self.drains.clone());
                self.drains.remove(name);
                Ok(())
            }
            Record::PaceLearnt { project, job, ms } => {
                undo.paces.get_or_insert_with(|| self.paces.clone());
                self.paces.insert((project.clone(), job.clone()), *ms);
                Ok(())
            }
            Record::RunEnded { run, at, verdict } => {
                self.run_mut(*run, undo)?.ended.get_or_insert((*at, verdict.clone()));
                Ok(())
            }
        }
    }

    fn accept(&mut self, run: &Arc<RunSpec>, at: Timestamp, undo: &mut Undo) -> Result<(), CommitError> {
        if self.runs.contains_key(&run.id) {
            return Ok(());
        }
        undo.runs.insert(run.id, None);
        self.runs.insert(run.id, StoredRun::accepted(run.clone(), at));
        if let RunContent::Plan { job_ids, .. } = &run.content {
            self.places.extend(job_ids.iter().enumerate().map(|(place, job)| (*job, (run.id, place))));
        }
        Ok(())
    }

    fn run_mut(&mut self, id: RunId, undo: &mut Undo) -> Result<&mut StoredRun, CommitError> {
        let run = self.runs.get_mut(&id).ok_or_else(|| CommitError::Unknown(format!("run {id}")))?;
        undo.runs.entry(id).or_insert_with(|| Some(run.clone()));
        Ok(run)
    }

    fn job(&mut self, id: JobId, undo: &mut Undo) -> Result<&mut StoredJob, CommitError> {
        let unknown = || CommitError::Unknown(format!("job {id}"));
        let (run, place) = *self.places.get(&id).ok_or_else(unknown)?;
        self.run_mut(run, undo)?.jobs.get_mut(place).ok_or_else(unknown)
    }

    fn attempt(&mut self, id: AttemptId, undo: &mut Undo) -> Result<&mut StoredAttempt, CommitError> {
        let unknown = || CommitError::Unknown(format!("attempt {id}"));
        let attempts = &mut self.job(id.job, undo).map_err(|_| unknown())?.attempts;
        attempts.iter_mut().find(|attempt| attempt.fence == id.fence).ok_or_else(unknown)
    }

    fn used(&mut self, attempt: AttemptId, images: &[ImageUse], undo: &mut Undo) {
        let Some((run, _)) = self.places.get(&attempt.job) else { return };
        for used in images.iter().filter_map(|image| Some((image.key.clone()?, *run))) {
            if self.of_images.insert(used.clone()) {
                undo.of_images.push(used);
            }
        }
    }

    fn roll_back(&mut self, undo: Undo) {
        if let Some(caches) = undo.caches {
            self.caches = caches;
        }
        if let Some(paces) = undo.paces {
            self.paces = paces;
        }
        for used in undo.of_images {
            self.of_images.remove(&used);
        }
        if let Some(drains) = undo.drains {
            self.drains = drains;
        }
        for (id, before) in undo.runs {
            match before {
                Some(run) => drop(self.runs.insert(id, run)),
                None => {
                    self.runs.remove(&id);
                    self.places.retain(|_, (run, _)| *run != id);
                }
            }
        }
    }
}

/// How runs were before a transaction touched them; `None` for those it made.
#[derive(Default)]
struct Undo {
    runs: BTreeMap<RunId, Option<StoredRun>>,
    caches: Option<BTreeMap<(String, String, String), StoredCache>>,
    drains: Option<BTreeMap<String, Drained>>,
    paces: Option<BTreeMap<(String, String), u64>>,
    /// Those that were added.
    of_images: Vec<(String, RunId)>,
}

fn start(job: &mut StoredJob, id: AttemptId, started: StoredAttempt) -> Result<(), CommitError> {
    if id.fence > job.fence {
        job.fence = id.fence;
        job.queued = None;
        job.attempts.push(started);
        return Ok(());
    }
    let same = |known: &&StoredAttempt| known.fence == id.fence && known.request == started.request;
    match job.attempts.iter().find(same) {
        Some(_) if id.fence == job.fence => {
            job.queued = None;
            Ok(())
        }
        Some(_) => Ok(()),
        None => Err(CommitError::StaleFence(id.job, id.fence)),
    }
}

fn end_job(job: &mut StoredJob, id: JobId, at: Timestamp, verdict: &Verdict) -> Result<(), CommitError> {
    let (_, known) = job.outcome.get_or_insert_with(|| (at, verdict.clone()));
    if known == verdict { Ok(()) } else { Err(CommitError::SecondOutcome(id)) }
}
