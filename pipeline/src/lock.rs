//! `.sidings.lock`: which images the references of a project mean, each with its digest as the registry serves it.
//!
//! A reference stands there as it is written in a pipeline or as a Dockerfile's `FROM` comes to, without a digest of
//! its own. One that is written with a digest needs no entry; where the name has one all the same, both must agree.

mod compare;
mod references;

pub use references::{Mention, references};

use crate::diagnostic::{Code, Diagnostics};
use crate::pipeline::Pipeline;
use crate::report::{Problem, Report};
use crate::source::{Source, Span, without_bom};
use crate::{Files, read, yaml};
use std::collections::BTreeMap;

/// The file, at a project's root.
pub const FILE: &str = ".sidings.lock";
/// The only version there is of its form.
pub(crate) const VERSION: &str = "1";

const MERGE_MARK: &str = "<<<<<<< ";

const HEAD: &str = "\
# Which images this project's references mean. Made by `sidings lock`; check it in.
# `sidings lock --update [NAME…]` takes what the registries have now.
";

/// What a lock file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// `sha256:…` by reference.
    pub digests: BTreeMap<String, String>,
}

impl Lock {
    /// Reads its text.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(file: &str, text: &str) -> Result<Lock, Diagnostics> {
        let mut report = Report::new(Source::new(file, text));
        if let Some(span) = merge_mark(text) {
            let problem = Problem::new(Code::Syntax, &span, "both sides of a merge stand in the lock file");
            report.add(problem.help("keep either side as it is, then `sidings lock` adds what is missing"));
            return Err(report.into_diagnostics());
        }
        let lock = yaml::parse(text, &mut report).and_then(|tree| read::lock(&tree, &mut report));
        let found = report.into_diagnostics();
        if found.has_errors() { Err(found) } else { Ok(lock.unwrap_or_default()) }
    }

    /// The file's text: the same for the same digests.
    pub fn text(&self) -> String {
        let entry = |(reference, digest): (&String, &String)| format!("  \"{reference}\": {digest}\n");
        let entries: String = self.digests.iter().map(entry).collect();
        let entries = if entries.is_empty() { "images: {}\n".to_owned() } else { format!("images:\n{entries}") };
        format!("{HEAD}version: {VERSION}\n{entries}")
    }

    /// The project's, if it has one.
    pub(crate) fn of(files: &dyn Files) -> Option<Result<Lock, Diagnostics>> {
        files.read(FILE).map(|text| Lock::read(FILE, &text))
    }

    /// What is to be said of a pipeline's references.
    pub(crate) fn look(&self, pipeline: &Pipeline, report: &mut Report, files: &dyn Files) -> Diagnostics {
        compare::look(self, pipeline, report, files)
    }
}

/// A reference without the digest that it is written with, and that digest.
pub fn apart(reference: &str) -> (&str, Option<&str>) {
    reference.split_once('@').map_or((reference, None), |(name, digest)| (name, Some(digest)))
}

/// Where git left a merge to people, as it does with every lock file sooner or later.
fn merge_mark(text: &str) -> Option<Span> {
    let text = without_bom(text);
    let at = if text.starts_with(MERGE_MARK) { 0 } else { text.find(&format!("\n{MERGE_MARK}"))? + 1 };
    Some(at..at + MERGE_MARK.len())
}

#[cfg(test)]
mod tests;
