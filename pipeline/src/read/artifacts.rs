//! `artifacts:`, the files that a job leaves for others.

use super::days::{Bounds, DAY};
use super::fields::At;
use super::{Reader, shape};
use crate::diagnostic::Code;
use crate::pipeline::Named;
use crate::report::Problem;
use crate::suggest::{did_you_mean, nearest, one_of, quoted};
use crate::yaml::{Node, Value};
use sidings_proto::{Artifacts, Keep};
use std::rc::Rc;
use std::time::Duration;

/// For how long they are kept, when nothing is said.
const USUALLY: Duration = Duration::from_secs(30 * 24 * 3600);
const EXPIRY: Bounds = Bounds {
    shortest: Duration::from_secs(1),
    // With their leap days.
    longest: DAY.saturating_mul(3652),
    said: "at least `1s`, at most `3652d`, ten years",
    never: Some("3652d"),
};
const MAX_ENTRIES: usize = 20;
const MAX_PATTERNS: usize = 100;
pub(super) const KEEPS: [Keep; 3] = [Keep::OnSuccess, Keep::OnFailure, Keep::Always];

/// What others call it.
const KEEP_SYNONYMS: [(&str, Keep); 7] = [
    ("success", Keep::OnSuccess),
    ("passed", Keep::OnSuccess),
    ("failure", Keep::OnFailure),
    ("failed", Keep::OnFailure),
    ("on_fail", Keep::OnFailure),
    ("on_always", Keep::Always),
    ("any", Keep::Always),
];

impl Reader<'_> {
    /// A map, a list of maps, or only the patterns.
    pub(super) fn artifacts(&mut self, at: &At<'_, '_>) -> Vec<Artifacts> {
        let entries = match &at.node.value {
            Value::Map(_) => vec![self.entry_of_artifacts(at)],
            Value::List(items) if items.iter().any(|item| matches!(item.value, Value::Map(_))) => {
                self.entries_of_artifacts(at, items)
            }
            Value::Scalar(_) | Value::List(_) | Value::Broken => {
                let expected = "patterns for paths, or a map with `paths`";
                let paths = self.patterns_of_artifacts(at, expected);
                vec![paths.map(|paths| Artifacts { paths, expire_in_ms: millis(USUALLY), ..Artifacts::default() })]
            }
        };
        let entries: Vec<Artifacts> = entries.into_iter().flatten().collect();
        let size = entries.iter().flat_map(|entry| &entry.paths).map(|path| path.len() + 8).sum();
        if self.spend(size, &at.span) { entries } else { Vec::new() }
    }

    fn entries_of_artifacts(&mut self, at: &At<'_, '_>, items: &[Rc<Node<'_>>]) -> Vec<Option<Artifacts>> {
        if items.len() > MAX_ENTRIES {
            let message = format!("a job has {} entries of `artifacts`", items.len());
            self.error(Code::Limit, &at.span, message, format!("at most {MAX_ENTRIES}; one entry takes many patterns"));
            return Vec::new();
        }
        items.iter().map(|item| self.entry_of_artifacts(&At::item(item, "an entry of `artifacts`"))).collect()
    }

    fn entry_of_artifacts(&mut self, at: &At<'_, '_>) -> Option<Artifacts> {
        if let Value::Scalar(_) | Value::List(_) = at.node.value {
            let help = "either only patterns, or only maps with `paths`";
            self.wrong_type(at, "a map with `paths`", Some(help.to_owned()));
            return None;
        }
        let fields = self.fields(at, &shape::ARTIFACTS)?;
        let paths = match fields.get("paths") {
            Some(at) => self.patterns_of_artifacts(&at, "a pattern for paths, or a list of them"),
            None if fields.has_or_meant("paths") => None,
            None => {
                let help = "add `paths`, patterns for files of the workspace: `paths: [dist]`";
                self.error(Code::MissingKey, fields.span(), "these `artifacts` have no paths", help);
                None
            }
        };
        let when = fields.get("when").and_then(|at| self.keep(&at)).unwrap_or_default();
        let usual = || Some(millis(USUALLY));
        let expire_in_ms = fields.get("expire_in").map_or_else(usual, |at| self.days(&at, &EXPIRY));
        let required = fields.get("required").and_then(|at| self.truth(&at)).unwrap_or(false);
        Some(Artifacts { paths: paths?, when, expire_in_ms: expire_in_ms?, required })
    }

    fn patterns_of_artifacts(&mut self, at: &At<'_, '_>, expected: &str) -> Option<Vec<String>> {
        let names = self.texts(at, expected)?;
        if names.len() > MAX_PATTERNS {
            let message = format!("these are {} patterns", names.len());
            self.error(
                Code::Limit,
                &at.span,
                message,
                format!("at most {MAX_PATTERNS}; a folder stands for all in it"),
            );
            return None;
        }
        let taken = names.iter().filter(|name| !name.text.starts_with('!')).count();
        let paths: Vec<Option<String>> = names.iter().map(|name| self.pattern_of_artifacts(name)).collect();
        if taken == 0 && paths.iter().all(Option::is_some) {
            let help = "name at least one file or folder, without `!`";
            self.error(Code::BadValue, &at.span, format!("{} takes no file", at.what), help);
        }
        paths.into_iter().collect()
    }

    /// From the workspace's root; a folder may end with a `/`.
    fn pattern_of_artifacts(&mut self, name: &Named) -> Option<String> {
        let (not, written) = match name.text.strip_prefix('!') {
            Some(bare) => ("!", bare),
            None => ("", name.text.as_str()),
        };
        let trimmed = written.strip_suffix('/').unwrap_or(written);
        let plain = trimmed.trim_start_matches("/workspace/").trim_start_matches("./").trim_start_matches('/');
        let above = trimmed.split('/').any(|part| part == ".." || part == ".") && plain == trimmed;
        if !written.is_empty() && (plain != trimmed || above || plain.contains("//")) {
            let message = format!("{} does not begin at the workspace's root and go down", quoted(&name.text));
            let problem = Problem::new(Code::BadPath, &name.span, message).expected("a path in the workspace");
            let help =
                (!above && !plain.is_empty() && !plain.contains("//")).then(|| did_you_mean(&format!("{not}{plain}")));
            self.report.add(problem.maybe_help(help));
            return None;
        }
        self.pattern("paths", &Named { text: trimmed.to_owned(), span: name.span.clone() })?;
        Some(format!("{not}{trimmed}"))
    }

    fn keep(&mut self, at: &At<'_, '_>) -> Option<Keep> {
        if let Value::Map(_) | Value::List(_) = at.node.value {
            let help = "artifacts are kept after an outcome: `when: always`; conditions stand on the job or a step";
            self.wrong_type(at, &one_of(&KEEPS.map(Keep::as_str)), Some(help.to_owned()));
            return None;
        }
        let words = KEEPS.map(Keep::as_str);
        let text = self.text_of(at, &one_of(&words))?;
        if let Some(keep) = KEEPS.into_iter().find(|keep| keep.as_str() == text) {
            return Some(keep);
        }
        let synonym = KEEP_SYNONYMS.iter().find(|(other, _)| *other == text);
        let help = match (synonym, nearest(&text, words)) {
            (Some((_, keep)), _) => format!("it is called `{}` here", keep.as_str()),
            (None, Some(near)) => did_you_mean(near),
            (None, None) => "it says after which outcome of the job its files are kept".to_owned(),
        };
        let message = format!("{} does not say when artifacts are kept", quoted(&text));
        self.report.add(Problem::new(Code::BadValue, &at.span, message).expected(one_of(&words)).help(help));
        None
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
