//! `when:` -> whether something runs for an event, a commit and what it changed, and if not, why.
//!
//! How the jobs or steps before ended is not known yet: what is said of it becomes a [`RunsOn`].

use crate::pipeline::Texts;
use crate::source::Span;
use crate::{Changed, Context, Files};
use sidings_proto::pattern::Pattern;
use sidings_proto::{RunsOn, Trigger};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Comparisons of a character of a path with a part of a pattern that one file may take. With more of them every path
/// counts as changed.
const MOST_WORK: usize = 50_000_000;

/// True if any of its conditions is.
#[derive(Clone, Debug, Default)]
pub(crate) struct When {
    pub(crate) any: Vec<Condition>,
    pub(crate) span: Span,
}

/// True if everything that is given holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Condition {
    pub(crate) event: Option<Vec<Trigger>>,
    pub(crate) branch: Option<Vec<Pattern>>,
    pub(crate) tag: Option<Vec<Pattern>>,
    pub(crate) path: Option<Paths>,
    /// Why `matrix` is false: `db is 16, not 15`. It is read for one combination, and true for it if there is nothing.
    pub(crate) mismatch: Option<String>,
    /// Inputs with the values of which each must have one.
    pub(crate) inputs: Vec<(String, Vec<String>)>,
    pub(crate) status: Option<RunsOn>,
    pub(crate) not: Option<When>,
}

/// Paths of which one is to have changed.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    /// None given: all but `others`.
    pub(crate) these: Vec<Pattern>,
    /// Written with `!`: these do not count.
    pub(crate) others: Vec<Pattern>,
}

/// What conditions are asked about.
pub(crate) struct Asked<'a> {
    pub(crate) context: &'a Context,
    files: &'a dyn Files,
    /// The values of the run's inputs, by their names.
    pub(crate) inputs: Texts,
    /// Whether a path changed, for each that was asked for.
    known: RefCell<BTreeMap<String, bool>>,
    work: Cell<usize>,
}

impl<'a> Asked<'a> {
    pub(crate) fn about(context: &'a Context, files: &'a dyn Files, inputs: Texts) -> Asked<'a> {
        Asked { context, files, inputs, known: RefCell::default(), work: Cell::new(0) }
    }

    fn changed(&self, paths: &Paths) -> bool {
        let written = paths.written();
        if let Some(known) = self.known.borrow().get(&written) {
            return *known;
        }
        let changed = match self.files.changed() {
            Changed::All => true,
            Changed::These(these) => these.iter().any(|path| self.is_one_of(path, paths)),
        };
        self.known.borrow_mut().insert(written, changed);
        changed
    }

    fn is_one_of(&self, path: &str, paths: &Paths) -> bool {
        let matches = |pattern: &Pattern| {
            self.work.set(self.work.get().saturating_add(pattern.work(path)));
            pattern.matches(path)
        };
        if self.work.get() > MOST_WORK {
            return true;
        }
        (paths.these.is_empty() || paths.these.iter().any(matches)) && !paths.others.iter().any(matches)
    }
}

impl Paths {
    fn written(&self) -> String {
        let these = self.these.iter().map(|pattern| pattern.as_str().to_owned());
        let others = self.others.iter().map(|pattern| format!("!{}", pattern.as_str()));
        these.chain(others).collect::<Vec<_>>().join(" or ")
    }
}

impl When {
    /// Why it is false where nothing came before: `branch is dev, not main`. None when it is true.
    pub(crate) fn why_not(&self, asked: &Asked<'_>) -> Option<String> {
        self.why_not_after(asked, false)
    }

    /// After what it runs; if never, why.
    pub(crate) fn runs_on(&self, asked: &Asked<'_>) -> Result<RunsOn, String> {
        match (self.of_job(asked, false), self.of_job(asked, true)) {
            (None, Some(_)) => Ok(RunsOn::Success),
            (Some(_), None) => Ok(RunsOn::Failure),
            (None, None) => Ok(RunsOn::Always),
            (Some(why), Some(_)) => Err(why),
        }
    }

