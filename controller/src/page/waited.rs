//! How long runs waited until their first job began, by project: of the newest runs of all, for who looks after the fleet.

use super::when::lasting;
use sidings_proto::Timestamp;
use std::collections::BTreeMap;

/// Runs that are asked.
pub(super) const ASKED: usize = 300;

/// The waits of a project.
pub(super) struct Waited {
    pub(super) project: String,
    pub(super) runs: usize,
    /// Half of them, 95 and 99 of a hundred, waited no longer.
    pub(super) within: [String; 3],
}

/// Of those that began, by project.
pub(super) fn of(runs: &[(String, Timestamp, Timestamp)]) -> Vec<Waited> {
    let mut waits: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for (project, accepted, begun) in runs {
        waits.entry(project).or_default().push((begun.0 - accepted.0).max(0));
    }
    waits.into_iter().map(|(project, waits)| waited(project, waits)).collect()
}

fn waited(project: &str, mut waits: Vec<i64>) -> Waited {
    waits.sort_unstable();
    let within = [50, 95, 99].map(|percent| lasting(rank(&waits, percent)));
    Waited { project: project.to_owned(), runs: waits.len(), within }
}

/// The least that so many of a hundred do not pass.
fn rank(sorted: &[i64], percent: usize) -> i64 {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_hundred_waits_each_has_its_rank() {
        let waits: Vec<i64> = (1..=100).collect();
        assert_eq!([50, 95, 99].map(|percent| rank(&waits, percent)), [50, 95, 99]);
        assert_eq!([50, 95, 99].map(|percent| rank(&[7], percent)), [7, 7, 7]);
        assert_eq!(rank(&[1, 2, 3], 50), 2);
        let waited = waited("web", vec![9_000, 1_000, 200]);
        assert_eq!((waited.runs, waited.within), (3, ["1.0 s", "9.0 s", "9.0 s"].map(str::to_owned)));
    }
}
