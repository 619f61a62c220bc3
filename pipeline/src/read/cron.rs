//! `schedule:` at the top of the file.

use super::fields::{At, Fields};
use super::{Reader, shape};
use crate::cron;
use crate::diagnostic::Code;
use crate::report::Problem;
use crate::suggest::quoted;
use crate::yaml::Value;
use sidings_proto::{Schedule, Timestamp};
use std::collections::BTreeMap;

/// Entries of one file.
const MOST: usize = 20;

impl Reader<'_> {
    /// One entry, or a list of them. The inputs were read before.
    pub(super) fn schedule(&mut self, at: &At<'_, '_>) -> Vec<Schedule> {
        if let Value::Map(_) = at.node.value {
            return self.scheduled(at).into_iter().collect();
        }
        let Some(items) = self.list(at) else { return Vec::new() };
        if items.len() > MOST {
            let message = format!("{} entries are more than the {MOST} that a schedule may have", items.len());
            self.error(Code::Limit, &at.span, message, "one entry can name several hours: `0 6,18 * * *`");
        }
        items.iter().filter_map(|item| self.scheduled(&At::item(item, "an entry of `schedule`"))).collect()
    }

    fn scheduled(&mut self, at: &At<'_, '_>) -> Option<Schedule> {
        let fields = self.fields(at, &shape::SCHEDULE)?;
        let timezone = fields.get("timezone").and_then(|at| self.timezone(&at));
        let timezone = timezone.unwrap_or_else(|| "UTC".to_owned());
        let cron = self.cron(&fields, &timezone)?;
        let branch = fields.get("branch").and_then(|at| self.text(&at));
        let inputs = fields.get("inputs").map(|at| self.given_inputs(&at)).unwrap_or_default();
        self.has_all_inputs(&fields, &inputs);
        let entry = Schedule { cron, timezone, pipeline: None, branch, inputs };
        if let (None, Some(at)) = (cron::next_after(&entry, Timestamp(0)), fields.get("cron")) {
            let message = format!("{} is never due", quoted(&entry.cron));
            self.error(Code::BadValue, &at.span, message, "there is no such day");
        }
        Some(entry)
    }

    fn cron(&mut self, fields: &Fields<'_, '_>, timezone: &str) -> Option<String> {
        let Some(at) = fields.get("cron") else {
            if !fields.has_or_meant("cron") {
                let help = "for example `cron: 30 3 * * 1-5`";
                self.error(Code::MissingKey, fields.span(), "this entry has no `cron`", help);
            }
            return None;
        };
        let cron = self.text(&at)?;
        if let Err(why) = cron::parse(&cron, timezone) {
            let problem = Problem::new(Code::BadValue, &at.span, format!("{} is no time: {why}", quoted(&cron)));
            let help = "half past three on working days is `30 3 * * 1-5`";
            self.report.add(problem.expected("minute, hour, day of the month, month, day of the week").help(help));
            return None;
        }
        Some(cron)
    }

    fn timezone(&mut self, at: &At<'_, '_>) -> Option<String> {
        let name = self.text(at)?;
        if cron::parse("0 0 * * *", &name).is_ok() {
            return Some(name);
        }
        let message = format!("{} is no time zone", quoted(&name));
        let problem =
            Problem::new(Code::BadValue, &at.span, message).expected("a name such as `Europe/Paris` or `UTC`");
        self.report.add(problem);
        None
    }

    fn given_inputs(&mut self, at: &At<'_, '_>) -> BTreeMap<String, String> {
        let Some(entries) = self.map(at) else { return BTreeMap::new() };
        let mut given = BTreeMap::new();
        for entry in entries {
            let at = At::value_of(entry);
            let kind = self.known_input(&entry.key.text, &entry.key.span);
            if let (Some(value), Some(kind)) = (self.text(&at), kind) {
                self.fits_kind(&value, &at.span, &kind);
                given.insert(entry.key.text.to_string(), value);
            }
        }
        given
    }

    /// Nobody is there to be asked.
    fn has_all_inputs(&mut self, fields: &Fields<'_, '_>, given: &BTreeMap<String, String>) {
        let named = |name: &str| given.contains_key(name);
        let missing = self.inputs.iter().find(|input| input.default.is_none() && !named(&input.name.text));
        if let Some(missing) = missing {
            let problem = Problem::new(
                Code::MissingKey,
                fields.span(),
                format!("this entry gives no value for the input {}", quoted(&missing.name.text)),
            );
            let help = "give one under `inputs` here, or a default where it is declared";
            self.report.add(problem.related(&missing.name.span, "it has no default").help(help));
        }
    }
}
