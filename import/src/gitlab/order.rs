//! Stages: a job without `needs` waits for all jobs of earlier stages; here each says for which.

use super::job::Read;
use crate::fields::Field;
use crate::notes::Notes;
use crate::out::Out;
use std::collections::{BTreeMap, BTreeSet};

const USUAL: [&str; 3] = ["build", "test", "deploy"];

pub(super) fn needs_of_stages(jobs: &mut [Read], stages: Option<Field>, notes: &mut Notes) {
    let stages = stages.map(|field| named(field, jobs, notes));
    let stages = stages.unwrap_or_else(|| USUAL.map(str::to_owned).to_vec());
    let order: Vec<String> = [".pre".to_owned()].into_iter().chain(stages).chain([".post".to_owned()]).collect();
    let place = |read: &Read| order.iter().position(|stage| *stage == read.stage).unwrap_or(order.len());
    let places: Vec<usize> = jobs.iter().map(place).collect();
    for (read, _) in jobs.iter().zip(&places).filter(|(_, place)| **place == order.len()) {
        notes.changed_at(
            read.line,
            &read.name,
            &format!("its stage `{}` is not one of `stages`; it waits for nothing", read.stage),
        );
    }
    let known: BTreeSet<String> = jobs.iter().map(|read| read.name.clone()).collect();
    let mut by_stage: Vec<usize> = (0..jobs.len()).collect();
    by_stage.sort_by_key(|at| places[*at]);
    let mut reached: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for at in by_stage {
        let is_placed = places[at] < order.len();
        let needed: Vec<String> = match &jobs[at].needs {
            Some(needs) => needs.iter().filter(|name| known.contains(*name)).cloned().collect(),
            None => {
                let earlier = |other: &usize| is_placed && places[*other] < places[at] && jobs[*other].is_waited_for;
                (0..jobs.len()).filter(earlier).map(|other| jobs[other].name.clone()).collect()
            }
        };
        let through: BTreeSet<String> = needed.iter().filter_map(|name| reached.get(name)).flatten().cloned().collect();
        let mut all = through.clone();
        all.extend(needed.iter().cloned());
        reached.insert(jobs[at].name.clone(), all);
        if jobs[at].needs.is_none() {
            // What a needed job waits for itself need not be said again.
            jobs[at].job.needs = needed.into_iter().filter(|name| !through.contains(name)).map(Out::Text).collect();
        }
        let (line, name) = (jobs[at].line, jobs[at].name.clone());
        jobs[at].job.ask_of_needs_only(line, &name, notes);
    }
}

/// The stages by name; one in which no job is has nothing to be carried over as.
fn named(field: Field, jobs: &[Read], notes: &mut Notes) -> Vec<String> {
    let mut all = Vec::new();
    for item in field.items() {
        let Some(stage) = notes.text(&item) else { continue };
        if jobs.iter().all(|job| job.stage != stage) {
            notes.list(&item, "no job is in this stage");
        }
        all.push(stage);
    }
    all
}
