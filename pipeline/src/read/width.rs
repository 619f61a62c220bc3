//! `parallelism:` of a job: a number of copies, or how long its tests are to take and how many copies that may need.

use super::Reader;
use super::copies::MAX_MADE;
use super::fields::{At, Fields};
use super::shape;
use crate::diagnostic::Code;
use crate::report::Problem;
use crate::suggest::quoted;
use crate::yaml::Value;
use sidings_proto::split::Width;

/// Copies, and how many of them are to work.
#[derive(Clone, Copy)]
pub(super) struct Copies {
    pub(super) most: u32,
    pub(super) width: Option<Width>,
}

impl Copies {
    pub(super) const ONE: Copies = Copies { most: 1, width: None };
}

impl Reader<'_> {
    pub(super) fn parallelism(&mut self, at: &At<'_, '_>, job: &Fields<'_, '_>) -> Option<Copies> {
        let Value::Map(_) = at.node.value else {
            return self.number_of_copies(at).map(|most| Copies { most, width: None });
        };
        let fields = self.fields(at, &shape::PARALLELISM)?;
        if !job.has_or_meant("tests") {
            let help = "without `tests` write a number: so many jobs, which know their part by CI_NODE_INDEX";
            self.error(Code::BadValue, &at.span, "only `tests` can be done in a time by some of a job's copies", help);
        }
        let min = fields.get("min").map_or(Some(1), |at| self.number_of_copies(&at));
        let most =
            self.said(&fields, "max", "the most copies that there may be").and_then(|at| self.number_of_copies(&at));
        let target =
            self.said(&fields, "target", "how long all tests may take, such as `2m`").and_then(|at| self.timeout(&at));
        let (min, most) = (min?, most?);
        if min > most {
            let message = format!("`min` is {min}, which is more than `max`, {most}");
            self.error(Code::BadValue, fields.span(), message, "`min` copies always work, `max` if it takes so many");
        }
        Some(Copies { most, width: Some(Width { min, target_ms: target? }) })
    }

    fn said<'n, 't>(&mut self, fields: &Fields<'n, 't>, key: &'static str, what: &str) -> Option<At<'n, 't>> {
        let found = fields.get(key);
        if found.is_none() && !fields.has_or_meant(key) {
            let message = format!("this `parallelism` has no `{key}`");
            self.error(Code::MissingKey, fields.span(), message, format!("add `{key}:` with {what}"));
        }
        found
    }

    fn number_of_copies(&mut self, at: &At<'_, '_>) -> Option<u32> {
        let text = self.text_of(at, "a number from 1 to 256")?;
        let number = text.parse().ok().filter(|number| (1..=MAX_MADE).contains(number));
        if number.is_none() {
            let message = format!("{} is not a number from 1 to {MAX_MADE}", quoted(&text));
            let problem = Problem::new(Code::BadValue, &at.span, message).expected("how many jobs to make of this one");
            self.report.add(problem);
        }
        number.and_then(|number| u32::try_from(number).ok())
    }
}
