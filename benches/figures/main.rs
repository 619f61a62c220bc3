//! The figures of the README, measured: floor and candidate in turn, in one run, medians, and what the bar is.
//!
//! `./scripts/bench` runs all, `./scripts/bench NAME…` some: `artifacts`, `jobs`, `key`, `lint`, `log`,
//! `dispatch`, `drain`, `memory`, `inventory`, `environments`, `workspace`, `page`, `viewers`, `split`; only by their names `split-whole`,
//! which takes a quarter of an hour, `split-kills`, five minutes, and `soak`, which writes some 8 GB.
//! Nothing here passes or fails; a bar that is missed is printed as missed.

#![allow(clippy::unwrap_used, reason = "what cannot go on ends here, with the place")]

mod artifacts;
mod dispatch;
mod drain;
mod environments;
mod inventory;
mod jobs;
mod key;
mod lint;
mod log;
mod memory;
mod page;
mod report;
mod soak;
mod split;
mod submit;
#[path = "../../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the tests, which use all of it")]
mod support;
mod viewers;
mod workspace;

use report::Report;

#[tokio::main]
async fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let mut report = Report::default();
    if is_wanted("memory") {
        memory::measure(&mut report).await;
    }
    if is_wanted("lint") {
        lint::measure(&mut report);
    }
    if is_wanted("key") {
        key::measure(&mut report);
    }
    if is_wanted("inventory") {
        inventory::measure(&mut report);
    }
    if is_wanted("jobs") {
        jobs::measure(&mut report).await;
    }
    if is_wanted("log") {
        log::measure(&mut report).await;
    }
    if is_wanted("artifacts") {
        artifacts::measure(&mut report).await;
    }
    if is_wanted("dispatch") {
        dispatch::measure(&mut report).await;
    }
    if is_wanted("drain") {
        drain::measure(&mut report).await;
    }
    if is_wanted("environments") {
        environments::measure(&mut report).await;
    }
    if is_wanted("workspace") {
        workspace::measure(&mut report).await;
    }
    if is_wanted("page") {
        page::measure(&mut report).await;
    }
    if is_wanted("viewers") {
        viewers::measure(&mut report).await;
    }
    if is_wanted("split") {
        split::measure(&mut report, &split::SHORT).await;
    }
    if wanted.iter().any(|word| word == "split-whole") {
        split::measure(&mut report, &split::WHOLE).await;
    }
    if wanted.iter().any(|word| word == "split-kills") {
        split::kills::measure(&mut report).await;
    }
    if wanted.iter().any(|word| word == "soak") {
        soak::measure(&mut report).await;
    }
    report.print();
}
