//! Looks at the parts of a pipeline together: names that are taken twice, jobs that need what is not there, and jobs
//! that wait for one another.

use crate::diagnostic::Code;
use crate::pipeline::{Job, Named, Need, Pipeline};
use crate::report::{Problem, Report};
use crate::source::Span;
use crate::suggest::{did_you_mean, listed, nearest, quoted, shortened};
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Of a long cycle, so many places are shown.
const SHOWN: usize = 8;

/// Reports all that is wrong between the parts.
pub(crate) fn check(pipeline: &Pipeline, report: &mut Report) {
    for job in &pipeline.jobs {
        step_names(job, report);
        nothing_to_clean_up(job, report);
    }
    let entries = entries(&pipeline.jobs);
    let by_name: BTreeMap<&str, usize> =
        entries.iter().enumerate().map(|(index, entry)| (entry.name.text.as_str(), index)).collect();
    for job in &pipeline.jobs {
        needs(job, &by_name, report);
    }
    cycles(&entries, &by_name, report);
}

/// An entry of `jobs`: what all jobs that are made of it need.
struct Entry<'j> {
    name: &'j Named,
    needs: Vec<&'j Named>,
}

/// The jobs of one entry follow one another.
fn entries(jobs: &[Job]) -> Vec<Entry<'_>> {
    jobs.chunk_by(|one, next| one.name.text == next.name.text).filter_map(entry_of).collect()
}

fn entry_of(jobs: &[Job]) -> Option<Entry<'_>> {
    let mut names = BTreeSet::new();
    let needs = jobs.iter().flat_map(|job| &job.needs).map(|need| &need.job);
    let needs = needs.filter(|need| names.insert(need.text.as_str())).collect();
    jobs.first().map(|first| Entry { name: &first.name, needs })
}

/// What runs after a failure has something before it that can fail.
fn nothing_to_clean_up(job: &Job, report: &mut Report) {
    if let Some(when) = job.when.as_ref().filter(|when| job.needs.is_empty() && when.only_after_failure()) {
        let message = format!("job {} runs only after a failure, but needs no job", quoted(&job.name.text));
        let problem = Problem::new(Code::BadValue, &when.span, message);
        report.add(problem.help("name in `needs` the jobs whose failure it is about"));
    }
    for step in job.stages.first().into_iter().flat_map(|stage| &stage.steps) {
        if let Some(when) = step.when.as_ref().filter(|when| when.only_after_failure()) {
            let message = "this step runs only after a failure, but is the first of its job";
            let problem = Problem::new(Code::BadValue, &when.span, message);
            report.add(problem.help("put it behind the steps whose failure it is about"));
        }
    }
}

fn step_names(job: &Job, report: &mut Report) {
    let mut first: BTreeMap<&str, &Span> = BTreeMap::new();
    for name in job.stages.iter().flat_map(|stage| &stage.steps).filter_map(|step| step.name.as_ref()) {
        match first.get(name.text.as_str()) {
            Some(span) => report.add(same_step_name(job, name, span)),
            None => drop(first.insert(&name.text, &name.span)),
        }
    }
}

fn same_step_name(job: &Job, name: &Named, first: &Span) -> Problem {
    let message = format!("two steps of job {} have the name {}", quoted(&job.name.text), quoted(&name.text));
    Problem::new(Code::DuplicateName, &name.span, message)
        .expected("again here")
        .related(first, "first here")
        .help("a step is known by its name in its job; give one of them another")
}

fn needs(job: &Job, by_name: &BTreeMap<&str, usize>, report: &mut Report) {
    let mut seen: BTreeMap<&str, &Span> = BTreeMap::new();
    for Need { job: need, optional } in &job.needs {
        if let Some(first) = seen.insert(&need.text, &need.span) {
            report.add(needed_twice(need, first));
        } else if need.text == job.name.text {
            report.add(needs_itself(job, need));
        } else if !by_name.contains_key(need.text.as_str()) {
            let near = if report.has_room() { nearest(&need.text, by_name.keys().copied()) } else { None };
            match (optional, near) {
                (false, near) => report.add(unknown_job(job, need, near, by_name)),
                (true, Some(near)) => report.add(perhaps_a_slip(job, need, near)),
                (true, None) => {}
            }
        }
    }
}

