//! A job of the new file, its keys in the order in which people read them.

use crate::condition::Any;
use crate::fields::Field;
use crate::glob;
use crate::names;
use crate::notes::Notes;
use crate::out::{Map, Out, one_or_list};

/// What is known of a job.
#[derive(Clone, Debug, Default)]
pub(crate) struct Job {
    pub(crate) comments: Vec<String>,
    pub(crate) needs: Vec<Out>,
    pub(crate) when: Option<Any>,
    pub(crate) matrix: Option<Map>,
    pub(crate) parallelism: Option<u32>,
    pub(crate) image: Option<String>,
    pub(crate) services: Map,
    pub(crate) environment: Map,
    pub(crate) working_directory: Option<String>,
    pub(crate) shell: Option<String>,
    pub(crate) cache: Vec<Out>,
    pub(crate) artifacts: Vec<Map>,
    /// Files with reports of tests.
    pub(crate) junit: Vec<String>,
    pub(crate) labels: Map,
    pub(crate) timeout: Option<String>,
    pub(crate) allow_failure: bool,
    pub(crate) retry: Option<Out>,
    pub(crate) concurrency: Option<Out>,
    /// A person has to agree.
    pub(crate) approval: bool,
    pub(crate) steps: Vec<Map>,
}

impl Job {
    /// A job that needs none cannot ask how they ended.
    pub(crate) fn ask_of_needs_only(&mut self, line: usize, path: &str, notes: &mut Notes) {
        if !self.needs.is_empty() || !self.when.as_ref().is_some_and(Any::asks_status) {
            return;
        }
        let mark = notes.mark();
        let when = self.when.take().map(Any::without_status).filter(|when| !when.is_never());
        if when.is_none() {
            self.approval = true;
            notes.changed_at(
                line,
                path,
                "it runs after a failure and needs no job that could fail; here it waits for a person",
            );
        }
        self.when = when;
        self.comments.extend(notes.comments_since(mark));
    }

    pub(crate) fn into_map(mut self) -> Map {
        let mut map = Map { comments: self.comments, tall: true, ..Map::default() };
        if !self.needs.is_empty() {
            map.set("needs", Out::List(self.needs));
        }
        if let Some(when) = self.when.filter(|when| !when.is_always()) {
            map.set("when", when.into_out());
        }
        map.set_some("matrix", self.matrix);
        map.set_some("parallelism", self.parallelism);
        map.set_some("image", self.image);
        map.set_map("services", Map { tall: true, ..self.services });
        map.set_map("environment", self.environment);
        map.set_some("working_directory", self.working_directory);
        map.set_some("shell", self.shell);
        if !self.cache.is_empty() {
            map.set("cache", Out::Lines(self.cache));
        }
        match self.artifacts.len() {
            0 => {}
            1 => map.set("artifacts", self.artifacts.remove(0)),
            _ => map.set("artifacts", Out::Lines(self.artifacts.into_iter().map(Out::Map).collect())),
        }
        if !self.junit.is_empty() {
            map.set("reports", Map::default().with("junit", one_or_list(self.junit)));
        }
        map.set_map("labels", self.labels);
        map.set_some("timeout", self.timeout);
        if self.allow_failure {
            map.set("allow_failure", true);
        }
        map.set_some("retry", self.retry);
        map.set_some("concurrency", self.concurrency);
        if self.approval {
            map.set("approval", true);
        }
        if self.steps.iter().all(|step| step.off) {
            self.steps.push(nothing_left());
        }
        map.set("steps", Out::Lines(self.steps.into_iter().map(Out::Map).collect()));
        map
    }
}

/// A job of which no step could be carried over fails and says so; it must not look as if it had passed.
fn nothing_left() -> Map {
    Map::tall()
        .with("name", "to be written")
        .with("run", "echo 'the steps of this job are still to be written'\nexit 1\n")
}

/// A step that runs commands in order, as one script.
pub(crate) fn commands(mut all: Vec<String>) -> Map {
    let step = Map::tall();
    match all.len() {
        1 => step.with("run", all.remove(0)),
        _ => step.with("commands", Out::Lines(all.into_iter().map(Out::Text).collect())),
    }
}

/// Whether a step runs in no image that the file names.
pub(crate) fn needs_default(top: &Map) -> bool {
    if top.get("image").is_some() || top.get("build").is_some() {
        return false;
    }
    let Some(Out::Map(jobs)) = top.get("jobs") else { return false };
    jobs.entries.iter().any(|(_, job)| match job {
        Out::Map(job) => job.get("image").is_none() && has_step_without_image(job),
        Out::Text(_) | Out::Word(_) | Out::List(_) | Out::Lines(_) => false,
    })
}

fn has_step_without_image(job: &Map) -> bool {
    let Some(Out::Lines(steps)) = job.get("steps") else { return false };
    steps.iter().any(|step| match step {
        Out::Map(step) => !step.off && step.get("image").is_none(),
        Out::Text(_) | Out::Word(_) | Out::List(_) | Out::Lines(_) => false,
    })
}

/// A new job's name, told if it is another one than before.
pub(crate) fn named(field: &Field, taken: &mut std::collections::BTreeSet<String>, notes: &mut Notes) -> String {
    let name = names::job(&field.key, taken);
    if name != field.key {
        notes.changed(field, &format!("the job is called `{name}` here"));
    }
    taken.insert(name.clone());
    name
}

/// Variables by name, as they are.
pub(crate) fn variables(field: Field, notes: &mut Notes) -> Vec<(Field, String)> {
    let Some(fields) = notes.fields(field) else { return Vec::new() };
    let mut all = Vec::new();
    for field in fields.into_left() {
        if !names::is_variable(&field, notes) {
            continue;
        }
        if field.node.is_nothing() {
            all.push((field, String::new()));
        } else if let Some(value) = notes.text(&field) {
            all.push((field, value));
        }
    }
    all
}

/// Patterns of what a job keeps, `!` before those that are taken out again; what is no pattern is listed.
pub(crate) fn kept(field: &Field, patterns: &[String], mark: &str, notes: &mut Notes) -> Vec<String> {
    let mut all = Vec::new();
    for pattern in patterns {
        let (own, bare) = pattern.strip_prefix('!').map_or(("", pattern.as_str()), |bare| ("!", bare));
        match glob::of_glob(bare).filter(|glob| !glob.starts_with(['/', '~'])) {
            Some(glob) => all.push(format!("{mark}{own}{glob}")),
            None => notes.list(field, &format!("`{pattern}` is not a pattern of paths in the workspace")),
        }
    }
    all
}
