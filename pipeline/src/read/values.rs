//! Texts, truths, durations and lists of texts.

use super::Reader;
use super::fields::At;
use super::replace::refers_to_matrix;
use crate::diagnostic::Code;
use crate::duration;
use crate::pipeline::Named;
use crate::report::Problem;
use crate::suggest::{did_you_mean, quoted};
use crate::yaml::{Kind, Value};
use std::time::Duration;

const A_DURATION: &str = "a duration: `90s`, `5m`, `1h30m`";
/// Shorter is no time for a container.
const SHORTEST: Duration = Duration::from_secs(1);
/// Longer is no build.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl Reader<'_> {
    /// A text, number or truth, as it is written.
    pub(super) fn text(&mut self, at: &At<'_, '_>) -> Option<String> {
        self.text_of(at, "a text")
    }

    /// The same, with a word for what it is to be.
    pub(super) fn text_of(&mut self, at: &At<'_, '_>, expected: &str) -> Option<String> {
        match &at.node.value {
            Value::Scalar(scalar) if scalar.kind != Kind::Null => {
                let text = self.replaced(at, &scalar.text)?;
                self.without_nul(at, text)
            }
            Value::Scalar(_) | Value::List(_) | Value::Map(_) | Value::Broken => {
                self.wrong_type(at, expected, None);
                None
            }
        }
    }

    /// Neither a program's argument nor a variable can hold a NUL.
    fn without_nul(&mut self, at: &At<'_, '_>, text: String) -> Option<String> {
        if text.contains('\0') {
            let message = format!("{} has a NUL character in it", at.what);
            self.error(Code::BadValue, &at.span, message, "take the `\\0` out");
            return None;
        }
        Some(text)
    }

    pub(super) fn truth(&mut self, at: &At<'_, '_>) -> Option<bool> {
        let help = match &at.node.value {
            Value::Scalar(scalar) if refers_to_matrix(&scalar.text) => return self.truth_of_matrix(at),
            Value::Scalar(scalar) => match scalar.kind {
                Kind::Bool(truth) => return Some(truth),
                Kind::Null | Kind::Number | Kind::Text => truth_meant(&scalar.text),
            },
            Value::List(_) | Value::Map(_) | Value::Broken => None,
        };
        self.wrong_type(at, "`true` or `false`", help);
        None
    }

    /// Values of a matrix are texts.
    fn truth_of_matrix(&mut self, at: &At<'_, '_>) -> Option<bool> {
        let text = self.text(at)?;
        let truth = text.parse().ok();
        if truth.is_none() {
            let message = format!("{} is {} here, but must be `true` or `false`", at.what, quoted(&text));
            self.report.add(Problem::new(Code::WrongType, &at.span, message).expected("`true` or `false`"));
        }
        truth
    }

    /// In milliseconds, within the limits of a timeout.
    pub(super) fn timeout(&mut self, at: &At<'_, '_>) -> Option<u64> {
        self.duration(at, SHORTEST, LONGEST)
    }

    /// In milliseconds, within limits.
    pub(super) fn duration(&mut self, at: &At<'_, '_>, shortest: Duration, longest: Duration) -> Option<u64> {
        let text = self.text_of(at, A_DURATION)?;
        let Some(duration) = duration::parse(&text) else {
            let help = duration::meant(&text).map(|meant| did_you_mean(&meant));
            let message = format!("{} is not a duration", quoted(&text));
            let problem = Problem::new(Code::BadValue, &at.span, message)
                .expected(A_DURATION)
                .help("numbers with the units `h`, `m`, `s` and `ms`, the larger first, without spaces")
                .maybe_help(help);
            self.report.add(problem);
            return None;
        };
        if duration < shortest || duration > longest {
            let what = at.what.trim_matches('`').replace('_', " ");
            let article = if what.starts_with('i') { "an" } else { "a" };
            let message = format!("{article} {what} of {} is out of bounds", duration::written(duration));
            let bounds = [shortest, longest].map(duration::written);
            let expected = format!("at least `{}`, at most `{}`", bounds[0], bounds[1]);
            self.report.add(Problem::new(Code::BadValue, &at.span, message).expected(expected));
            return None;
        }
        u64::try_from(duration.as_millis()).ok()
    }

    /// One text, or a list of them; `expected` says so in the words of the place.
    pub(super) fn texts(&mut self, at: &At<'_, '_>, expected: &str) -> Option<Vec<Named>> {
        let items = match &at.node.value {
            Value::List(items) => items,
            Value::Scalar(scalar) if scalar.kind != Kind::Null => return self.named(at).map(|named| vec![named]),
            Value::Scalar(_) | Value::Map(_) | Value::Broken => {
                self.wrong_type(at, expected, None);
                return None;
            }
        };
        let items: Vec<Option<Named>> =
            items.iter().map(|item| self.named(&At::item(item, format!("an item of {}", at.what)))).collect();
        Some(items.into_iter().flatten().collect())
    }

    /// A text with its place.
    pub(super) fn named(&mut self, at: &At<'_, '_>) -> Option<Named> {
        self.text(at).map(|text| Named { text, span: at.span.clone() })
    }
}

/// What other formats take for true and false.
fn truth_meant(text: &str) -> Option<String> {
    match text.to_lowercase().as_str() {
        "yes" | "on" | "1" | "true" => Some("write `true`, without quotes".to_owned()),
        "no" | "off" | "0" | "false" => Some("write `false`, without quotes".to_owned()),
        _ => None,
    }
}
