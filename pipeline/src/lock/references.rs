//! The images that a pipeline names: by itself, and by the Dockerfiles that it builds.

use crate::diagnostic::{Diagnostics, Place};
use crate::pipeline::Pipeline;
use crate::policy::{Build, built};
use crate::report::Report;
use crate::source::{Source, Span, without_bom};
use crate::{Files, yaml};
use sidings_environment::{Order, Reading};
use std::collections::{BTreeMap, BTreeSet};

/// A reference, and where it stands first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// As it is written; in a Dockerfile, with what its arguments are worth.
    pub reference: String,
    /// Where.
    pub place: Place,
}

/// All that a pipeline names, whatever commit it is of.
///
/// # Errors
/// What is wrong with the pipeline: one that cannot be read names nothing for sure.
pub fn references(file: &str, text: &str, files: &dyn Files) -> Result<Vec<Mention>, Diagnostics> {
    let mut report = Report::new(Source::new(file, text));
    let pipeline = yaml::parse(text, &mut report).and_then(|tree| crate::read::pipeline(&tree, files, &mut report));
    let mention = |report: &Report, (reference, span): (&String, &Span)| Mention {
        reference: reference.clone(),
        place: report.place(span),
    };
    let mut found: Vec<Mention> =
        pipeline.iter().flat_map(|it| &it.references).map(|named| mention(&report, named)).collect();
    let wrong = report.into_diagnostics();
    if wrong.has_errors() {
        return Err(wrong);
    }
    for (path, text, named) in pipeline.iter().flat_map(|pipeline| of_dockerfiles(pipeline, files)) {
        let report = Report::new(Source::new(&path, &text));
        found.extend(named.iter().map(|named| mention(&report, named)));
    }
    Ok(found)
}

/// Each Dockerfile that a pipeline builds: its path, its text, and what its builds begin from and copy from.
pub(super) fn of_dockerfiles(pipeline: &Pipeline, files: &dyn Files) -> Vec<(String, String, BTreeMap<String, Span>)> {
    let of_one = |(path, builds): (String, BTreeSet<Build>)| {
        let text = files.read(&path).unwrap_or_default();
        let named = of_dockerfile(&path, without_bom(&text), builds);
        (path, text, named)
    };
    built(pipeline).into_iter().map(of_one).collect()
}

fn of_dockerfile(path: &str, text: &str, builds: BTreeSet<Build>) -> BTreeMap<String, Span> {
    let mut named = BTreeMap::new();
    for Build { target, args } in builds {
        let (dockerfile, text_of) = (path.to_owned(), text.to_owned());
        let order = Order { dockerfile, text: text_of, target, args, platform: platform(), ..Order::default() };
        // A target that is not there was told already.
        let Ok(reading) = Reading::new(order) else { continue };
        let by_line = reading.bases_by_line().into_iter();
        named.extend(by_line.map(|(reference, line)| (reference, line_of(text, line))));
    }
    named
}

/// A line without the spaces around it.
fn line_of(text: &str, line: usize) -> Span {
    let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
    let whole = text[start..].split('\n').next().unwrap_or_default();
    let indent = whole.len() - whole.trim_start().len();
    start + indent..start + whole.trim_end().len().max(indent)
}

/// References may depend on it; this machine's is the likeliest.
fn platform() -> String {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("linux/{arch}")
}
