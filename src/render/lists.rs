//! Runs, projects, runners and tokens, one a line.

use super::artifacts::size;
use super::duration::{ago, minute, since, span};
use super::safe::{flat, name};
use super::style::{BAD, BUSY, DIM, GOOD, NAME, mark, paint, word};
use super::table::table;
use super::tree::short;
use super::waited::waits;
use console::truncate_str;
use jiff::tz::TimeZone;
use sidings_proto::Timestamp;
use sidings_proto::api::{
    ProjectView, Projects, RunSummary, RunnerState, RunnerView, Runners, Runs, ScheduleView, Schedules, TokenKind,
    TokenView, Tokens,
};
use sidings_proto::audit::{AuditEntry, AuditLog, Outcome};
use sidings_proto::fleet::{Drained, Machine, PoolView};
use sidings_proto::secret::{SecretView, Secrets};
use std::time::Duration;

/// `sidings runs`.
pub(crate) fn runs(runs: &Runs, now: Timestamp) -> String {
    if runs.runs.is_empty() {
        return "no runs yet: `sidings submit` sends this tree\n".to_owned();
    }
    let row = |run: &RunSummary| {
        let verdict = run.verdict.as_ref();
        let subject = flat(run.commit.message.lines().next().unwrap_or_default().as_bytes());
        [
            run_name(run),
            format!("{} {}", mark(run.state, verdict), word(run.state, verdict)),
            format!("{:>8}", since(run.started, run.ended, now)),
            ago(run.created, now),
            run.trigger.as_str().to_owned(),
            truncate_str(run.commit.ref_name(), 24, "…").into_owned(),
            short(&run.commit.sha).to_owned(),
            paint(DIM, truncate_str(&subject, 50, "…")),
        ]
    };
    let rows: Vec<_> = runs.runs.iter().map(row).collect();
    table(["run", "verdict", "duration", "accepted", "event", "ref", "commit", "subject"], &rows)
}

/// `shop@12`, and which pipeline it is of where the project has several.
pub(crate) fn run_name(run: &RunSummary) -> String {
    let name = paint(NAME, format!("{}@{}", run.project, run.number));
    match &run.pipeline {
        Some(pipeline) => format!("{name} {pipeline}"),
        None => name,
    }
}

/// `sidings project list`.
pub(crate) fn projects(projects: &Projects) -> String {
    if projects.projects.is_empty() {
        return "no projects yet: `sidings project add NAME --repo PATH` makes one known\n".to_owned();
    }
    let row = |project: &ProjectView| {
        let repo = if project.repo_url.is_empty() { paint(DIM, "(snapshots only)") } else { project.repo_url.clone() };
        [paint(NAME, &project.name), project.default_branch.clone(), repo]
    };
    table(["project", "default branch", "repository"], &projects.projects.iter().map(row).collect::<Vec<_>>())
}

/// `sidings schedules`. Times are those of this machine's zone.
pub(crate) fn schedules(schedules: &Schedules) -> String {
    if schedules.schedules.is_empty() {
        return "no project wants runs at certain times: `schedule:` on its default branch says so\n".to_owned();
    }
    let row = |schedule: &ScheduleView| {
        let ScheduleView { project, entry, next } = schedule;
        let inputs: Vec<String> = entry.inputs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        [
            entry
                .pipeline
                .as_ref()
                .map_or_else(|| paint(NAME, project), |name| format!("{} {name}", paint(NAME, project))),
            next.map_or_else(|| "never".to_owned(), |next| minute(next, &TimeZone::system())),
            entry.cron.clone(),
            entry.timezone.clone(),
            flat(entry.branch.as_deref().unwrap_or_default().as_bytes()),
            paint(DIM, flat(inputs.join(" ").as_bytes())),
        ]
    };
    let rows: Vec<_> = schedules.schedules.iter().map(row).collect();
    table(["project", "next", "cron", "time zone", "branch", "inputs"], &rows)
}

