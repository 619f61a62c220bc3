//! `labels`, `retry` and `priority`: on which runner a job runs, how often, and before whom.

use super::fields::{At, Fields};
use super::{Reader, shape};
use crate::diagnostic::Code;
use crate::pipeline::Named;
use crate::report::Problem;
use crate::suggest::{did_you_mean, listed, nearest, quoted};
use crate::yaml::{Key, Value};
use sidings_proto::{FailureClass, Retry, Scheduling};
use std::collections::{BTreeMap, BTreeSet};

/// Labels by name.
pub(super) type Labels = BTreeMap<String, String>;

/// Characters of a label's name or value.
const MAX_LABEL: usize = 100;
pub(super) const MAX_RETRIES: i64 = 5;
pub(super) const MAX_PRIORITY: i64 = 100;

/// What can be tried again, if asked for.
pub(super) const CLASSES: [FailureClass; 6] = [
    FailureClass::StepFailed,
    FailureClass::TestsFailed,
    FailureClass::ImageBuildFailed,
    FailureClass::ServiceNotReady,
    FailureClass::TimedOut,
    FailureClass::SplitIncomplete,
];
/// What is, if no classes are named.
const USUAL: [FailureClass; 3] = [FailureClass::StepFailed, FailureClass::TestsFailed, FailureClass::TimedOut];
/// What is in any case.
const OURS: [FailureClass; 2] = [FailureClass::RunnerLost, FailureClass::EngineFailed];

/// What others call a class.
const SYNONYMS: [(&str, FailureClass); 6] = [
    ("script_failure", FailureClass::StepFailed),
    ("failure", FailureClass::StepFailed),
    ("failed", FailureClass::StepFailed),
    ("timeout", FailureClass::TimedOut),
    ("stuck_or_timeout_failure", FailureClass::TimedOut),
    ("job_execution_timeout", FailureClass::TimedOut),
];