    /// Whether it can be true only after a failure, whatever the commit.
    pub(crate) fn only_after_failure(&self) -> bool {
        self.any.iter().all(|condition| condition.status == Some(RunsOn::Failure))
    }

    /// The same as [`When::why_not_after`], but what says nothing of how others ended means that none failed.
    fn of_job(&self, asked: &Asked<'_>, failed: bool) -> Option<String> {
        let why = |condition: &Condition| match failed && !condition.speaks_of_status() {
            true => Some("something before it failed".to_owned()),
            false => condition.why_not(asked, failed),
        };
        all_reasons(&self.any, why)
    }

    fn why_not_after(&self, asked: &Asked<'_>, failed: bool) -> Option<String> {
        all_reasons(&self.any, |condition| condition.why_not(asked, failed))
    }
}

/// None if one of them has none.
fn all_reasons(any: &[Condition], why: impl Fn(&Condition) -> Option<String>) -> Option<String> {
    let mut reasons = Vec::new();
    for condition in any {
        let reason = why(condition)?;
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    Some(reasons.join("; "))
}

impl Condition {
    fn speaks_of_status(&self) -> bool {
        let not = || self.not.as_ref().is_some_and(|not| not.any.iter().any(Condition::speaks_of_status));
        self.status.is_some() || not()
    }

    /// What is known for certain is told before how others ended.
    fn why_not(&self, asked: &Asked<'_>, failed: bool) -> Option<String> {
        let commit = &asked.context.commit;
        let event = self.event.as_deref().and_then(|events| other_event(events, asked.context.trigger));
        let branch = || self.branch.as_deref().and_then(|wanted| mismatch("branch", commit.branch(), wanted));
        let tag = || self.tag.as_deref().and_then(|wanted| mismatch("tag", commit.tag(), wanted));
        let input = || self.inputs.iter().find_map(|(name, wanted)| other_input(name, wanted, asked));
        let path = || self.path.as_ref().and_then(|paths| unchanged(paths, asked));
        let not = || self.not.as_ref().and_then(|not| holds_but_must_not(not, asked, failed));
        let status = || self.status.filter(|status| !status.holds(failed)).map(|_| other_status(failed));
        event
            .or_else(branch)
            .or_else(tag)
            .or_else(|| self.mismatch.clone())
            .or_else(input)
            .or_else(path)
            .or_else(not)
            .or_else(status)
    }
}

fn other_event(wanted: &[Trigger], is: Trigger) -> Option<String> {
    let words: Vec<&str> = wanted.iter().map(|event| event.as_str()).collect();
    (!wanted.contains(&is)).then(|| format!("event is {}, not {}", is.as_str(), words.join(" or ")))
}

fn other_input(name: &str, wanted: &[String], asked: &Asked<'_>) -> Option<String> {
    let words = wanted.join(" or ");
    match asked.inputs.get(name) {
        Some(is) if wanted.contains(is) => None,
        Some(is) => Some(format!("the input {name} is {is}, not {words}")),
        None => Some(format!("the input {name} is not given, but {words} is asked for")),
    }
}

fn other_status(failed: bool) -> String {
    if failed { "something before it failed" } else { "nothing before it failed" }.to_owned()
}

fn mismatch(what: &str, is: Option<&str>, wanted: &[Pattern]) -> Option<String> {
    let words: Vec<&str> = wanted.iter().map(Pattern::as_str).collect();
    match is {
        Some(name) if wanted.iter().any(|pattern| pattern.matches(name)) => None,
        Some(name) => Some(format!("{what} is {name}, not {}", words.join(" or "))),
        None => Some(format!("there is no {what}, but {} is asked for", words.join(" or "))),
    }
}

fn unchanged(paths: &Paths, asked: &Asked<'_>) -> Option<String> {
    (!asked.changed(paths)).then(|| format!("no changed path is {}", paths.written()))
}

fn holds_but_must_not(not: &When, asked: &Asked<'_>, failed: bool) -> Option<String> {
    not.why_not_after(asked, failed).is_none().then(|| "what stands under `not` holds".to_owned())
}