/// `sidings runners`.
pub(crate) fn runners(runners: &Runners, now: Timestamp) -> String {
    if runners.runners.is_empty() {
        return "no runners yet: `sidings runner` starts one\n".to_owned();
    }
    let row = |runner: &RunnerView| {
        let state = match runner.state {
            RunnerState::Up if runner.low_disk.is_some() => paint(BAD, "no room"),
            RunnerState::Up => paint(GOOD, "up"),
            RunnerState::Draining if runner.drained.is_some() && runner.busy == 0 => paint(BUSY, "drained"),
            RunnerState::Draining => paint(BUSY, "draining"),
            RunnerState::Silent => paint(DIM, "silent"),
        };
        let (disk, images) = runner.machine.map_or_else(Default::default, |machine| {
            let Machine { disk_free, disk_all, images, image_bytes } = machine;
            (format!("{} of {} free", size(disk_free), size(disk_all)), format!("{images}, {}", size(image_bytes)))
        });
        let labels = runner.labels.iter().map(|(key, value)| format!("{key}={value}"));
        [
            paint(NAME, &runner.name),
            state,
            format!("{}/{}", runner.busy, runner.slots),
            ago(runner.seen, now),
            runner.version.clone(),
            disk,
            images,
            paint(DIM, labels.collect::<Vec<_>>().join(" ")),
        ]
    };
    let list = table(
        ["runner", "state", "busy", "heard", "version", "disk", "images", "labels"],
        &runners.runners.iter().map(row).collect::<Vec<_>>(),
    );
    let full = |runner: &RunnerView| {
        let low = runner.low_disk.filter(|_| runner.state == RunnerState::Up)?;
        Some(format!("runner {} takes no jobs: {low}\n", name(&runner.name)))
    };
    let out = |runner: &RunnerView| {
        let Drained { by, at } = runner.drained.as_ref()?;
        Some(format!("runner {} gets nothing new: {} drained it {}\n", name(&runner.name), name(by), ago(*at, now)))
    };
    let notes = runners.runners.iter().flat_map(|runner| [full(runner), out(runner)]);
    list + &notes.flatten().collect::<String>() + &pools(&runners.pools) + &waits(&runners.waits)
}

/// What waits for which runners, while something does.
fn pools(pools: &[PoolView]) -> String {
    if pools.iter().all(|pool| pool.queued == 0) {
        return String::new();
    }
    let row = |pool: &PoolView| {
        let labels = pool.labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>();
        let known = span(Duration::from_millis(pool.owed_ms));
        let work = match (pool.queued - pool.unknown.min(pool.queued), pool.unknown) {
            (0, 0) => String::new(),
            (_, 0) => known,
            (0, _) => "unknown".to_owned(),
            (_, unknown) => format!("{known} and {unknown} that never passed"),
        };
        [
            if labels.is_empty() { paint(DIM, "none") } else { labels.join(" ") },
            format!("{}/{}", pool.busy, pool.slots),
            pool.queued.to_string(),
            work,
            pool.wanted.to_string(),
        ]
    };
    let rows: Vec<_> = pools.iter().map(row).collect();
    format!("\n{}", table(["labels", "busy", "in line", "work in line", "slots wanted"], &rows))
}

/// `sidings runners drain`.
pub(crate) fn drained_runners(runners: &Runners) -> String {
    let one = |runner: &RunnerView| match runner.busy {
        0 => format!("runner {} has nothing to do and gets nothing new\n", name(&runner.name)),
        1 => format!("runner {} finishes 1 job and gets nothing new\n", name(&runner.name)),
        busy => format!("runner {} finishes {busy} jobs and gets nothing new\n", name(&runner.name)),
    };
    runners.runners.iter().map(one).collect()
}

/// `sidings audit`.
pub(crate) fn audit(log: &AuditLog, zone: &TimeZone) -> String {
    if log.entries.is_empty() {
        return "nothing was changed since then\n".to_owned();
    }
    let row = |entry: &AuditEntry| {
        let outcome = match entry.outcome {
            Outcome::Done => entry.outcome.as_str().to_owned(),
            Outcome::Refused | Outcome::Failed => paint(BAD, entry.outcome.as_str()),
        };
        let (by, what, about) = (name(&entry.by), name(&entry.what), name(&entry.about));
        [minute(entry.at, zone), by, what, outcome, about]
    };
    table(["when", "who", "what", "outcome", "about"], &log.entries.iter().map(row).collect::<Vec<_>>())
}

/// `sidings token list`.
pub(crate) fn tokens(tokens: &Tokens, zone: &TimeZone) -> String {
    let row = |token: &TokenView| {
        let kind = match (token.kind, token.role) {
            (TokenKind::Api, Some(role)) => format!("api as {}", role.as_str()),
            (TokenKind::Api, None) => "api".to_owned(),
            (TokenKind::Push, _) => "push".to_owned(),
            (TokenKind::Registration, _) => "registration".to_owned(),
        };
        [
            token.id.to_string(),
            paint(NAME, &token.name),
            kind,
            token.project.clone().unwrap_or_default(),
            minute(token.created, zone),
            token.expires.map_or_else(|| "never".to_owned(), |at| minute(at, zone)),
            token.used.map_or_else(|| "never".to_owned(), |at| minute(at, zone)),
        ]
    };
    table(
        ["id", "name", "opens", "project", "made", "expires", "last used"],
        &tokens.tokens.iter().map(row).collect::<Vec<_>>(),
    )
}

