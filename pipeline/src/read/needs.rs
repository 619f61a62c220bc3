//! `needs:` of a job.

use super::fields::At;
use super::{Reader, shape};
use crate::diagnostic::Code;
use crate::pipeline::Need;
use crate::yaml::{Node, Value};

const A_JOB: &str = "the name of a job, or a list of them";

impl Reader<'_> {
    /// One job, or a list of them.
    pub(super) fn needs(&mut self, at: &At<'_, '_>) -> Vec<Need> {
        match &at.node.value {
            Value::List(items) => items.iter().filter_map(|item| self.need_of(item)).collect(),
            Value::Map(_) => self.need(at).into_iter().collect(),
            Value::Scalar(_) | Value::Broken => self.plain_need(at, A_JOB).into_iter().collect(),
        }
    }

    fn need_of(&mut self, item: &Node<'_>) -> Option<Need> {
        let at = At::item(item, "an item of `needs`");
        match &item.value {
            Value::Map(_) => self.need(&at),
            Value::Scalar(_) | Value::List(_) | Value::Broken => self.plain_need(&at, "a text"),
        }
    }

    fn plain_need(&mut self, at: &At<'_, '_>, expected: &str) -> Option<Need> {
        let text = self.text_of(at, expected)?;
        Some(Need { job: crate::pipeline::Named { text, span: at.span.clone() }, optional: false })
    }

    fn need(&mut self, at: &At<'_, '_>) -> Option<Need> {
        let fields = self.fields(at, &shape::NEED)?;
        let optional = fields.get("optional").and_then(|at| self.truth(&at)).unwrap_or(false);
        if let Some(at) = fields.get("job") {
            return Some(Need { job: self.named(&at)?, optional });
        }
        if !fields.has_or_meant("job") {
            let help = "for example `{ job: build, optional: true }`";
            self.error(Code::MissingKey, &at.span, "this item of `needs` names no job", help);
        }
        None
    }
}
