//! What a split is about: made once, kept, and read back as the same.

use crate::core::event::RunContent;
use crate::shell::live::LiveJob;
use crate::store::splits::{Past, SplitSetup, StoredSplit};
use sidings_proto::split::{self, SplitList, SplitTest, Tests};
use sidings_proto::{TestChoice, Timestamp};
use sidings_split::Quarantined;
use sidings_split::manifest::{Atom, Refusal};
use sidings_split::width::{Parallelism, Target};
use sidings_split::{AtomNo, Estimates, History, Manifest, OnFlaky, Settings, Split};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A list as a manifest.
pub(super) fn manifest(mut list: SplitList, chosen: Option<&TestChoice>) -> Result<(Manifest, Vec<Atom>), Refusal> {
    if let Some(chosen) = chosen.filter(|chosen| !chosen.only.is_empty()) {
        let there: BTreeSet<&str> = list.tests.iter().map(|test| test.id.as_str()).collect();
        let ids: Vec<String> = chosen.only.iter().filter(|id| !there.contains(id.as_str())).cloned().collect();
        if !ids.is_empty() {
            return Err(Refusal::Unknown { ids });
        }
        // A name that stands there twice counts where it stands first.
        let places: BTreeMap<&str, usize> =
            chosen.only.iter().enumerate().rev().map(|(place, id)| (id.as_str(), place)).collect();
        list.tests.retain(|test| places.contains_key(test.id.as_str()));
        list.tests.sort_by_key(|test| places.get(test.id.as_str()));
    }
    if let Some(sample) = chosen.map(|chosen| chosen.sample as usize).filter(|sample| *sample > 0) {
        // What is wrong with the whole list is wrong with any part of it.
        Manifest::new(atoms_of(&list.tests))?;
        list.tests = spread(list.tests, sample);
    }
    let manifest = Manifest::new(atoms_of(&list.tests))?;
    let atoms = manifest.atoms().to_vec();
    Ok((manifest, atoms))
}

fn atoms_of(tests: &[SplitTest]) -> Vec<Atom> {
    tests.iter().map(|test| Atom { id: test.id.clone(), file_bytes: test.file_bytes }).collect()
}

/// So many of them, the first and the last among them: what is no test stands there most of all.
fn spread(tests: Vec<SplitTest>, many: usize) -> Vec<SplitTest> {
    let last = tests.len().saturating_sub(1);
    let places: BTreeSet<usize> = (0..many).map(|place| place * last / many.saturating_sub(1).max(1)).collect();
    tests.into_iter().enumerate().filter(|(place, _)| places.contains(place)).map(|(_, test)| test).collect()
}

/// What the job says of its tests.
pub(super) fn tests(job: &LiveJob) -> Tests {
    job.planned().and_then(|planned| planned.spec.tests.clone()).unwrap_or_default()
}

/// What a new split is about.
pub(super) fn make(job: &LiveJob, atoms: Vec<Atom>, past: &Past) -> SplitSetup {
    let tests = tests(job);
    let numbered = || (0..).map(AtomNo).zip(&atoms).filter_map(|(no, atom)| Some((no, &atom.id, past.get(&atom.id)?)));
    let timed = numbered().filter(|(_, _, past)| !past.passed_ms.is_empty());
    SplitSetup {
        passed_ms: timed.map(|(_, id, past)| (id.clone(), past.passed_ms.clone())).collect(),
        failed_last: numbered().filter(|(_, _, past)| past.failed).map(|(no, ..)| no).collect(),
        workers: copies(job, &tests.suite),
        tests,
        atoms,
        ..SplitSetup::default()
    }
}

/// How many jobs of the run share the queue.
pub(super) fn copies(job: &LiveJob, suite: &str) -> u32 {
    let RunContent::Plan { plan, .. } = &job.run.content else { return 1 };
    let is_one = |spec: &sidings_proto::JobSpec| spec.tests.as_ref().is_some_and(|tests| tests.suite == suite);
    let copies = plan.jobs.iter().filter(|job| is_one(&job.spec)).count();
    u32::try_from(copies).unwrap_or(u32::MAX).max(1)
}

/// All that a split is made of.
pub(super) fn of(setup: &SplitSetup) -> Result<(Manifest, Estimates, Settings), Refusal> {
    let manifest = Manifest::new(setup.atoms.clone())?;
    let history = History { passed_ms: setup.passed_ms.clone() };
    let estimates = Estimates::new(&manifest, &history);
    let settings = Settings {
        parallelism: parallelism(setup),
        times: setup.tests.chosen.as_ref().map_or(0, |chosen| chosen.times),
        together: setup.tests.chosen.as_ref().is_some_and(|chosen| chosen.together),
        on_flaky: match setup.tests.on_flaky {
            split::OnFlaky::Pass => OnFlaky::Pass,
            split::OnFlaky::Fail => OnFlaky::Fail,
        },
        max_flaky_retries: setup.tests.max_flaky_retries,
        failed_last: setup.failed_last.clone(),
        quarantine: quarantine(&manifest, &setup.tests.quarantine),
        ..Settings::default()
    };
    Ok((manifest, estimates, settings))
}

/// A split as it stands after what was kept of it.
pub(super) fn restored(stored: &StoredSplit, now: Timestamp) -> Result<Split, Refusal> {
    let (manifest, estimates, settings) = of(&stored.setup)?;
    Ok(Split::restore(now, manifest, estimates, settings, stored.rows.iter().flatten()))
}

fn parallelism(setup: &SplitSetup) -> Parallelism {
    let max = setup.workers;
    match setup.tests.width {
        None => Parallelism { min: 1, max, target: Target::Fastest },
        Some(width) => {
            Parallelism { min: width.min, max, target: Target::Within(Duration::from_millis(width.target_ms)) }
        }
    }
}

/// The entries of tests that there are; of others `sidings tests` tells.
fn quarantine(manifest: &Manifest, entries: &[split::Quarantined]) -> BTreeMap<AtomNo, Quarantined> {
    let known: BTreeMap<&str, AtomNo> = manifest.numbers().map(|atom| (manifest.id(atom), atom)).collect();
    let of_test = |entry: &split::Quarantined| {
        let atom = known.get(entry.id.as_str())?;
        Some((*atom, Quarantined { owner: entry.owner.clone(), since: entry.since, expires: entry.expires }))
    };
    entries.iter().filter_map(of_test).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(ids: &[&str]) -> SplitList {
        let test = |id: &&str| SplitTest { id: (*id).to_owned(), file_bytes: None };
        SplitList { tests: ids.iter().map(test).collect() }
    }

    fn sampled(ids: &[&str], sample: u32) -> Result<Vec<String>, Refusal> {
        let choice = TestChoice { sample, ..TestChoice::default() };
        let (_, atoms) = manifest(list(ids), Some(&choice))?;
        Ok(atoms.into_iter().map(|atom| atom.id).collect())
    }

    #[test]
    fn a_sample_has_the_first_and_the_last_and_is_of_a_list_that_is_right_as_a_whole() {
        assert_eq!(sampled(&["a", "b", "c", "d", "e", "f", "g"], 4).unwrap(), ["a", "c", "e", "g"]);
        assert_eq!(sampled(&["a", "b"], 6).unwrap(), ["a", "b"]);
        assert_eq!(sampled(&["a"], 1).unwrap(), ["a"]);
        assert!(sampled(&["a", "b", "b", "c", "d"], 2).is_err(), "one stands there twice");
        assert!(sampled(&[], 2).is_err());
    }
}
