//! What a file says, before a commit is known: every part was read, names still carry their places.
//!
//! Parts that could not be read have a default here, so that the parts can be looked at together all the same; a
//! pipeline that has an error is never planned.

use crate::condition::When;
use crate::source::Span;
use sidings_proto::{Command, Environment};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Variables by name.
pub(crate) type Variables = BTreeMap<String, String>;

/// A whole file.
#[derive(Debug, Default)]
pub(crate) struct Pipeline {
    pub(crate) when: Option<When>,
    pub(crate) jobs: Vec<Job>,
}

/// A job, with what it has from the top of the file.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) name: Named,
    pub(crate) needs: Vec<Named>,
    pub(crate) when: Option<When>,
    pub(crate) timeout_ms: u64,
    pub(crate) allow_failure: bool,
    pub(crate) stages: Vec<Stage>,
}

/// A step, or a `parallel:` group.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) parallel: bool,
    pub(crate) steps: Vec<Step>,
}

/// A step, with what it has from its job.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: Option<Named>,
    /// Steps share what they have from around them.
    pub(crate) image: Rc<Environment>,
    pub(crate) command: Command,
    pub(crate) environment: Rc<Variables>,
    pub(crate) working_directory: Option<String>,
    pub(crate) when: Option<When>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) allow_failure: bool,
}

/// A text and its place.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) text: String,
    pub(crate) span: Span,
}
