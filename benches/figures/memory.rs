//! What idle processes need in memory.

use crate::report::Report;
use crate::support::Fleet;

/// None for a process that has ended.
fn status_mb(pid: u32, field: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: f64 = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap();
    Some(kib * 1024.0 / 1e6)
}

/// The most a process ever had resident, in MB.
pub(crate) fn peak_mb(pid: u32) -> Option<f64> {
    status_mb(pid, "VmHWM")
}

pub(crate) async fn measure(report: &mut Report) {
    let fleet = Fleet::start().await;
    let runner = fleet.warm_runner("bench", 1).await;
    fleet.settle().await;
    report.at_most("idle controller", status_mb(fleet.controller_pid(), "VmRSS").unwrap(), 40.0, "MB", "VmRSS");
    report.at_most("idle runner", status_mb(runner.process.pid(), "VmRSS").unwrap(), 25.0, "MB", "VmRSS");
}
