//! The jobs of a run as a picture: who needs whom, from left to right; the copies of a job are one box.

use super::jobs::counts;
use crate::page::state::{Mark, mark, worst};
use sidings_proto::api::JobView;
use std::collections::{BTreeMap, BTreeSet};

const WIDTH: usize = 190;
const HEIGHT: usize = 34;
const ACROSS: usize = 44;
const DOWN: usize = 10;
/// Characters of a name that fit a box.
const NAME: usize = 20;

/// A picture in whole pixels.
pub(super) struct Graph {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) boxes: Vec<Drawn>,
    /// As paths.
    pub(super) lines: Vec<String>,
}

/// A job, or all copies of one.
pub(super) struct Drawn {
    /// Where the page tells more of it.
    pub(super) anchor: String,
    pub(super) name: String,
    pub(super) whole: String,
    pub(super) mark: Mark,
    /// How many copies are how, in words.
    pub(super) counts: String,
    pub(super) copies: usize,
    pub(super) x: usize,
    pub(super) y: usize,
}

struct Node<'a> {
    name: &'a str,
    jobs: Vec<&'a JobView>,
    needs: BTreeSet<usize>,
    layer: usize,
}

impl Graph {
    pub(super) fn of(jobs: &[JobView]) -> Self {
        let mut nodes = nodes(jobs);
        layers(&mut nodes);
        let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
        let boxes: Vec<_> = nodes.iter().map(|node| place(node, &mut rows)).collect();
        let lines = nodes.iter().enumerate().flat_map(|(to, node)| {
            let boxes = &boxes;
            node.needs.iter().filter_map(move |from| Some(line(boxes.get(*from)?, boxes.get(to)?)))
        });
        let lines = lines.collect();
        let columns = rows.len();
        let deepest = rows.values().copied().max().unwrap_or(0);
        Self { width: columns * (WIDTH + ACROSS) + 2, height: deepest * (HEIGHT + DOWN) + 2, boxes, lines }
    }

    /// Whether there is anything to see that the list does not say.
    pub(super) fn is_worth_it(&self) -> bool {
        !self.lines.is_empty()
    }
}

fn nodes(jobs: &[JobView]) -> Vec<Node<'_>> {
    let mut nodes: Vec<Node<'_>> = Vec::new();
    let mut of_job: BTreeMap<&str, usize> = BTreeMap::new();
    let mut of_group: BTreeMap<&str, usize> = BTreeMap::new();
    for job in jobs {
        let name = job.group.as_deref().unwrap_or(&job.name);
        let at = *of_group.entry(name).or_insert_with(|| {
            nodes.push(Node { name, jobs: Vec::new(), needs: BTreeSet::new(), layer: 0 });
            nodes.len() - 1
        });
        nodes[at].jobs.push(job);
        of_job.insert(&job.name, at);
    }
    for (at, node) in nodes.iter_mut().enumerate() {
        let needs = node.jobs.iter().flat_map(|job| &job.needs);
        let needs = needs.filter_map(|need| of_job.get(need.as_str()).copied());
        node.needs = needs.filter(|need| *need != at).collect();
    }
    nodes
}

/// Each is right of all it needs. Pipelines have no circles; one that had would end here all the same.
fn layers(nodes: &mut [Node<'_>]) {
    for _ in 0..nodes.len() {
        let mut moved = false;
        for at in 0..nodes.len() {
            let layer = nodes[at].needs.iter().map(|need| nodes[*need].layer + 1).max().unwrap_or(0);
            moved |= layer != nodes[at].layer;
            nodes[at].layer = layer;
        }
        if !moved {
            return;
        }
    }
}

fn place(node: &Node<'_>, rows: &mut BTreeMap<usize, usize>) -> Drawn {
    let row = rows.entry(node.layer).or_insert(0);
    let (x, y) = (node.layer * (WIDTH + ACROSS) + 1, *row * (HEIGHT + DOWN) + 1);
    *row += 1;
    let marks = || node.jobs.iter().map(|job| mark(job.state, job.verdict.as_ref()));
    let alone = node.jobs.len() == 1;
    let counts = counts(marks()).iter().map(|(mark, many)| format!("{many} {}", mark.word)).collect::<Vec<_>>();
    let first = node.jobs.first().map(|job| job.id.to_string()).unwrap_or_default();
    Drawn {
        anchor: if alone { format!("job-{first}") } else { format!("copies-{first}") },
        name: shortened(node.name),
        whole: node.name.to_owned(),
        mark: worst(marks()).unwrap_or(Mark::NONE),
        counts: if alone { String::new() } else { counts.join(", ") },
        copies: node.jobs.len(),
        x,
        y,
    }
}

fn shortened(name: &str) -> String {
    match name.chars().count() > NAME {
        true => name.chars().take(NAME - 1).chain(['…']).collect(),
        false => name.to_owned(),
    }
}

fn line(from: &Drawn, to: &Drawn) -> String {
    let (x1, y1, x2, y2) = (from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2);
    let half = ACROSS / 2;
    format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1 + half, x2 - half.min(x2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::run::tests::job;

    #[test]
    fn each_box_is_right_of_what_it_needs_and_copies_are_one() {
        let jobs = [
            job("build", None, &[]),
            job("test 1/2", Some("test"), &["build"]),
            job("test 2/2", Some("test"), &["build"]),
            job("lint", None, &[]),
            job("deploy", None, &["test 1/2", "test 2/2", "lint"]),
        ];
        let graph = Graph::of(&jobs);
        let boxes: Vec<_> = graph.boxes.iter().map(|it| (&*it.whole, it.copies, it.x, it.y)).collect();
        assert_eq!(boxes, [("build", 1, 1, 1), ("test", 2, 235, 1), ("lint", 1, 1, 45), ("deploy", 1, 469, 1)]);
        assert_eq!(graph.lines.len(), 3);
        assert_eq!((graph.width, graph.height), (704, 90));
        assert_eq!(graph.boxes[1].counts, "2 waiting");
    }

    #[test]
    fn a_long_name_is_cut_and_told_whole_beside() {
        let graph = Graph::of(&[job("a-very-long-name-of-a-job", None, &[])]);
        assert_eq!(
            (&*graph.boxes[0].name, &*graph.boxes[0].whole),
            ("a-very-long-name-of…", "a-very-long-name-of-a-job")
        );
        assert!(!graph.is_worth_it());
    }
}
