//! `${matrix.NAME}` in the texts of a job.
//!
//! The values of the matrix stand in for it wherever a text is read, in `run:` as well: no shell could mean anything
//! by it. `$${matrix.NAME}` leaves `${matrix.NAME}`. Every other `${…}` stays as it is.

use super::Reader;
use super::fields::At;
use crate::diagnostic::Code;
use crate::report::Problem;
use crate::suggest::{did_you_mean, listed, nearest, quoted};

const BEGIN: &str = "${matrix.";

/// Whether something is to be replaced in a text.
pub(super) fn refers_to_matrix(text: &str) -> bool {
    text.contains(BEGIN)
}

impl Reader<'_> {
    /// The text with the values of the combination that is read; none where it asks for what is not there.
    pub(super) fn replaced(&mut self, at: &At<'_, '_>, text: &str) -> Option<String> {
        if let Some(foreign) = foreign(text) {
            let span = self.report.find(&at.span, foreign);
            let message = format!("{} is another language's", quoted(foreign));
            self.error(Code::BadValue, &span, message, format!("write `${{{}}}`", name_in(foreign)));
            return None;
        }
        let mut replaced = String::with_capacity(text.len());
        let (mut rest, mut right) = (text, true);
        while let Some((before, name, after)) = next(rest) {
            rest = after;
            if let Some(bare) = before.strip_suffix('$') {
                replaced.extend([bare, BEGIN, name, "}"]);
                continue;
            }
            let value = self.axes.as_ref().and_then(|axes| axes.get(name)).map(str::to_owned);
            match value {
                Some(value) => replaced.extend([before, &value]),
                None => {
                    self.no_such_axis(at, name);
                    right = false;
                }
            }
        }
        replaced.push_str(rest);
        right.then_some(replaced)
    }

    fn no_such_axis(&mut self, at: &At<'_, '_>, name: &str) {
        let written = format!("{BEGIN}{name}}}");
        let span = self.report.find(&at.span, &written);
        let Some(combination) = self.axes.clone() else {
            let message = format!("there is no matrix here for {}", quoted(&written));
            let help = format!("it stands in a job that has `matrix`; `${written}` leaves it to the shell");
            self.error(Code::UnknownAxis, &span, message, help);
            return;
        };
        let axes: Vec<&str> = combination.axes().collect();
        let help = match nearest(name, axes.iter().copied()) {
            Some(near) => did_you_mean(&format!("{BEGIN}{near}}}")),
            None => format!("this job's matrix has {}", listed(&axes, "and")),
        };
        let problem = Problem::new(Code::UnknownAxis, &span, format!("{} is not an axis of the matrix", quoted(name)));
        self.report.add(problem.expected("an axis").help(help));
    }
}

/// What stands before the next reference, the name in it, and what follows.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find(BEGIN)?;
    let (name, after) = text[start + BEGIN.len()..].split_once('}')?;
    Some((&text[..start], name, after))
}

/// `${{ matrix.x }}`.
fn foreign(text: &str) -> Option<&str> {
    let mut starts = text.match_indices("${{").map(|(at, _)| &text[at..]);
    let found = starts.find(|rest| rest[3..].trim_start().starts_with("matrix."))?;
    Some(&found[..found.find("}}")? + 2])
}

fn name_in(foreign: &str) -> &str {
    foreign.trim_matches(['$', '{', '}', ' '])
}
