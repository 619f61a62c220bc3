//! How long the runs of each project waited, below the runners that they waited for.

use super::duration::span;
use super::safe::name;
use super::table::table;
use sidings_proto::fleet::ProjectWaits;
use std::time::Duration;

/// Empty while no run began.
pub(super) fn waits(waits: &[ProjectWaits]) -> String {
    if waits.is_empty() {
        return String::new();
    }
    let row = |of: &ProjectWaits| {
        let ProjectWaits { project, runs, p50_ms, p95_ms, p99_ms } = of;
        let [p50, p95, p99] = [p50_ms, p95_ms, p99_ms].map(|ms| span(Duration::from_millis(*ms)));
        [name(project), runs.to_string(), p50, p95, p99]
    };
    let rows: Vec<_> = waits.iter().map(row).collect();
    format!("\n{}", table(["runs waited", "runs", "p50", "p95", "p99"], &rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::plain;
    use insta::assert_snapshot;

    #[test]
    fn each_project_says_how_long_its_runs_waited() {
        let of = |project: &str, runs, [p50_ms, p95_ms, p99_ms]: [u64; 3]| ProjectWaits {
            project: project.to_owned(),
            runs,
            p50_ms,
            p95_ms,
            p99_ms,
        };
        let told = waits(&[of("team/web", 212, [400, 12_300, 754_000]), of("api", 1, [0, 0, 0])]);
        assert_snapshot!(plain(&told), @r"

        runs waited  runs  p50   p95    p99
        team/web     212   0.4s  12.3s  12m34s
        api          1     0.0s  0.0s   0.0s
        ");
        assert_eq!(waits(&[]), "");
    }
}
