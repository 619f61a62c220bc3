//! What a policy says of known flaws: from which severity on, and which of them do not count, each with a reason and a
//! last day.

use super::Reader;
use super::fields::At;
use super::shape;
use crate::diagnostic::Code;
use crate::report::Problem;
use crate::suggest::{did_you_mean, nearest, one_of, quoted};
use crate::yaml::Value;
use sidings_proto::flaws::{FlawLimits, FlawSeverity, IgnoredFlaw};

/// Entries of one list. More is no exception any more.
const IGNORED_MOST: usize = 200;

impl Reader<'_> {
    pub(super) fn flaw_limits(&mut self, at: &At<'_, '_>) -> Option<FlawLimits> {
        let fields = self.fields(at, &shape::FLAWS)?;
        let mut severity = |key| fields.get(key).and_then(|at| self.severity(&at));
        let (warn, deny) = (severity("warn"), severity("deny"));
        let ignore = fields.get("ignore").map(|at| self.ignored_flaws(&at)).unwrap_or_default();
        Some(FlawLimits { warn, deny, ignore })
    }

    fn severity(&mut self, at: &At<'_, '_>) -> Option<FlawSeverity> {
        let words = FlawSeverity::ALL.map(|(word, _)| word);
        let text = self.text_of(at, &one_of(&words))?;
        let severity = FlawSeverity::ALL.iter().find(|(word, _)| *word == text).map(|(_, severity)| *severity);
        if severity.is_none() {
            let help = nearest(&text, words).map_or_else(|| format!("write {}", one_of(&words)), did_you_mean);
            self.error(Code::BadValue, &at.span, format!("{} is no severity", quoted(&text)), &help);
        }
        severity
    }

    fn ignored_flaws(&mut self, at: &At<'_, '_>) -> Vec<IgnoredFlaw> {
        let Value::List(items) = &at.node.value else {
            let help = "each entry is `- { id: CVE-…, reason: WHY, until: DAY }`";
            self.wrong_type(at, "a list", Some(help.to_owned()));
            return Vec::new();
        };
        if items.len() > IGNORED_MOST {
            let message = format!("{} flaws are ignored, which is too many", items.len());
            let problem = Problem::new(Code::Limit, &at.span, message).expected(format!("at most {IGNORED_MOST}"));
            self.report.add(problem.help("ask for a higher severity instead"));
            return Vec::new();
        }
        items.iter().filter_map(|item| self.ignored_flaw(&At::item(item, "an entry"))).collect()
    }

    fn ignored_flaw(&mut self, at: &At<'_, '_>) -> Option<IgnoredFlaw> {
        let fields = self.fields(at, &shape::IGNORED_FLAW)?;
        let id = self.of_entry(&fields, "id", "one of the flaw's names, such as `CVE-2024-1234`");
        let reason = self.of_entry(&fields, "reason", "why one can live with it");
        let until = self.day(&fields, "until").map(|day| day.to_string());
        let package = fields.get("package").and_then(|at| self.text(&at));
        Some(IgnoredFlaw { id: id?, package, reason: reason?, until: until? })
    }
}
