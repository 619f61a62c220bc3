//! Long times: whole days, which no timeout has, or a duration.

use super::Reader;
use super::fields::At;
use crate::diagnostic::Code;
use crate::duration;
use crate::report::Problem;
use crate::suggest::{did_you_mean, quoted};
use std::time::Duration;

/// An hour, and a day of 24 of them.
pub(super) const HOUR: Duration = Duration::from_secs(3600);
pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long a time may be.
pub(super) struct Bounds {
    pub(super) shortest: Duration,
    pub(super) longest: Duration,
    /// Both, as people are told.
    pub(super) said: &'static str,
    /// What somebody means who wrote `never`, if that is a time.
    pub(super) never: Option<&'static str>,
}

impl Reader<'_> {
    /// In milliseconds, within limits.
    pub(super) fn days(&mut self, at: &At<'_, '_>, bounds: &Bounds) -> Option<u64> {
        let text = self.text_of(at, "a time: `7d`, `12h`")?;
        let days = text.strip_suffix('d').filter(|digits| !digits.is_empty() && digits.len() <= 4);
        let days = days.and_then(|digits| digits.parse::<u32>().ok());
        match days.map(|days| DAY * days).or_else(|| duration::parse(&text)) {
            Some(time) if (bounds.shortest..=bounds.longest).contains(&time) => u64::try_from(time.as_millis()).ok(),
            Some(_) => {
                let message = format!("{} is out of bounds for {}", quoted(&text), at.what);
                self.report.add(Problem::new(Code::BadValue, &at.span, message).expected(bounds.said));
                None
            }
            None => {
                let message = format!("{} does not say for how long", quoted(&text));
                let help = meant(&text, bounds).map(|meant| did_you_mean(&meant));
                let problem = Problem::new(Code::BadValue, &at.span, message).expected("a time: `7d`, `12h`");
                self.report.add(problem.help("whole days, or a duration without days").maybe_help(help));
                None
            }
        }
    }
}

/// What somebody meant who wrote `30 days`, `2 weeks` or `never`.
fn meant(text: &str, bounds: &Bounds) -> Option<String> {
    let plain: String = text.to_lowercase().split_whitespace().collect();
    if matches!(plain.as_str(), "never" | "forever" | "0") {
        return bounds.never.map(str::to_owned);
    }
    let digits = plain.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    let number: u32 = digits.parse().ok()?;
    let days = match &plain[digits.len()..] {
        "" | "day" | "days" => number,
        "w" | "wk" | "week" | "weeks" => number.checked_mul(7)?,
        "mo" | "mos" | "month" | "months" => number.checked_mul(30)?,
        "y" | "yr" | "yrs" | "year" | "years" => number.checked_mul(365)?,
        _ => return duration::meant(text),
    };
    Some(format!("{days}d"))
}
