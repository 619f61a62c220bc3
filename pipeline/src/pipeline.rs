//! What a file says, before a commit is known: every part was read, names still carry their places.
//!
//! Parts that could not be read have a default here, so that the parts can be looked at together all the same; a
//! pipeline that has an error is never planned.

use crate::condition::When;
use crate::group::GroupName;
use crate::input::Input;
use crate::source::Span;
use sidings_proto::split::Tests;
use sidings_proto::{
    Artifacts, Cache, Cancel, Command, Environment, Healthcheck, Merge, Node, Reports, Resources, Scheduling, SecretUse,
};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Variables by name.
pub(crate) type Variables = BTreeMap<String, Setting>;

/// Texts by name: the arguments of a build, the values of inputs.
pub(crate) type Texts = BTreeMap<String, String>;

/// What a variable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    Text(String),
    Secret(SecretUse),
}

/// The variables that are texts, and those that are secrets.
pub(crate) fn apart(variables: &Variables) -> (BTreeMap<String, String>, BTreeMap<String, SecretUse>) {
    let (mut texts, mut secrets) = (BTreeMap::new(), BTreeMap::new());
    for (name, setting) in variables {
        match setting {
            Setting::Text(text) => drop(texts.insert(name.clone(), text.clone())),
            Setting::Secret(used) => drop(secrets.insert(name.clone(), used.clone())),
        }
    }
    (texts, secrets)
}

/// A whole file.
#[derive(Debug, Default)]
pub(crate) struct Pipeline {
    pub(crate) inputs: Vec<Input>,
    pub(crate) when: Option<When>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) fail_fast: bool,
    pub(crate) concurrency: Option<Concurrency>,
    pub(crate) jobs: Vec<Job>,
    /// The references of images that it names, each where it stands first.
    pub(crate) references: BTreeMap<String, Span>,
}

/// A job, with what it has from the top of the file. A matrix and `parallelism` make several of one entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Job {
    /// As it stands in the file.
    pub(crate) name: Named,
    /// The same, with what tells it from others of its entry: `test (15, slow) 1/3`.
    pub(crate) label: String,
    /// Which of the copies of `parallelism` it is.
    pub(crate) node: Node,
    /// Conditions of `exclude`: when one holds, the job is not there.
    pub(crate) unless: Vec<When>,
    pub(crate) needs: Vec<Need>,
    pub(crate) when: Option<When>,
    pub(crate) timeout_ms: u64,
    pub(crate) allow_failure: bool,
    /// All but the group, whose name is made for each commit.
    pub(crate) scheduling: Scheduling,
    pub(crate) concurrency: Option<Concurrency>,
    pub(crate) stages: Vec<Stage>,
    pub(crate) services: Vec<Service>,
    pub(crate) reports: Reports,
    pub(crate) tests: Option<Tests>,
    pub(crate) artifacts: Vec<Artifacts>,
    pub(crate) caches: Vec<Cache>,
}

/// A container beside a job's steps.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) name: Named,
    pub(crate) image: Rc<Environment>,
    pub(crate) entrypoint: Option<Vec<String>>,
    pub(crate) command: Option<Vec<String>>,
    pub(crate) environment: Variables,
    pub(crate) healthcheck: Option<Healthcheck>,
}

/// An item of `needs`.
#[derive(Clone, Debug)]
pub(crate) struct Need {
    pub(crate) job: Named,
    /// There may be no such job.
    pub(crate) optional: bool,
}

/// A step, or a `parallel:` group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stage {
    pub(crate) parallel: bool,
    pub(crate) name: Option<String>,
    pub(crate) merge: Merge,
    pub(crate) steps: Vec<Step>,
}

/// A step, with what it has from its job.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) name: Option<Named>,
    /// Steps share what they have from around them.
    pub(crate) image: Rc<Environment>,
    pub(crate) command: Command,
    pub(crate) environment: Rc<Variables>,
    pub(crate) working_directory: Option<String>,
    /// Empty for the usual one.
    pub(crate) shell: Rc<Vec<String>>,
    pub(crate) when: Option<When>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) allow_failure: bool,
    pub(crate) resources: Resources,
}

/// A group of which only so many go on at a time.
#[derive(Clone, Debug)]
pub(crate) struct Concurrency {
    pub(crate) group: GroupName,
    pub(crate) limit: u32,
    pub(crate) cancel: Cancel,
}

/// A text and its place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    pub(crate) text: String,
    pub(crate) span: Span,
}