/// `sidings secret list`.
pub(crate) fn secrets(secrets: &Secrets) -> String {
    if secrets.secrets.is_empty() {
        return "no secrets yet: `sidings secret set NAME` keeps one\n".to_owned();
    }
    let row = |secret: &SecretView| {
        let events: Vec<&str> = secret.rules.events.iter().map(|event| event.as_str()).collect();
        let said = |words: String, unsaid: &str| if words.is_empty() { paint(DIM, unsaid) } else { words };
        [
            paint(NAME, &secret.name),
            secret.scope.to_string(),
            said(events.join(" "), "all but pull_request"),
            said(secret.rules.branches.join(" "), "any"),
        ]
    };
    table(["name", "kept for", "events", "branches"], &secrets.secrets.iter().map(row).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{NOW, before, half_way, plain};
    use insta::assert_snapshot;
    use sidings_proto::{LowDisk, Role, RunnerId, SecretRules, SecretScope, TokenId, Trigger};
    use uuid::Uuid;

    #[test]
    fn runs_are_listed_with_what_they_are_of() {
        let mut first = half_way().summary;
        first.commit.message = "a subject that is so long that nobody wants to read all of it in a list".to_owned();
        let list = Runs { runs: vec![half_way().summary, first], next: None };
        assert_snapshot!(plain(&runs(&list, NOW)), @r#"
        run     verdict    duration  accepted  event   ref   commit   subject
        demo@7  ▶ running     15.0s  just now  manual  main  3f2a91c  Show departures by platform
        demo@7  ▶ running     15.0s  just now  manual  main  3f2a91c  a subject that is so long that nobody wants to re…
        "#);
    }

    #[test]
    fn secrets_are_listed_by_what_they_are_for() {
        let secret = |name: &str, scope, events: &[Trigger], branches: &[&str]| SecretView {
            name: name.to_owned(),
            scope,
            rules: SecretRules {
                events: events.to_vec(),
                branches: branches.iter().map(|branch| (*branch).to_owned()).collect(),
            },
            created: NOW,
            changed: NOW,
        };
        let project = SecretScope::Project("web".to_owned());
        let list = Secrets {
            secrets: vec![
                secret("api_token", project, &[Trigger::Push, Trigger::Tag], &["main", "release/*"]),
                secret("pypi", SecretScope::All, &[], &[]),
            ],
        };
        assert_snapshot!(plain(&super::secrets(&list)), @r#"
        name       kept for      events                branches
        api_token  project web   push tag              main release/*
        pypi       all projects  all but pull_request  any
        "#);
    }

    fn hetty() -> RunnerView {
        RunnerView {
            id: RunnerId(Uuid::from_u128(1)),
            name: "hetty".to_owned(),
            state: RunnerState::Up,
            version: "0.1.0".to_owned(),
            slots: 4,
            busy: 1,
            labels: [("arch".to_owned(), "amd64".to_owned()), ("os".to_owned(), "linux".to_owned())].into(),
            resources: Default::default(),
            seen: before(2_000),
            low_disk: None,
            drained: None,
            machine: None,
        }
    }

    #[test]
    fn runners_are_listed_with_their_load() {
        assert_snapshot!(plain(&runners(&Runners { runners: vec![hetty()], pools: vec![], waits: vec![] }, NOW)), @r#"
        runner  state  busy  heard     version  disk  images  labels
        hetty   up     1/4   just now  0.1.0                  arch=amd64 os=linux
        "#);
    }

    #[test]
    fn what_waits_is_told_by_labels_with_the_slots_that_are_wanted() {
        let machine = Some(Machine { disk_free: 41 << 30, disk_all: 100 << 30, images: 12, image_bytes: 3 << 30 });
        let labels = hetty().labels;
        let pool = PoolView { runners: 1, slots: 4, busy: 1, labels, ..PoolView::default() };
        let pools = vec![
            PoolView { queued: 3, owed_ms: 754_000, unknown: 1, wanted: 4, ..pool.clone() },
            PoolView { queued: 1, owed_ms: 60_000, wanted: 2, ..pool.clone() },
            PoolView { labels: Default::default(), queued: 1, unknown: 1, wanted: 1, ..PoolView::default() },
            PoolView { wanted: 1, ..pool },
        ];
        let runner = RunnerView { machine, ..hetty() };
        assert_snapshot!(plain(&runners(&Runners { runners: vec![runner], pools, waits: vec![] }, NOW)), @r#"
        runner  state  busy  heard     version  disk                      images      labels
        hetty   up     1/4   just now  0.1.0    44.0 GB of 107.3 GB free  12, 3.2 GB  arch=amd64 os=linux

        labels               busy  in line  work in line                    slots wanted
        arch=amd64 os=linux  1/4   3        12m34s and 1 that never passed  4
        arch=amd64 os=linux  1/4   1        1m00s                           2
        none                 0/0   1        unknown                         1
        arch=amd64 os=linux  1/4   0                                        1
        "#);
    }

    #[test]
    fn a_runner_without_room_says_so() {
        let low_disk = Some(LowDisk { free: 4_100_000_000, least: 10_000_000_000 });
        let runner = RunnerView { busy: 0, labels: Default::default(), low_disk, ..hetty() };
        let silent = RunnerView { state: RunnerState::Silent, ..runner.clone() };
        assert_snapshot!(plain(&runners(&Runners { runners: vec![runner, silent], pools: vec![], waits: vec![] }, NOW)), @r#"
        runner  state    busy  heard     version  disk  images  labels
        hetty   no room  0/4   just now  0.1.0
        hetty   silent   0/4   just now  0.1.0
        runner hetty takes no jobs: 4.1 GB free of 10.0 GB it must keep
        "#);
    }

    #[test]
    fn a_runner_that_was_taken_out_says_by_whom() {
        let drained = Some(Drained { by: "anna".to_owned(), at: before(180_000) });
        let busy = RunnerView { state: RunnerState::Draining, labels: Default::default(), drained, ..hetty() };
        let done = RunnerView { busy: 0, ..busy.clone() };
        let both = Runners { runners: vec![busy, done], pools: vec![], waits: vec![] };
        assert_snapshot!(plain(&runners(&both, NOW)), @r#"
        runner  state     busy  heard     version  disk  images  labels
        hetty   draining  1/4   just now  0.1.0
        hetty   drained   0/4   just now  0.1.0
        runner hetty gets nothing new: anna drained it 3 min ago
        runner hetty gets nothing new: anna drained it 3 min ago
        "#);
        assert_snapshot!(plain(&drained_runners(&both)), @r#"
        runner hetty finishes 1 job and gets nothing new
        runner hetty has nothing to do and gets nothing new
        "#);
    }

    #[test]
    fn changes_are_listed_with_nothing_that_moves_the_cursor() {
        let entry = |by: &str, what: &str, about: &str, outcome| AuditEntry {
            no: 1,
            at: before(0),
            by: by.to_owned(),
            what: what.to_owned(),
            about: about.to_owned(),
            outcome,
        };
        let entries = vec![
            entry("anna", "runner.drain", "r2", Outcome::Done),
            entry("unknown", "session.begin", "\u{1b}[2J(and 940 more refused before)", Outcome::Refused),
        ];
        assert_snapshot!(plain(&audit(&AuditLog { entries, next: None }, &TimeZone::UTC)), @r#"
        when              who      what           outcome  about
        2023-11-14 22:13  anna     runner.drain   done     r2
        2023-11-14 22:13  unknown  session.begin  refused  \u{1b}[2J(and 940 more refused before)
        "#);
    }

    #[test]
    fn tokens_are_listed_without_secrets() {
        let token = TokenView {
            id: TokenId(Uuid::from_u128(5)),
            name: "hook".to_owned(),
            kind: TokenKind::Push,
            project: Some("demo".to_owned()),
            created: before(0),
            expires: None,
            used: Some(before(0)),
            role: None,
        };
        let reader =
            TokenView { kind: TokenKind::Api, role: Some(Role::Viewer), project: None, used: None, ..token.clone() };
        assert_snapshot!(plain(&tokens(&Tokens { tokens: vec![token, reader] }, &TimeZone::UTC)), @r#"
        id                                    name  opens          project  made              expires  last used
        00000000-0000-0000-0000-000000000005  hook  push           demo     2023-11-14 22:13  never    2023-11-14 22:13
        00000000-0000-0000-0000-000000000005  hook  api as viewer           2023-11-14 22:13  never    never
        "#);
    }

    #[test]
    fn empty_lists_say_how_to_go_on() {
        assert!(runs(&Runs { runs: vec![], next: None }, NOW).contains("sidings submit"));
        assert!(projects(&Projects { projects: vec![] }).contains("sidings project add"));
        assert!(runners(&Runners { runners: vec![], pools: vec![], waits: vec![] }, NOW).contains("sidings runner"));
    }
}
