//! What idle processes need in memory.

use crate::report::Report;
use crate::support::Fleet;

fn status_mb(pid: u32, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    let kib: f64 = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024.0 / 1e6
}

/// The most a process ever had resident, in MB.
pub(crate) fn peak_mb(pid: u32) -> f64 {
    status_mb(pid, "VmHWM")
}

pub(crate) async fn measure(report: &mut Report) {
    let fleet = Fleet::start().await;
    let runner = fleet.warm_runner("bench", 1).await;
    fleet.settle().await;
    report.at_most("idle controller", status_mb(fleet.controller_pid(), "VmRSS"), 40.0, "MB", "VmRSS");
    report.at_most("idle runner", status_mb(runner.process.pid(), "VmRSS"), 25.0, "MB", "VmRSS");
}
