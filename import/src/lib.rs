//! Another CI's pipeline file -> the text of a `.sidings.yml`, and a list of all that could not be carried over.
//!
//! This room decides what a construct of another language is called here. It is pure: a text in, a text and notes out.
//! It refuses to drop anything silently: what a reader does not take out of [`fields::Fields`] is listed by
//! [`notes::Notes`], in the text as a comment and for the caller as a [`Note`]. Where a condition cannot be said, the
//! job waits for a person rather than run more often than it did.
//!
//! The way of a text: [`yaml`] makes a tree of it, a folder for each origin reads the tree, [`out`] writes the result.

mod condition;
mod expression;
mod fields;
mod github;
mod gitlab;
mod glob;
mod job;
mod names;
mod notes;
mod out;
mod woodpecker;
mod yaml;

pub use notes::{Kind, Note};

use fields::Field;
use notes::Notes;
use out::Map;
use std::fmt;
use std::rc::Rc;
use yaml::Node;

/// Jobs of a pipeline, and steps of a job, that are read.
const MOST_JOBS: usize = 2000;

/// Whose language a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `.gitlab-ci.yml`.
    Gitlab,
    /// A workflow of GitHub Actions.
    Github,
    /// `.woodpecker.yml`.
    Woodpecker,
}

impl Origin {
    /// What a file's path or, if that says nothing, its keys tell.
    pub fn of(path: &str, text: &str) -> Option<Origin> {
        by_path(path).or_else(|| by_keys(text))
    }
}

fn by_path(path: &str) -> Option<Origin> {
    let path = path.replace('\\', "/");
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.contains("gitlab-ci") {
        return Some(Origin::Gitlab);
    }
    if path.contains(".github/workflows/") {
        return Some(Origin::Github);
    }
    path.contains(".woodpecker").then_some(Origin::Woodpecker)
}

fn by_keys(text: &str) -> Option<Origin> {
    let read = yaml::read(text).ok()?;
    let root = Field::root(&read.root);
    let mut notes = Notes::default();
    let fields = notes.fields(root)?;
    let has = |key: &str| fields.has(key);
    if has("jobs") && has("on") {
        return Some(Origin::Github);
    }
    if has("steps") {
        return Some(Origin::Woodpecker);
    }
    if has("pipeline") {
        return Some(Origin::Woodpecker);
    }
    let scripted = fields.nodes().any(|node| node.entries().is_some_and(|all| all.iter().any(|it| it.key == "script")));
    (has("stages") || scripted).then_some(Origin::Gitlab)
}

/// What an import gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The text of a `.sidings.yml`.
    pub text: String,
    /// All that is not as it was, in the order of the file.
    pub notes: Vec<Note>,
    /// Whether a job runs in the image of the project's Dockerfile, so that there must be one.
    pub needs_dockerfile: bool,
}

/// Why a text cannot be imported at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Where, from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for Unreadable {}

/// The pipeline that a file of another CI says.
///
/// # Errors
/// The text is no YAML, has no map at the top, or is larger than any pipeline.
pub fn import(origin: Origin, text: &str) -> Result<Imported, Unreadable> {
    of_tree(origin, &yaml::read(text)?)
}

fn of_tree(origin: Origin, read: &yaml::Read) -> Result<Imported, Unreadable> {
    let mut notes = Notes::default();
    for (line, path, what) in &read.oddities {
        notes.left(*line, path, what);
    }
    let Some(fields) = notes.fields(Field::root(&read.root)) else {
        return Err(Unreadable { line: 1, message: "a pipeline is a map of keys; this file has none".to_owned() });
    };
    if let Some(line) = too_many(&read.root) {
        return Err(Unreadable { line, message: format!("these are more jobs or steps than {MOST_JOBS}") });
    }
    let mut top = match origin {
        Origin::Gitlab => gitlab::pipeline(fields, &mut notes),
        Origin::Github => github::pipeline(fields, &mut notes),
        Origin::Woodpecker => woodpecker::pipeline(fields, &mut notes),
    };
    if !notes.may_spend() {
        let message = "what its jobs extend and refer to is, written out, larger than any pipeline".to_owned();
        return Err(Unreadable { line: 1, message });
    }
    let needs_dockerfile = job::needs_default(&top);
    if needs_dockerfile {
        top.insert_first("build", ".");
    }
    Ok(Imported { text: written(origin, top, &notes), notes: notes.into_list(), needs_dockerfile })
}

/// Where there are more jobs, or steps of one, than in any pipeline.
fn too_many(root: &Rc<Node>) -> Option<usize> {
    let length = |node: &Node| node.entries().map_or_else(|| node.items().map_or(0, <[_]>::len), <[_]>::len);
    let lists = ["jobs", "steps", "pipeline"].iter().filter_map(|key| root.get(key));
    let jobs = root.get("jobs").and_then(|jobs| jobs.entries()).unwrap_or_default();
    let of_jobs = jobs.iter().filter_map(|job| job.value.get("steps"));
    let mut all = std::iter::once(root).chain(lists).chain(of_jobs);
    all.find(|node| length(node) > MOST_JOBS).map(|node| node.line)
}

fn written(origin: Origin, mut top: Map, notes: &Notes) -> String {
    let mut head =
        vec![format!("Imported from {}. `sidings lint` checks this file, `sidings run` runs it here.", whose(origin))];
    head.extend(remarks(origin).iter().map(|&line| line.to_owned()));
    head.append(&mut top.comments);
    let unplaced = notes.unplaced();
    if !unplaced.is_empty() {
        head.push(String::new());
        head.extend(unplaced);
    }
    top.comments = head;
    out::document(&top)
}

fn whose(origin: Origin) -> &'static str {
    match origin {
        Origin::Gitlab => "a GitLab pipeline",
        Origin::Github => "a GitHub workflow",
        Origin::Woodpecker => "a Woodpecker workflow",
    }
}

/// What is different for every file of an origin.
fn remarks(origin: Origin) -> &'static [&'static str] {
    match origin {
        Origin::Gitlab => &["Commands are run by `sh -e`, where GitLab takes bash if the image has it."],
        Origin::Github => &[
            "Each step is a container of its own: the workspace goes on from step to step, what was installed beside it",
            "does not. Tools belong into the Dockerfile.",
        ],
        Origin::Woodpecker => &[],
    }
}

#[cfg(test)]
mod tests;
