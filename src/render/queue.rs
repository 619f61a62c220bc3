//! What waits for the fleet or for people.

use super::safe::name;
use super::style::{DIM, NAME, paint};
use super::table::table;
use sidings_proto::Timestamp;
use sidings_proto::fleet::{QueueView, WaitingJob};

/// `sidings queue`.
pub(crate) fn queue(queue: &QueueView, now: Timestamp) -> String {
    let job = |job: &WaitingJob| {
        let run = format!("{}@{}", name(&job.project), job.number);
        [paint(NAME, run), name(&job.name), name(&job.wait.told(now))]
    };
    let jobs = match queue.waiting.as_slice() {
        [] => "nothing waits\n".to_owned(),
        jobs => table(["run", "job", "waits"], &jobs.iter().map(job).collect::<Vec<_>>()),
    };
    let more = if queue.more { paint(DIM, "and more\n") } else { String::new() };
    jobs + &more
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::plain;
    use expect_test::expect;
    use sidings_proto::api::{WaitFor, WaitView};
    use sidings_proto::{JobId, RunId};

    #[test]
    fn each_job_says_for_what_it_waits() {
        assert_eq!(queue(&QueueView::default(), Timestamp(0)), "nothing waits\n");
        let wait = |message: &str, starts| WaitView { kind: WaitFor::Turn, message: message.to_owned(), starts };
        let job = |job: &str, wait| WaitingJob {
            id: JobId(uuid::Uuid::nil()),
            name: job.to_owned(),
            run: RunId(uuid::Uuid::nil()),
            project: "shop".to_owned(),
            number: 7,
            wait,
        };
        let waiting = vec![
            job("unit", wait("2 jobs ahead", Some(Timestamp(300_000)))),
            job("deploy \u{1b}[31m", wait("needs the approval of ada", None)),
        ];
        let view = QueueView { waiting, more: true };
        expect![[r#"
            run     job                waits
            shop@7  unit               2 jobs ahead; starts in about 5 min
            shop@7  deploy \u{1b}[31m  needs the approval of ada
            and more
        "#]]
        .assert_eq(&plain(&queue(&view, Timestamp(0))));
    }
}