impl Reader<'_> {
    pub(super) fn scheduling(&mut self, fields: &Fields<'_, '_>, around: &Labels) -> Scheduling {
        let mut labels = around.clone();
        labels.extend(fields.get("labels").map(|at| self.labels(&at)).unwrap_or_default());
        let priority = fields.get("priority").and_then(|at| self.whole(&at, -MAX_PRIORITY, MAX_PRIORITY));
        Scheduling {
            labels,
            retry: fields.get("retry").map(|at| self.retry(&at)).unwrap_or_default(),
            priority: priority.and_then(|priority| i32::try_from(priority).ok()).unwrap_or(0),
            approval: fields.get("approval").and_then(|at| self.approval(&at)),
            ..Scheduling::default()
        }
    }

    /// Names and values that a runner has to have.
    pub(super) fn labels(&mut self, at: &At<'_, '_>) -> Labels {
        if let Value::List(_) | Value::Scalar(_) = at.node.value
            && !at.node.is_null()
        {
            let help = "labels have names and values: `labels: { gpu: \"true\" }`";
            self.wrong_type(at, "a map of names and values", Some(help.to_owned()));
            return Labels::new();
        }
        let mut labels = Labels::new();
        for entry in self.map(at).unwrap_or_default() {
            let is_name = self.label_name(&entry.key);
            let value = self.label_value(&At::value_of(entry));
            labels.extend(value.filter(|_| is_name).map(|value| (entry.key.text.to_string(), value)));
        }
        labels
    }

    fn label_name(&mut self, key: &Key<'_>) -> bool {
        let name = key.text.as_ref();
        let inner = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
        let right = inner && name.starts_with(|char: char| char.is_ascii_alphanumeric()) && name.len() <= MAX_LABEL;
        if !right && !name.is_empty() {
            let message = format!("{} cannot be the name of a label", quoted(name));
            let help = "letters, digits, `-`, `_`, `.` and `/`, a letter or digit first, at most 100 characters";
            self.error(Code::BadValue, &key.span, message, help);
        }
        right
    }

    fn label_value(&mut self, at: &At<'_, '_>) -> Option<String> {
        let value = self.text(at)?;
        let one_line = !value.trim().is_empty() && !value.contains(char::is_control);
        if one_line && value.chars().count() <= MAX_LABEL {
            return Some(value);
        }
        let message = match value.trim() {
            "" => format!("the label {} has an empty value", at.what),
            _ => format!("{} cannot be the value of a label", quoted(&value)),
        };
        self.error(Code::BadValue, &at.span, message, "one line of 1 to 100 characters");
        None
    }

    /// A number of times, or with the classes of failure.
    fn retry(&mut self, at: &At<'_, '_>) -> Retry {
        let Value::Map(_) = at.node.value else {
            let max = self.retries(at);
            return Retry { max, on: if max == 0 { BTreeSet::new() } else { USUAL.into() } };
        };
        let Some(fields) = self.fields(at, &shape::RETRY) else { return Retry::default() };
        let max = match fields.get("max") {
            Some(at) => self.retries(&at),
            None if fields.has_or_meant("max") => 0,
            None => {
                let help = "add `max`, how often it is tried again: `retry: { max: 1 }`";
                self.error(Code::MissingKey, fields.span(), "this `retry` does not say how often", help);
                0
            }
        };
        let on = match fields.get("on") {
            Some(at) => self.classes(&at),
            None => USUAL.into(),
        };
        Retry { max, on: if max == 0 { BTreeSet::new() } else { on } }
    }

    fn retries(&mut self, at: &At<'_, '_>) -> u32 {
        self.whole(at, 0, MAX_RETRIES).and_then(|times| u32::try_from(times).ok()).unwrap_or(0)
    }

    fn classes(&mut self, at: &At<'_, '_>) -> BTreeSet<FailureClass> {
        let names = self.texts(at, "a class of failure, or a list of them").unwrap_or_default();
        if matches!(&at.node.value, Value::List(items) if items.is_empty()) {
            let message = "`on` is an empty list, so nothing is ever tried again";
            self.error(Code::BadValue, &at.span, message, "name at least one, or take the key out");
        }
        let mut classes: BTreeSet<_> = names.iter().filter_map(|name| self.class(name)).collect();
        // A job whose step failed is one whose tests failed as soon as it tells of them: that is no other reason.
        if classes.contains(&FailureClass::StepFailed) {
            classes.insert(FailureClass::TestsFailed);
        }
        classes
    }

    fn class(&mut self, name: &Named) -> Option<FailureClass> {
        let named = |classes: &[FailureClass]| classes.iter().copied().find(|class| class.as_str() == name.text);
        if let Some(class) = named(&CLASSES) {
            return Some(class);
        }
        let words = CLASSES.map(FailureClass::as_str);
        let synonym = SYNONYMS.iter().find(|(other, _)| *other == name.text);
        let help = match (named(&OURS), synonym, nearest(&name.text, words)) {
            (Some(_), _, _) => "it is tried again without being asked, up to 3 times; take it out".to_owned(),
            (None, Some((_, class)), _) => format!("it is called `{}` here", class.as_str()),
            (None, None, Some(near)) => did_you_mean(near),
            (None, None, None) => format!("the classes are {}", listed(&words, "and")),
        };
        let what =
            if named(&OURS).is_some() { "not a failure of the pipeline's own" } else { "not a class of failure" };
        let message = format!("{} is {what}", quoted(&name.text));
        self.report.add(Problem::new(Code::BadValue, &name.span, message).expected("a class of failure").help(help));
        None
    }

    /// A whole number between two others.
    pub(super) fn whole(&mut self, at: &At<'_, '_>, least: i64, most: i64) -> Option<i64> {
        let expected = format!("a whole number from {least} to {most}");
        let text = self.text_of(at, &expected)?;
        let number = text.parse::<i64>().ok().filter(|number| (least..=most).contains(number));
        if number.is_none() {
            let why = if text.parse::<i128>().is_ok() { "is out of bounds" } else { "is not a whole number" };
            let problem = Problem::new(Code::BadValue, &at.span, format!("{} {why}", quoted(&text))).expected(expected);
            self.report.add(problem);
        }
        number
    }
}
