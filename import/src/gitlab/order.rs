//! Stages: a job without `needs` waits for all jobs of earlier stages; here each says for which.
//!
//! There a job has the artifacts of all earlier stages, here those of the jobs that it names. So a job that keeps
//! something is named also where another one waits for it already. Jobs are numbers here: there may be many.

use super::job::Read;
use crate::fields::Field;
use crate::notes::Notes;
use crate::out::Out;
use std::collections::BTreeMap;

const USUAL: [&str; 3] = ["build", "test", "deploy"];

pub(super) fn needs_of_stages(jobs: &mut [Read], stages: Option<Field>, notes: &mut Notes) {
    let places = places(jobs, stages, notes);
    let numbers: BTreeMap<String, usize> = jobs.iter().enumerate().map(|(at, read)| (read.name.clone(), at)).collect();
    let mut by_stage: Vec<usize> = (0..jobs.len()).collect();
    by_stage.sort_by_key(|at| places[*at].unwrap_or(usize::MAX));
    let mut reached: Vec<Set> = vec![Set::of(jobs.len()); jobs.len()];
    for at in by_stage {
        let earlier = |other: &usize| places[at].zip(places[*other]).is_some_and(|(own, other)| other < own);
        let needed: Vec<usize> = match &jobs[at].needs {
            Some(needs) => needs.iter().filter_map(|name| numbers.get(name)).copied().collect(),
            None => (0..jobs.len()).filter(|other| earlier(other) && jobs[*other].is_waited_for).collect(),
        };
        let mut through = Set::of(jobs.len());
        needed.iter().for_each(|other| through.add(&reached[*other]));
        reached[at] = through.clone();
        needed.iter().for_each(|other| reached[at].put(*other));
        if jobs[at].needs.is_none() {
            let wanted = of_stages(jobs, at, &needed, &through, notes);
            jobs[at].job.needs = wanted.iter().map(|other| Out::Text(jobs[*other].name.clone())).collect();
            let unseen = |other: &usize| earlier(other) && !jobs[*other].is_waited_for;
            let unseen = (0..jobs.len()).filter(unseen).collect::<Vec<_>>();
            tell_unseen(jobs, at, &unseen, notes);
        }
        dependencies(jobs, at, &numbers, notes);
        let (line, name) = (jobs[at].line, jobs[at].name.clone());
        jobs[at].job.ask_of_needs_only(line, &name, notes);
    }
}

/// Of the jobs of earlier stages those that are to be named: what a needed job waits for itself need not be, unless it
/// hands something on.
fn of_stages(jobs: &[Read], at: usize, needed: &[usize], through: &Set, notes: &mut Notes) -> Vec<usize> {
    let asked = jobs[at].dependencies.as_ref();
    let hands_on = |other: usize| {
        let is_asked = asked.is_none_or(|(_, names)| names.contains(&jobs[other].name));
        is_asked && !jobs[other].job.artifacts.is_empty()
    };
    let wanted: Vec<usize> = needed.iter().copied().filter(|other| !through.has(*other) || hands_on(*other)).collect();
    if let Some((field, names)) = asked {
        let unasked = wanted.iter().filter(|other| !jobs[**other].job.artifacts.is_empty());
        for other in unasked.filter(|other| !names.contains(&jobs[**other].name)) {
            notes.changed(
                field,
                &format!("it waits for `{}`, and what that job keeps is put in place as well", jobs[*other].name),
            );
        }
    }
    wanted
}

/// What is kept by jobs that nobody waits for is not there.
fn tell_unseen(jobs: &[Read], at: usize, unseen: &[usize], notes: &mut Notes) {
    let asked = jobs[at].dependencies.as_ref();
    for other in unseen.iter().map(|other| &jobs[*other]).filter(|other| !other.job.artifacts.is_empty()) {
        if asked.is_none_or(|(_, names)| names.contains(&other.name)) {
            let told = format!("`{}` is not waited for, so what it keeps is not there; name it in `needs`", other.name);
            notes.changed_at(jobs[at].line, &jobs[at].name, &told);
        }
    }
}

/// `dependencies` of which the job does not hear.
fn dependencies(jobs: &[Read], at: usize, numbers: &BTreeMap<String, usize>, notes: &mut Notes) {
    let Some((field, names)) = &jobs[at].dependencies else { return };
    let is_named = |name: &String| {
        jobs[at].job.needs.iter().any(|need| match need {
            Out::Text(text) => text == name,
            Out::Map(map) => map.get("job") == Some(&Out::Text(name.clone())),
            Out::Word(_) | Out::List(_) | Out::Lines(_) => false,
        })
    };
    let kept = |name: &&String| numbers.get(*name).is_some_and(|other| !jobs[*other].job.artifacts.is_empty());
    for name in names.iter().filter(kept).filter(|name| !is_named(name)) {
        notes.list(field, &format!("the job does not need `{name}`, so what that keeps is not there"));
    }
    if jobs[at].needs.is_some() {
        let other = |need: &&usize| !jobs[**need].job.artifacts.is_empty() && !names.contains(&jobs[**need].name);
        let needed: Vec<usize> =
            jobs[at].needs.iter().flatten().filter_map(|name| numbers.get(name)).copied().collect();
        for need in needed.iter().filter(other) {
            let told = format!("it needs `{}`, and what that job keeps is put in place as well", jobs[*need].name);
            notes.changed(field, &told);
        }
    }
}

/// Which stage each job is in; none for one that is not in the list.
fn places(jobs: &[Read], stages: Option<Field>, notes: &mut Notes) -> Vec<Option<usize>> {
    let stages = stages.map(|field| named(field, jobs, notes));
    let stages = stages.unwrap_or_else(|| USUAL.map(str::to_owned).to_vec());
    let order = [".pre".to_owned()].into_iter().chain(stages).chain([".post".to_owned()]);
    // Of a stage that stands twice the first place counts.
    let order: BTreeMap<String, usize> = order.enumerate().collect::<Vec<_>>().into_iter().rev().map(swapped).collect();
    let place = |read: &Read| order.get(&read.stage).copied();
    for read in jobs.iter().filter(|read| place(read).is_none()) {
        let told = format!("its stage `{}` is not one of `stages`; it waits for nothing", read.stage);
        notes.changed_at(read.line, &read.name, &told);
    }
    jobs.iter().map(place).collect()
}

fn swapped((at, stage): (usize, String)) -> (String, usize) {
    (stage, at)
}

/// The stages by name; one in which no job is has nothing to be carried over as.
fn named(field: Field, jobs: &[Read], notes: &mut Notes) -> Vec<String> {
    let used: std::collections::BTreeSet<&str> = jobs.iter().map(|job| job.stage.as_str()).collect();
    let mut all = Vec::new();
    for item in field.items() {
        let Some(stage) = notes.text(&item) else { continue };
        if !used.contains(stage.as_str()) {
            notes.list(&item, "no job is in this stage");
        }
        all.push(stage);
    }
    all
}

/// Numbers of jobs, a bit for each.
#[derive(Clone)]
struct Set(Vec<u64>);

impl Set {
    fn of(most: usize) -> Set {
        Set(vec![0; most.div_ceil(64)])
    }

    fn put(&mut self, number: usize) {
        self.0[number / 64] |= 1 << (number % 64);
    }

    fn has(&self, number: usize) -> bool {
        self.0[number / 64] >> (number % 64) & 1 == 1
    }

    fn add(&mut self, other: &Set) {
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own |= other);
    }
}
