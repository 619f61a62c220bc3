//! `reports:` of a job: the files in which its steps tell of their tests.

use super::fields::At;
use super::{Reader, path, shape};
use crate::diagnostic::Code;
use crate::pipeline::Named;
use crate::report::Problem;
use crate::suggest::{did_you_mean, quoted};
use crate::yaml::Value;
use sidings_proto::Reports;

/// Patterns of one job. More would be a list that somebody generated: `**` says it in one.
const MOST: usize = 50;
const A_FILE: &str = "a file, a pattern for files, or a list of them";

impl Reader<'_> {
    pub(super) fn reports(&mut self, at: &At<'_, '_>) -> Reports {
        if let Value::Scalar(_) | Value::List(_) = at.node.value
            && !at.node.is_null()
        {
            let help = "name the format: `reports: { junit: report.xml }`";
            self.wrong_type(at, "a map with `junit`", Some(help.to_owned()));
            return Reports::default();
        }
        let Some(fields) = self.fields(at, &shape::REPORTS) else { return Reports::default() };
        let junit = match fields.get("junit") {
            Some(at) => self.report_files(&at),
            None => {
                if !fields.has_or_meant("junit") {
                    let help = "add `junit:` with the file that the tests write, such as `junit: report.xml`";
                    self.error(Code::MissingKey, fields.span(), "these `reports` name no file", help);
                }
                Vec::new()
            }
        };
        let required = fields.get("required").and_then(|at| self.truth(&at)).unwrap_or(false);
        Reports { junit, required }
    }

    fn report_files(&mut self, at: &At<'_, '_>) -> Vec<String> {
        let names = self.texts(at, A_FILE).unwrap_or_default();
        if matches!(&at.node.value, Value::List(items) if items.is_empty()) {
            let help = "name at least one file, or take `reports` out";
            self.error(Code::BadValue, &at.span, "`junit` is an empty list", help);
        }
        if names.len() > MOST {
            let message = format!("`junit` is a list of {}, which is too many", names.len());
            let help = "a pattern stands for many files: `junit: \"**/target/surefire-reports/*.xml\"`";
            self.report.add(Problem::new(Code::BadValue, &at.span, message).expected("at most 50").help(help));
            return Vec::new();
        }
        names.iter().filter_map(|name| self.report_file(name)).collect()
    }

    /// From the workspace's root, in its plainest form.
    fn report_file(&mut self, name: &Named) -> Option<String> {
        let plain = match path::inside("", &name.text) {
            Ok(plain) => plain,
            Err(not) => {
                let message = format!("the path {} {}", quoted(&name.text), not.why().replace("project", "workspace"));
                let inside = name.text.strip_prefix("/workspace/").filter(|inside| !inside.is_empty());
                let problem = Problem::new(Code::BadPath, &name.span, message)
                    .expected("a path in the workspace")
                    .maybe_help(inside.map(did_you_mean));
                self.report.add(problem);
                return None;
            }
        };
        if plain == "." || name.text.ends_with('/') {
            let message = format!("{} is a folder, but must be a file or a pattern for files", quoted(&name.text));
            let files = format!("{}*.xml", if plain == "." { String::new() } else { format!("{plain}/") });
            self.report.add(Problem::new(Code::BadPath, &name.span, message).help(did_you_mean(&files)));
            return None;
        }
        if plain.starts_with('!') {
            let message = format!("the pattern {} cannot begin with `!`", quoted(&name.text));
            self.error(Code::BadValue, &name.span, message, "name the files that are to be read; all others are not");
            return None;
        }
        let pattern = self.pattern("junit", &Named { text: plain, span: name.span.clone() })?;
        Some(pattern.as_str().to_owned())
    }
}
