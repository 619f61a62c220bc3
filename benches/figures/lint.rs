//! How long `sidings lint` takes for a file as large as any, beside reading its YAML alone.

use crate::report::{Report, median};
use serde_saphyr::granit_parser::Parser;
use sidings_pipeline::{Context, Files, Input};
use sidings_proto::{Commit, Trigger};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Instant;

const JOBS: usize = 1000;
const TIMES: usize = 21;

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Option<String> {
        None
    }
}

/// Jobs that need one another in stages of ten, each with a condition and two steps.
fn thousand_jobs() -> String {
    let mut text = "image: debian:12\njobs:\n".to_owned();
    for job in 0..JOBS {
        let needs = if job < 10 { "[]".to_owned() } else { format!("[job-{}]", job - 10) };
        write!(
            text,
            "  job-{job}:\n    needs: {needs}\n    when: {{ branch: main }}\n    steps:\n      - run: make {job}\n"
        )
        .unwrap();
    }
    text
}

fn milliseconds(mut deed: impl FnMut()) -> f64 {
    let start = Instant::now();
    deed();
    start.elapsed().as_secs_f64() * 1e3
}

pub(crate) fn measure(report: &mut Report) {
    let text = thousand_jobs();
    let context = Context {
        trigger: Trigger::Push,
        commit: Commit::default(),
        default_branch: "main".to_owned(),
        project: "bench".to_owned(),
        inputs: BTreeMap::new(),
    };
    let (mut floor, mut lint) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        floor.push(milliseconds(|| assert!(Parser::new_from_str(&text).all(|event| event.is_ok()))));
        let input = Input {
            file: sidings_pipeline::FILE,
            text: &text,
            context: &context,
            files: &NoFiles,
            policy: &Default::default(),
        };
        lint.push(milliseconds(|| assert!(sidings_pipeline::lint(&input).0.is_empty())));
    }
    let (floor, lint) = (median(&mut floor), median(&mut lint));
    let detail = format!("{} KiB; reading its YAML alone {floor:.1} ms, so {:.1}×", text.len() / 1024, lint / floor);
    report.at_most("lint of 1,000 jobs", lint, 100.0, "ms", &detail);
}