/// It may be meant: the job is then one that is not there.
fn perhaps_a_slip(job: &Job, need: &Named, near: &str) -> Problem {
    let message = format!("job {} may need {}, which is not a job", quoted(&job.name.text), quoted(&need.text));
    Problem::new(Code::UnknownJob, &need.span, message).help(did_you_mean(near)).warning()
}

fn needed_twice(need: &Named, first: &Span) -> Problem {
    Problem::new(Code::DuplicateName, &need.span, format!("{} is needed twice", quoted(&need.text)))
        .expected("again here")
        .related(first, "first here")
        .help("keep one of the two")
}

fn needs_itself(job: &Job, need: &Named) -> Problem {
    Problem::new(Code::Cycle, &need.span, format!("job {} needs itself", quoted(&job.name.text)))
        .expected("the name of another job")
        .related(&job.name.span, "this job")
        .help("take it out of `needs`")
}

fn unknown_job(job: &Job, need: &Named, near: Option<&str>, by_name: &BTreeMap<&str, usize>) -> Problem {
    let message = format!("job {} needs {}, which is not a job", quoted(&job.name.text), quoted(&need.text));
    let others: Vec<&str> = by_name.keys().copied().filter(|name| *name != job.name.text).take(SHOWN).collect();
    let help = match near {
        Some(near) => did_you_mean(near),
        None if others.is_empty() => "there is no other job in this file".to_owned(),
        None => format!("the other jobs of this file: {}", listed(&others, "and")),
    };
    Problem::new(Code::UnknownJob, &need.span, message).expected("the name of a job").help(help)
}

fn cycles(jobs: &[Entry<'_>], by_name: &BTreeMap<&str, usize>, report: &mut Report) {
    let mut graph: DiGraph<usize, ()> = DiGraph::new();
    let nodes: Vec<NodeIndex> = (0..jobs.len()).map(|index| graph.add_node(index)).collect();
    for (index, job) in jobs.iter().enumerate() {
        for needed in job.needs.iter().filter_map(|need| by_name.get(need.text.as_str())) {
            graph.add_edge(nodes[index], nodes[*needed], ());
        }
    }
    for circle in tarjan_scc(&graph).into_iter().filter(|circle| circle.len() > 1) {
        let members: BTreeSet<usize> = circle.into_iter().map(|node| graph[node]).collect();
        let path = shortest_circle(jobs, &members, by_name);
        report.add(cycle(&path));
    }
}

/// The way from the first job of a circle back to it: each job, and the need in it that leads on.
fn shortest_circle<'j>(
    jobs: &[Entry<'j>],
    members: &BTreeSet<usize>,
    by_name: &BTreeMap<&str, usize>,
) -> Vec<(&'j Named, &'j Named)> {
    let start = *members.first().expect("a circle has members");
    let mut came_from: BTreeMap<usize, (usize, &Named)> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(index) = queue.pop_front() {
        for need in &jobs[index].needs {
            let Some(&next) = by_name.get(need.text.as_str()).filter(|next| members.contains(next)) else { continue };
            if next != index && !came_from.contains_key(&next) {
                came_from.insert(next, (index, need));
                queue.push_back(next);
            }
        }
    }
    let mut path = Vec::new();
    let mut at = start;
    while let Some((from, need)) = came_from.get(&at) {
        path.push((jobs[*from].name, *need));
        at = *from;
        if at == start {
            break;
        }
    }
    path.reverse();
    path
}

fn cycle(path: &[(&Named, &Named)]) -> Problem {
    let Some((first, rest)) = path.split_first() else {
        return Problem::new(Code::Cycle, &(0..0), "jobs wait for one another");
    };
    let mut names: Vec<String> = path.iter().take(SHOWN).map(|(job, _)| shortened(&job.text, 40)).collect();
    if path.len() > SHOWN {
        names.push("…".to_owned());
    }
    names.push(first.0.text.clone());
    let message = format!("jobs wait for one another: {}", names.join(" → "));
    let needs = |(job, need): &(&Named, &Named)| format!("{} needs {}", quoted(&job.text), quoted(&need.text));
    let problem = Problem::new(Code::Cycle, &first.1.span, message).expected(needs(first));
    rest.iter()
        .take(SHOWN)
        .fold(problem, |problem, edge| problem.related(&edge.1.span, needs(edge)))
        .help("take one of these needs out")
}
