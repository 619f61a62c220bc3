//! The name of a concurrency group: a text with variables that are known before the run begins.

use crate::Context;

/// What a group's name is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GroupName(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(&'static str),
}

/// Why a text is no group's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotAName {
    /// There is nothing in it, or it is longer than a line.
    Blank,
    /// A `${` without an end, or a `$` that begins nothing.
    Open,
    /// A variable that is none, or that is not known yet.
    Unknown(String),
}

/// The variables that may stand in a name.
const VARIABLES: [&str; 9] = [
    "CI_COMMIT_BRANCH",
    "CI_COMMIT_REF",
    "CI_COMMIT_REF_NAME",
    "CI_COMMIT_SHA",
    "CI_COMMIT_TAG",
    "CI_JOB_NAME",
    "CI_PIPELINE_EVENT",
    "CI_REPO",
    "CI_REPO_DEFAULT_BRANCH",
];

const OF_JOB: &str = "CI_JOB_NAME";
const MAX: usize = 200;

/// The variables that may stand in the name of a group of runs, or of jobs.
pub(crate) fn variables(is_of_job: bool) -> Vec<&'static str> {
    VARIABLES.into_iter().filter(|name| is_of_job || *name != OF_JOB).collect()
}

impl GroupName {
    /// A job's may have the job's own variable as well.
    pub(crate) fn parse(text: &str, is_of_job: bool) -> Result<GroupName, NotAName> {
        if text.trim().is_empty() || text.chars().count() > MAX || text.contains(char::is_control) {
            return Err(NotAName::Blank);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            let (name, behind) = variable(after).ok_or(NotAName::Open)?;
            let known = variables(is_of_job).into_iter().find(|known| *known == name);
            let known = known.ok_or_else(|| NotAName::Unknown(name.to_owned()))?;
            parts.extend([Part::Text(before.to_owned()), Part::Variable(known)]);
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(GroupName(parts))
    }

    /// The name for a commit, and for a job of it where it is a job's.
    pub(crate) fn of(&self, context: &Context, job: &str) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(name) => value(name, context, job),
        };
        self.0.iter().map(text).collect()
    }
}

/// `NAME…` or `{NAME}…`, and what is behind.
fn variable(text: &str) -> Option<(&str, &str)> {
    if let Some(inner) = text.strip_prefix('{') {
        return inner.split_once('}');
    }
    let end = text.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn value(name: &str, context: &Context, job: &str) -> String {
    let commit = &context.commit;
    let value = match name {
        "CI_COMMIT_BRANCH" => commit.branch().unwrap_or_default(),
        "CI_COMMIT_REF" => &commit.reference,
        "CI_COMMIT_REF_NAME" => commit.ref_name(),
        "CI_COMMIT_SHA" => &commit.sha,
        "CI_COMMIT_TAG" => commit.tag().unwrap_or_default(),
        "CI_JOB_NAME" => job,
        "CI_PIPELINE_EVENT" => context.trigger.as_str(),
        "CI_REPO" => &context.project,
        "CI_REPO_DEFAULT_BRANCH" => &context.default_branch,
        _ => "",
    };
    value.to_owned()
}
