//! How long runs waited until their first job began, by project: of the newest runs of all, for who looks after the fleet.

use super::App;
use sidings_proto::Timestamp;
use sidings_proto::fleet::ProjectWaits;
use std::collections::BTreeMap;

/// Runs that are asked.
const ASKED: usize = 300;

/// The waits of the newest runs.
pub(crate) async fn waits(app: &App) -> anyhow::Result<Vec<ProjectWaits>> {
    Ok(of(&app.store.begun(ASKED).await?))
}

/// Of those that began, by project: when each was accepted, and when it began.
fn of(runs: &[(String, Timestamp, Timestamp)]) -> Vec<ProjectWaits> {
    let mut waits: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (project, accepted, begun) in runs {
        waits.entry(project).or_default().push(u64::try_from(begun.0 - accepted.0).unwrap_or(0));
    }
    waits.into_iter().map(|(project, waits)| waited(project, waits)).collect()
}

fn waited(project: &str, mut waits: Vec<u64>) -> ProjectWaits {
    waits.sort_unstable();
    let [p50_ms, p95_ms, p99_ms] = [50, 95, 99].map(|percent| rank(&waits, percent));
    let runs = u32::try_from(waits.len()).unwrap_or(u32::MAX);
    ProjectWaits { project: project.to_owned(), runs, p50_ms, p95_ms, p99_ms }
}

/// The least that so many of a hundred do not pass.
fn rank(sorted: &[u64], percent: usize) -> u64 {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_hundred_waits_each_has_its_rank() {
        let waits: Vec<u64> = (1..=100).collect();
        assert_eq!([50, 95, 99].map(|percent| rank(&waits, percent)), [50, 95, 99]);
        assert_eq!([50, 95, 99].map(|percent| rank(&[7], percent)), [7, 7, 7]);
        assert_eq!(rank(&[1, 2, 3], 50), 2);
    }

    #[test]
    fn a_run_that_began_before_it_was_accepted_waited_for_nothing() {
        let run = |project: &str, accepted, begun| (project.to_owned(), Timestamp(accepted), Timestamp(begun));
        let runs = [run("web", 0, 9_000), run("api", 500, 400), run("web", 0, 1_000), run("web", 100, 300)];
        let told = |project: &str, runs, p50_ms, p95_ms, p99_ms| ProjectWaits {
            project: project.to_owned(),
            runs,
            p50_ms,
            p95_ms,
            p99_ms,
        };
        assert_eq!(of(&runs), [told("api", 1, 0, 0, 0), told("web", 3, 1_000, 9_000, 9_000)]);
    }
}
