//! `when:` of a pipeline, a job or a step.

use super::fields::At;
use super::{Reader, shape};
use crate::condition::{Condition, When};
use crate::diagnostic::Code;
use crate::pipeline::Named;
use crate::report::Problem;
use crate::suggest::{did_you_mean, nearest, one_of, quoted};
use crate::yaml::Value;
use sidings_proto::Trigger;
use sidings_proto::pattern::{NotAPattern, Pattern};

pub(super) const EVENTS: [Trigger; 6] =
    [Trigger::Push, Trigger::Tag, Trigger::PullRequest, Trigger::Manual, Trigger::Schedule, Trigger::Api];

/// What others call an event.
const EVENT_SYNONYMS: [(&str, Trigger); 6] = [
    ("merge_request", Trigger::PullRequest),
    ("pr", Trigger::PullRequest),
    ("commit", Trigger::Push),
    ("cron", Trigger::Schedule),
    ("workflow_dispatch", Trigger::Manual),
    ("web", Trigger::Manual),
];

/// Whose condition is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Pipeline,
    Exclude,
    Job,
    Step,
}

impl Place {
    /// Whether others have ended, well or not, before it is asked.
    pub(super) fn has_others_before(self) -> bool {
        match self {
            Place::Job | Place::Step => true,
            Place::Pipeline | Place::Exclude => false,
        }
    }

    pub(super) fn named(self) -> &'static str {
        match self {
            Place::Pipeline => "in the condition of a pipeline",
            Place::Exclude => "in the condition of an entry of `exclude`",
            Place::Job => "in this job",
            Place::Step => "in this step's job",
        }
    }
}

impl Reader<'_> {
    /// One condition, or a list of which any may hold.
    pub(super) fn when(&mut self, at: &At<'_, '_>, place: Place) -> Option<When> {
        let conditions = match &at.node.value {
            Value::Map(_) => vec![self.condition(at, place)],
            Value::List(items) => {
                items.iter().map(|item| self.condition(&At::item(item, "a condition"), place)).collect()
            }
            Value::Scalar(_) | Value::Broken => {
                let help = "for example `when: { branch: main, event: push }`";
                self.wrong_type(at, "a condition, or a list of conditions", Some(help.to_owned()));
                return None;
            }
        };
        if conditions.is_empty() {
            self.error(
                Code::BadValue,
                &at.span,
                "this list of conditions is empty, so it is never true",
                "take it out",
            );
        }
        Some(When { any: conditions.into_iter().collect::<Option<Vec<_>>>()?, span: at.span.clone() })
    }

    fn condition(&mut self, at: &At<'_, '_>, place: Place) -> Option<Condition> {
        let fields = self.fields(at, &shape::WHEN)?;
        if matches!(&at.node.value, Value::Map(entries) if entries.is_empty()) {
            self.error(Code::BadValue, &at.span, "this condition asks for nothing", "take it out, or name an `event`");
        }
        Some(Condition {
            event: fields.get("event").map(|at| self.events(&at)),
            branch: fields.get("branch").map(|at| self.patterns("branch", &at)),
            tag: fields.get("tag").map(|at| self.patterns("tag", &at)),
            path: fields.get("path").map(|at| self.paths(&at)),
            mismatch: fields.get("matrix").and_then(|at| self.mismatch(&at, place)).flatten(),
            inputs: fields.get("inputs").map(|at| self.asked_inputs(&at)).unwrap_or_default(),
            status: fields.get("status").and_then(|at| self.status(&at, place)),
            not: fields.get("not").and_then(|at| self.when(&at, place)),
        })
    }

    fn events(&mut self, at: &At<'_, '_>) -> Vec<Trigger> {
        let names = self.some_texts(at, "an event, or a list of events");
        names.iter().filter_map(|name| self.event(name)).collect()
    }

    fn event(&mut self, name: &Named) -> Option<Trigger> {
        if let Some(event) = EVENTS.into_iter().find(|event| event.as_str() == name.text) {
            return Some(event);
        }
        let words = EVENTS.map(Trigger::as_str);
        let synonym = EVENT_SYNONYMS.iter().find(|(other, _)| *other == name.text);
        let help = match (synonym, nearest(&name.text, words)) {
            (Some((_, event)), _) => format!("it is called `{}` here", event.as_str()),
            (None, Some(near)) => did_you_mean(near),
            (None, None) => format!("events are {}", one_of(&words)),
        };
        let message = format!("{} is not an event", quoted(&name.text));
        self.report.add(Problem::new(Code::BadValue, &name.span, message).expected("an event").help(help));
        None
    }

    fn patterns(&mut self, key: &str, at: &At<'_, '_>) -> Vec<Pattern> {
        let names = self.some_texts(at, "a pattern for names, or a list of them");
        names.iter().filter_map(|name| self.pattern(key, name)).collect()
    }

    pub(super) fn pattern(&mut self, key: &str, name: &Named) -> Option<Pattern> {
        let not = match Pattern::parse(&name.text) {
            Ok(pattern) => return Some(pattern),
            Err(not) => not,
        };
        let named = format!("the pattern {}", quoted(&name.text));
        let (message, help) = match not {
            NotAPattern::Empty => ("a pattern is empty".to_owned(), "give a name, or `*` for any".to_owned()),
            NotAPattern::TooLong => (format!("{named} is longer than any name"), "at most 255 characters".to_owned()),
            NotAPattern::Negated => {
                let bare = name.text.trim_start_matches('!');
                (format!("{named} cannot begin with `!`"), format!("write `not: {{ {key}: {bare} }}`"))
            }
            NotAPattern::Special(char) => {
                (format!("{named} cannot have `{char}` in it"), "patterns know `*`, `**` and `?`".to_owned())
            }
        };
        self.error(Code::BadValue, &name.span, message, help);
        None
    }

    /// An empty list would never be true.
    pub(super) fn some_texts(&mut self, at: &At<'_, '_>, expected: &str) -> Vec<Named> {
        let texts = self.texts(at, expected);
        if texts.as_ref().is_some_and(Vec::is_empty) && matches!(&at.node.value, Value::List(items) if items.is_empty())
        {
            let message = format!("{} is an empty list, so this condition is never true", at.what);
            self.error(Code::BadValue, &at.span, message, "name at least one, or take the key out");
        }
        texts.unwrap_or_default()
    }
}
