//! 200 keys under a budget of 2 GB, twice as much as may be kept: what is left in the end, and whether a job suffered.

use crate::report::Report;
use crate::support::{Fleet, Hosts, Soak};

const SOAK: Soak = Soak { host: 4, runs: 10, jobs: 20, megabytes: 20, budget: 2_000 };

pub(crate) async fn measure(report: &mut Report) {
    let _hosts = Hosts::of("soak", [SOAK.host]);
    let fleet = Fleet::start().await;
    let soaked = SOAK.run(&fleet, "soak").await;
    let gigabytes = |bytes: u64| bytes as f64 / 1e9;
    let most = gigabytes(soaked.kept.iter().copied().max().unwrap_or(0));
    let keys = SOAK.runs * SOAK.jobs;
    let bar = SOAK.budget as f64 / 1e3;
    let detail = format!(
        "{} of {keys} keys built, {} MB each; {most:.2} GB after the largest run",
        soaked.built, SOAK.megabytes
    );
    report.at_most("images and build cache kept, under a budget", gigabytes(soaked.left), bar, "GB", &detail);
    report.at_most("jobs that the clean-up failed", soaked.failed.len() as f64, 0.0, "jobs", &soaked.failed.concat());
}
