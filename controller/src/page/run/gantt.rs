//! The attempts of a run over time, a lane for each slot of a runner that worked for it; in permille of the whole, so
//! that the picture is as wide as the page.

use crate::page::state::{Mark, mark};
use crate::page::when::{between, lasting};
use sidings_proto::api::{JobView, RunView, State};
use sidings_proto::{JobId, RunnerId, Timestamp};

/// The picture.
pub(super) struct Gantt {
    pub(super) lanes: Vec<Lane>,
    /// Where on the scale, and what it says there.
    pub(super) scale: Vec<String>,
}

/// A slot of a runner.
pub(super) struct Lane {
    runner: RunnerId,
    pub(super) name: String,
    /// The runner's first lane, which is labelled.
    pub(super) first: bool,
    free_from: i64,
    pub(super) bars: Vec<Bar>,
}

/// An attempt.
pub(super) struct Bar {
    pub(super) job: JobId,
    pub(super) name: String,
    pub(super) mark: Mark,
    pub(super) attempt: Option<u64>,
    pub(super) lasted: String,
    /// In percent of the whole.
    pub(super) x: String,
    pub(super) width: String,
    /// Wide enough for its name.
    pub(super) named: bool,
}

struct Tried<'a> {
    job: &'a JobView,
    no: usize,
}

impl Gantt {
    pub(super) fn of(run: &RunView, now: Timestamp) -> Self {
        let mut tried: Vec<_> =
            run.jobs.iter().flat_map(|job| (0..job.attempts.len()).map(move |no| Tried { job, no })).collect();
        tried.sort_by_key(|tried| tried.job.attempts[tried.no].started);
        let from = tried.first().map_or(run.summary.created, |first| first.job.attempts[first.no].started);
        let to = run.summary.ended.unwrap_or(now);
        let whole = (to.0 - from.0).max(1);
        let mut lanes: Vec<Lane> = Vec::new();
        for tried in &tried {
            add(&mut lanes, tried, (from, whole), now);
        }
        lanes.sort_by(|one, other| (&one.name, one.runner).cmp(&(&other.name, other.runner)));
        let mut before = None;
        for lane in &mut lanes {
            lane.first = before.replace(lane.runner) != Some(lane.runner);
        }
        let scale = (0..=4).map(|part| lasting(whole * part / 4)).collect();
        Self { lanes, scale }
    }
}

fn add(lanes: &mut Vec<Lane>, tried: &Tried<'_>, (from, whole): (Timestamp, i64), now: Timestamp) {
    let attempt = &tried.job.attempts[tried.no];
    let (start, end) = (attempt.started.0 - from.0, attempt.ended.unwrap_or(now).0 - from.0);
    let state = if attempt.ended.is_some() { State::Ended } else { State::Running };
    let permille = |ms: i64| ms.clamp(0, whole) * 1000 / whole;
    let wide = (permille(end) - permille(start)).max(4);
    let bar = Bar {
        job: tried.job.id,
        name: tried.job.name.clone(),
        mark: mark(state, attempt.verdict.as_ref()),
        attempt: (tried.job.attempts.len() > 1).then_some(attempt.fence),
        lasted: between(attempt.started, attempt.ended, now),
        x: percent(permille(start).min(996)),
        width: percent(wide),
        named: wide > 70,
    };
    let free = lanes.iter_mut().find(|lane| lane.runner == attempt.runner && lane.free_from <= start);
    match free {
        Some(lane) => {
            lane.free_from = end;
            lane.bars.push(bar);
        }
        None => lanes.push(Lane {
            runner: attempt.runner,
            name: attempt.runner_name.clone(),
            first: false,
            free_from: end,
            bars: vec![bar],
        }),
    }
}

fn percent(permille: i64) -> String {
    format!("{}.{}%", permille / 10, permille % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::run::tests::{attempt, job, run};

    #[test]
    fn what_one_runner_did_at_once_has_a_lane_each() {
        let mut jobs = [job("a", None, &[]), job("b", None, &[]), job("c", None, &[]), job("d", None, &[])];
        jobs[0].attempts = vec![attempt(1, 0, Some(50))];
        jobs[1].attempts = vec![attempt(1, 10, Some(30))];
        jobs[2].attempts = vec![attempt(1, 30, Some(100))];
        jobs[3].attempts = vec![attempt(2, 20, None)];
        let gantt = Gantt::of(&run(jobs.to_vec()), Timestamp(100));
        let told: Vec<_> = gantt
            .lanes
            .iter()
            .map(|lane| {
                let bars: Vec<_> =
                    lane.bars.iter().map(|bar| format!("{} {}+{}", bar.name, bar.x, bar.width)).collect();
                (&*lane.name, lane.first, bars.join(", "))
            })
            .collect();
        let expected = [
            ("r1", true, "a 0.0%+50.0%".to_owned()),
            ("r1", false, "b 10.0%+20.0%, c 30.0%+70.0%".to_owned()),
            ("r2", true, "d 20.0%+80.0%".to_owned()),
        ];
        assert_eq!(told, expected);
        assert_eq!(gantt.lanes[2].bars[0].mark.word, "running");
    }
}
