//! `status`, `matrix` and `path` of a condition.

use super::Reader;
use super::fields::At;
use super::when::Place;
use crate::condition::Paths;
use crate::diagnostic::Code;
use crate::pipeline::Named;
use crate::report::Problem;
use crate::suggest::{did_you_mean, nearest, one_of, quoted};
use sidings_proto::RunsOn;
use sidings_proto::pattern::Pattern;

pub(super) const STATUSES: [(&str, RunsOn); 3] =
    [("success", RunsOn::Success), ("failure", RunsOn::Failure), ("always", RunsOn::Always)];

/// What others call it.
const SYNONYMS: [(&str, &str); 7] = [
    ("failed", "failure"),
    ("on_failure", "failure"),
    ("error", "failure"),
    ("passed", "success"),
    ("on_success", "success"),
    ("completed", "always"),
    ("any", "always"),
];

impl Reader<'_> {
    pub(super) fn status(&mut self, at: &At<'_, '_>, place: Place) -> Option<RunsOn> {
        if !place.has_others_before() {
            let message = format!("`status` means nothing {}", place.named());
            self.error(Code::BadValue, &at.span, message, "it stands under `when` of a job or step");
            return None;
        }
        let names = self.some_texts(at, "a status, or a list of them");
        let read: Vec<Option<RunsOn>> = names.iter().map(|name| self.one_status(name)).collect();
        read.into_iter().flatten().reduce(|one, other| if one == other { one } else { RunsOn::Always })
    }

    fn one_status(&mut self, name: &Named) -> Option<RunsOn> {
        if let Some((_, status)) = STATUSES.iter().find(|(word, _)| *word == name.text) {
            return Some(*status);
        }
        let words = STATUSES.map(|(word, _)| word);
        let synonym = SYNONYMS.iter().find(|(other, _)| *other == name.text);
        let help = match (synonym, nearest(&name.text, words)) {
            (Some((_, word)), _) => format!("it is called `{word}` here"),
            (None, Some(near)) => did_you_mean(near),
            (None, None) => format!("a status is {}", one_of(&words)),
        };
        let message = format!("{} is not a status", quoted(&name.text));
        self.report.add(Problem::new(Code::BadValue, &name.span, message).expected("a status").help(help));
        None
    }

    /// Why it is false for the combination that is read; `Some(None)` where it is true, none where it is wrong.
    pub(super) fn mismatch(&mut self, at: &At<'_, '_>, place: Place) -> Option<Option<String>> {
        let (Some(combination), Some(axes)) = (self.axes.clone(), self.matrix_axes.clone()) else {
            let message = format!("there is no matrix {}", place.named());
            self.error(Code::UnknownAxis, &at.span, message, "it stands in a job that has `matrix`");
            return None;
        };
        let mut reason = None;
        for entry in self.map(at)? {
            let axis = self.axis_of(&entry.key, &axes);
            let values = self.some_texts(&At::value_of(entry), "a value of the axis, or a list of them");
            let Some(axis) = axis else { continue };
            let known = values.iter().filter(|value| self.is_of_axis(value, axis)).count();
            let is = combination.get(&axis.name).unwrap_or_default();
            let words: Vec<&str> = values.iter().map(|value| value.text.as_str()).collect();
            if known == values.len() && !words.contains(&is) {
                reason = reason.or_else(|| Some(format!("{} is {is}, not {}", axis.name, words.join(" or "))));
            }
        }
        Some(reason)
    }

    pub(super) fn paths(&mut self, at: &At<'_, '_>) -> Paths {
        let mut paths = Paths { these: Vec::new(), others: Vec::new() };
        for name in self.some_texts(at, "a pattern for paths, or a list of them") {
            let (list, bare) = match name.text.strip_prefix('!') {
                Some(bare) => (&mut paths.others, Named { text: bare.to_owned(), span: name.span.clone() }),
                None => (&mut paths.these, name),
            };
            list.extend(self.path_pattern(&bare));
        }
        paths
    }

    /// From the project's root, as git names paths.
    fn path_pattern(&mut self, name: &Named) -> Option<Pattern> {
        let plain = name.text.trim_start_matches("./").trim_start_matches('/');
        let meant = match plain.strip_suffix('/') {
            Some(folder) => format!("{folder}/**"),
            None => plain.to_owned(),
        };
        let above = name.text.split('/').any(|part| part == "..");
        if !name.text.is_empty() && (meant != name.text || above) {
            let message = format!("{} is not how a changed path is named", quoted(&name.text));
            let problem = Problem::new(Code::BadPath, &name.span, message).expected("a path from the project's root");
            let help = (!above && !plain.is_empty()).then(|| did_you_mean(&meant));
            self.report.add(problem.maybe_help(help));
            return None;
        }
        self.pattern("path", name)
    }
}
