//! `concurrency` and `approval`: what goes on at the same time, and what waits for a person.

use super::fields::At;
use super::{Reader, shape};
use crate::diagnostic::Code;
use crate::group::{GroupName, NotAName, variables};
use crate::pipeline::Concurrency;
use crate::report::Problem;
use crate::suggest::{did_you_mean, listed, nearest, one_of, quoted};
use crate::yaml::{Kind, Value};
use sidings_proto::{Approval, Cancel};

pub(super) const MOST_AT_ONCE: i64 = 1000;
pub(super) const CANCELS: [Cancel; 3] = [Cancel::None, Cancel::Queued, Cancel::Running];

/// What others call it.
const CANCEL_SYNONYMS: [(&str, Cancel); 6] = [
    ("true", Cancel::Running),
    ("false", Cancel::None),
    ("all", Cancel::Running),
    ("in-progress", Cancel::Running),
    ("waiting", Cancel::Queued),
    ("pending", Cancel::Queued),
];

impl Reader<'_> {
    /// A group's name, or a map with one.
    pub(super) fn concurrency(&mut self, at: &At<'_, '_>, is_of_job: bool) -> Option<Concurrency> {
        if let Value::Scalar(_) = at.node.value {
            let group = self.group_name(at, is_of_job)?;
            return Some(Concurrency { group, limit: 1, cancel: Cancel::None });
        }
        let fields = self.fields(at, &shape::CONCURRENCY)?;
        let limit = fields.get("limit").and_then(|at| self.whole(&at, 1, MOST_AT_ONCE));
        let cancel = fields.get("cancel").and_then(|at| self.cancel(&at)).unwrap_or_default();
        let group = match fields.get("group") {
            Some(at) => self.group_name(&at, is_of_job)?,
            None if fields.has_or_meant("group") => return None,
            None => {
                let help = "add `group`, a name: `group: deploy`";
                self.error(Code::MissingKey, fields.span(), "this `concurrency` has no group", help);
                return None;
            }
        };
        let limit = limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(1);
        Some(Concurrency { group, limit, cancel })
    }

    fn group_name(&mut self, at: &At<'_, '_>, is_of_job: bool) -> Option<GroupName> {
        let text = self.text_of(at, "the name of a group")?;
        let not = match GroupName::parse(&text, is_of_job) {
            Ok(name) => return Some(name),
            Err(not) => not,
        };
        let (message, help) = match not {
            NotAName::Blank => (
                format!("{} cannot be the name of a group", quoted(&text)),
                "one line of 1 to 200 characters".to_owned(),
            ),
            NotAName::Open => (
                format!("there is a `$` in {} that begins no variable", quoted(&text)),
                "a variable is written `${CI_COMMIT_BRANCH}`".to_owned(),
            ),
            NotAName::Unknown(name) => (
                format!("{} is not known when a group is named", quoted(&name)),
                match nearest(&name, variables(is_of_job)) {
                    Some(near) => did_you_mean(near),
                    None => format!("these are: {}", listed(&variables(is_of_job), "and")),
                },
            ),
        };
        self.error(Code::BadValue, &at.span, message, help);
        None
    }

    fn cancel(&mut self, at: &At<'_, '_>) -> Option<Cancel> {
        let words = CANCELS.map(Cancel::as_str);
        let expected = one_of(&words);
        let text = self.text_of(at, &expected)?;
        if let Some(cancel) = CANCELS.into_iter().find(|cancel| cancel.as_str() == text) {
            return Some(cancel);
        }
        let synonym = CANCEL_SYNONYMS.iter().find(|(other, _)| *other == text);
        let help = match (synonym, nearest(&text, words)) {
            (Some((_, cancel)), _) => format!("it is called `{}` here", cancel.as_str()),
            (None, Some(near)) => did_you_mean(near),
            (None, None) => "it says which older ones a newer one cancels".to_owned(),
        };
        let message = format!("{} does not say what is cancelled", quoted(&text));
        self.report.add(Problem::new(Code::BadValue, &at.span, message).expected(expected).help(help));
        None
    }

    /// `true`, or a map with the names of those who may.
    pub(super) fn approval(&mut self, at: &At<'_, '_>) -> Option<Approval> {
        if let Value::Scalar(scalar) = &at.node.value
            && scalar.kind == Kind::Bool(true)
        {
            return Some(Approval::default());
        }
        if let Value::Scalar(_) | Value::List(_) = &at.node.value {
            let help = "for example `approval: { from: [release] }`; `approval: true` takes anybody's";
            self.wrong_type(at, "`true`, or a map with `from`", Some(help.to_owned()));
            return None;
        }
        let fields = self.fields(at, &shape::APPROVAL)?;
        let Some(at) = fields.get("from") else {
            if !fields.has_or_meant("from") {
                let help = "add `from`, the names of the tokens that may: `from: [release]`; or write `approval: true`";
                self.error(Code::MissingKey, fields.span(), "this `approval` does not say by whom", help);
            }
            return None;
        };
        let names = self.texts(&at, "a token's name, or a list of them")?;
        if names.is_empty() {
            let message = "`from` is an empty list, so nobody may approve";
            self.error(Code::BadValue, &at.span, message, "name at least one, or write `approval: true`");
        }
        Some(Approval { from: names.into_iter().map(|name| name.text).collect() })
    }
}
