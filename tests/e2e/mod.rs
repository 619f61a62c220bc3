//! What a person does, on a real engine: runs, failures, kills, pushes.

mod artifacts;
mod authorities;
mod caches;
mod cleaning;
mod conditions;
mod endings;
mod examples;
mod flaws;
mod flights;
mod inits;
mod inventories;
mod keys;
mod kills;
mod locks;
mod names;
mod opened;
mod page;
mod preset_faults;
mod presets;
mod pushes;
mod registries;
mod reports;
mod schedules;
mod scheduling;
mod secrets;
mod services;
mod shells;
mod sources;
mod split_deaths;
mod split_doctor;
mod split_extremes;
mod split_unlisted;
mod splits;
mod wanted;
mod watched;
mod workspaces;

use crate::support::Fleet;
use sidings_proto::RunId;
use sidings_proto::api::RunView;
use std::path::Path;

/// Submits the tree as a person would and gives the run's id.
fn submit(fleet: &Fleet, tree: &Path) -> RunId {
    let (code, stdout, stderr) = fleet.sidings(tree, &["submit", "--project", "test", "--json"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    serde_json::from_str::<RunView>(&stdout).unwrap().summary.id
}

/// What the job's verdicts are, in a line each: `name: verdict`, with the class where it failed.
fn verdicts(view: &RunView) -> String {
    let word = |verdict: &Option<sidings_proto::Verdict>| match verdict {
        Some(sidings_proto::Verdict::Failed(failure)) => format!("failed ({})", failure.class),
        Some(other) => other.word().to_owned(),
        None => "none".to_owned(),
    };
    let mut out = format!("run: {}\n", word(&view.summary.verdict));
    for job in &view.jobs {
        out += &format!("{}: {}, attempts {}\n", job.name, word(&job.verdict), job.attempts.len());
        for step in &job.steps {
            let code = step.code.map(|code| format!(", code {code}")).unwrap_or_default();
            out += &format!("  {}: {}{code}\n", step.name, word(&step.verdict));
        }
    }
    out
}
