//! A list of tests in quarantine: which, whose, from when until when.

use super::Reader;
use super::fields::{At, Fields};
use super::shape;
use crate::diagnostic::Code;
use crate::quarantine::{DAYS_MAX, MOST};
use crate::report::Problem;
use crate::suggest::quoted;
use crate::yaml::Value;
use jiff::civil::Date;
use sidings_proto::Timestamp;
use sidings_proto::split::Quarantined;

const A_DAY: &str = "a day, such as `2026-11-22`";

impl Reader<'_> {
    pub(super) fn quarantine(&mut self, at: &At<'_, '_>) -> Option<Vec<Quarantined>> {
        if at.node.is_null() {
            return Some(Vec::new());
        }
        let Value::List(items) = &at.node.value else {
            let help = "each entry is `- { id: TEST, owner: WHO, since: DAY, expires: DAY, issue: WHERE }`";
            self.wrong_type(at, "a list", Some(help.to_owned()));
            return None;
        };
        if items.len() > MOST {
            let message = format!("{} tests are in quarantine, which is too many", items.len());
            let help = "mend some of them, or take them out of the suite";
            self.report
                .add(Problem::new(Code::Limit, &at.span, message).expected(format!("at most {MOST}")).help(help));
            return None;
        }
        let mut entries: Vec<Quarantined> = Vec::new();
        for item in items {
            let Some(entry) = self.quarantined(&At::item(item, "an entry")) else { continue };
            if entries.iter().any(|other| other.id == entry.id) {
                let message = format!("{} is in quarantine twice", quoted(&entry.id));
                self.error(Code::BadValue, &item.span, message, "keep the entry that is right");
            }
            entries.push(entry);
        }
        Some(entries)
    }

    fn quarantined(&mut self, at: &At<'_, '_>) -> Option<Quarantined> {
        let fields = self.fields(at, &shape::QUARANTINED)?;
        let id = self.of_entry(&fields, "id", "the test, as its runner calls it");
        let owner = self.of_entry(&fields, "owner", "who looks after it");
        let since = self.day(&fields, "since");
        let expires = self.day(&fields, "expires");
        let issue = fields.get("issue").and_then(|at| self.text(&at));
        let (since, expires) = (since?, expires?);
        self.days_between(&fields, since, expires);
        Some(Quarantined { id: id?, owner: owner?, since: begin_of(since), expires: begin_of(expires), issue })
    }

    pub(super) fn of_entry(&mut self, fields: &Fields<'_, '_>, key: &'static str, what: &str) -> Option<String> {
        match fields.get(key) {
            Some(at) => {
                let text = self.text(&at)?;
                if text.is_empty() {
                    self.error(Code::BadValue, &at.span, format!("`{key}` is empty"), format!("write {what}"));
                }
                Some(text).filter(|text| !text.is_empty())
            }
            None if fields.has_or_meant(key) => None,
            None => {
                let message = format!("this entry has no `{key}`");
                self.error(Code::MissingKey, fields.span(), message, format!("add `{key}:` with {what}"));
                None
            }
        }
    }

    pub(super) fn day(&mut self, fields: &Fields<'_, '_>, key: &'static str) -> Option<Date> {
        let text = self.of_entry(fields, key, A_DAY)?;
        let day = text.parse().ok();
        if let (None, Some(at)) = (day, fields.get(key)) {
            let message = format!("{} is no day", quoted(&text));
            self.report.add(Problem::new(Code::BadValue, &at.span, message).expected(A_DAY));
        }
        day
    }

    fn days_between(&mut self, fields: &Fields<'_, '_>, since: Date, expires: Date) {
        let days = expires.since(since).map_or(i64::MAX, |span| i64::from(span.get_days()));
        let Some(at) = fields.get("expires").filter(|_| !(1..=DAYS_MAX).contains(&days)) else { return };
        let message =
            if days < 1 { "it ends before it begins".to_owned() } else { format!("it would last {days} days") };
        let help = "a test that nobody mends in that time gates again, or is taken out";
        let problem =
            Problem::new(Code::BadValue, &at.span, message).expected(format!("1 to {DAYS_MAX} days after `since`"));
        self.report.add(problem.help(help));
    }
}

/// Days are those of UTC.
fn begin_of(day: Date) -> Timestamp {
    Timestamp(day.in_tz("UTC").map_or(0, |day| day.timestamp().as_millisecond()))
}
