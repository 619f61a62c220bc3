use super::book::Book;
use super::reach::Reach;
use super::*;
use crate::core::event::{Record, RunContent, RunSpec};
use crate::store::Sealed;
use sidings_proto::api::{RunSummary, RunView, State};
use sidings_proto::webhook::{WebhookBody, WebhookFormat, WebhookRules};
use sidings_proto::{
    Approval, AttemptId, Choice, Commit, JobId, LifeId, Plan, PlannedJob, RequestId, RunId, RunnerId, Scheduling,
    Source, Trigger, Verdict,
};
use uuid::Uuid;

fn webhook(name: &str, rules: WebhookRules) -> StoredWebhook {
    StoredWebhook {
        name: name.to_owned(),
        project: None,
        host: String::new(),
        rules,
        format: WebhookFormat::Json,
        sealed: Sealed::default(),
        created: Timestamp(0),
    }
}

fn everything() -> WebhookRules {
    WebhookRules { events: WebhookEvent::ASKED.to_vec(), ..WebhookRules::default() }
}

fn run() -> Arc<RunSpec> {
    let job = PlannedJob { name: "test".to_owned(), ..PlannedJob::default() };
    let asks = Scheduling { approval: Some(Approval::default()), ..Scheduling::default() };
    let deploy = PlannedJob { name: "deploy".to_owned(), scheduling: asks, ..PlannedJob::default() };
    Arc::new(RunSpec {
        id: RunId::new(),
        project: "web".to_owned(),
        number: 7,
        trigger: Trigger::Push,
        commit: Commit { reference: "refs/heads/main".to_owned(), ..Commit::default() },
        source: Source::Git { url: "file:///x".to_owned(), commit: "0".repeat(40) },
        repo_url: String::new(),
        default_branch: "main".to_owned(),
        retry_of: None,
        inputs: BTreeMap::new(),
        choice: Choice::default(),
        content: RunContent::Plan {
            plan: Plan { jobs: vec![job, deploy], ..Plan::default() },
            job_ids: vec![JobId::new(), JobId::new()],
        },
    })
}

fn job_of(run: &RunSpec, index: usize) -> JobId {
    match &run.content {
        RunContent::Plan { job_ids, .. } => job_ids[index],
        RunContent::Invalid { .. } => panic!("it has jobs"),
    }
}

fn started(job: JobId, fence: u64) -> Record {
    let (runner, life, request) = (RunnerId::new(), LifeId::new(), RequestId::new());
    Record::AttemptStarted { attempt: AttemptId { job, fence }, runner, life, request, at: Timestamp(2) }
}

fn events(told: &[StoredDelivery]) -> Vec<(&str, &str)> {
    told.iter().map(|delivery| (delivery.webhook.as_str(), delivery.event.as_str())).collect()
}

#[test]
fn each_event_of_a_run_is_told_once_to_those_who_asked_for_it() {
    let of_other = StoredWebhook { project: Some("other".to_owned()), ..webhook("other", everything()) };
    let book = Book::of(vec![webhook("all", everything()), of_other, webhook("usual", WebhookRules::default())]);
    let mut watch = Watch::restore(Arc::new(book), &[], |_| Vec::new());
    let (run, at) = (run(), Timestamp(1));
    let (test, deploy) = (job_of(&run, 0), job_of(&run, 1));
    let nobody = |_| Vec::new();

    let told = watch.tell(at, &[Record::RunAccepted { run: run.clone(), at }], nobody);
    assert_eq!(events(&told), [("all", "run.queued")]);
    let told = watch.tell(at, &[started(test, 1)], nobody);
    assert_eq!(events(&told), [("all", "run.started")]);
    assert!(watch.tell(at, &[started(test, 2)], nobody).is_empty(), "another attempt is no start of the run");
    let passed = Record::JobEnded { job: test, at, verdict: Verdict::Passed };
    let told = watch.tell(at, std::slice::from_ref(&passed), |_| vec![deploy]);
    assert_eq!(events(&told), [("all", "approval.needed"), ("usual", "approval.needed")]);
    assert_eq!(told[0].job, Some(deploy));
    assert!(watch.tell(at, &[passed], |_| vec![deploy]).is_empty(), "people are asked once");
    let ended = Record::RunEnded { run: run.id, at, verdict: Verdict::Passed };
    let told = watch.tell(at, std::slice::from_ref(&ended), nobody);
    assert_eq!(events(&told), [("all", "run.ended"), ("usual", "run.ended")]);
    assert_eq!(told[0].run, Some(run.id));
    assert!(watch.tell(at, &[ended], nobody).is_empty());
}

#[test]
fn what_ends_or_starts_in_the_breath_in_which_it_was_accepted_is_told() {
    let mut watch = Watch::restore(Arc::new(Book::of(vec![webhook("all", everything())])), &[], |_| Vec::new());
    let (run, at, verdict) = (run(), Timestamp(1), Verdict::Cancelled);
    let accepted = Record::RunAccepted { run: run.clone(), at };
    let all = [accepted, started(job_of(&run, 0), 1), Record::RunEnded { run: run.id, at, verdict }];
    let told = watch.tell(at, &all, |_| Vec::new());
    assert_eq!(events(&told), [("all", "run.queued"), ("all", "run.started"), ("all", "run.ended")]);
    assert!(told.is_sorted_by_key(|delivery| delivery.id), "they are sent in this order");
}

#[test]
fn a_run_that_another_one_made_way_for_asks_people_then() {
    let mut watch = Watch::restore(Arc::new(Book::of(vec![webhook("all", everything())])), &[], |_| Vec::new());
    let (first, second, at) = (run(), run(), Timestamp(1));
    let accept = |run: &Arc<RunSpec>| Record::RunAccepted { run: run.clone(), at };
    let _queued = watch.tell(at, &[accept(&first), accept(&second)], |_| Vec::new());
    let (waits, deploy) = (second.id, job_of(&second, 1));
    let ended = Record::RunEnded { run: first.id, at, verdict: Verdict::Passed };
    let told = watch.tell(at, &[ended], |run| if run == waits { vec![deploy] } else { Vec::new() });
    assert_eq!(events(&told), [("all", "run.ended"), ("all", "approval.needed")]);
}

#[test]
fn what_was_told_before_a_restart_is_not_told_again() {
    use crate::core::event::ActiveRun;
    let (run, at) = (run(), Timestamp(1));
    let active = ActiveRun { run: run.clone(), accepted: at, began: Some(at), stopping: None, jobs: Vec::new() };
    let (test, deploy) = (job_of(&run, 0), job_of(&run, 1));
    let book = Arc::new(Book::of(vec![webhook("all", everything())]));
    let mut watch = Watch::restore(book, &[active], |_| vec![deploy]);
    let passed = Record::JobEnded { job: test, at, verdict: Verdict::Passed };
    assert!(watch.tell(at, &[started(test, 2), passed], |_| vec![deploy]).is_empty());
}

#[test]
fn deliveries_go_to_public_addresses_and_to_private_ones_where_the_operator_says_so() {
    let (open, closed) = (Reach { private: true }, Reach { private: false });
    let never = [
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[2002:a9fe:a9fe::1]/",
        "http://[fd00:ec2::254]/",
        "http://0.0.0.0/",
        "http://2852039166/",
        "http://0xa9.0xfe.0xa9.0xfe/",
        "http://224.0.0.1/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "not an address",
    ];
    for url in never {
        assert!(open.host(url).is_err() && closed.host(url).is_err(), "{url}");
    }
    let private = [
        "http://127.0.0.1:8080/x",
        "http://10.0.0.5/",
        "http://172.16.3.4/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://[::1]/",
        "http://[fd12::1]/",
        "http://[::ffff:10.0.0.5]/",
        "http://2130706433/",
    ];
    for url in private {
        assert!(open.host(url).is_ok() && closed.host(url).is_err(), "{url}");
    }
    assert_eq!(
        closed.host("https://u:pw@hooks.example.com:8443/T0/secret?x").unwrap(),
        "https://hooks.example.com:8443"
    );
    assert_eq!(closed.host("https://1.1.1.1/x").unwrap(), "https://1.1.1.1");
}

#[tokio::test]
async fn a_name_is_checked_by_what_it_means() {
    use reqwest::dns::Resolve;
    let name = || "localhost".parse().unwrap();
    let refused = Reach { private: false }.resolve(name()).await.err().unwrap().to_string();
    assert!(refused.contains("private address"), "{refused}");
    assert!(Reach { private: true }.resolve(name()).await.is_ok());
}

fn told(run: Option<RunView>, event: WebhookEvent) -> WebhookBody {
    body::told(&watch::new("chat", event, Timestamp(5)), run, "https://ci.example.com")
}

fn view(verdict: Verdict) -> RunView {
    let id = RunId(Uuid::nil());
    let commit = Commit {
        reference: "refs/heads/main".to_owned(),
        message: "a <b> & c\n\nmore".to_owned(),
        ..Commit::default()
    };
    let summary = RunSummary {
        id,
        project: "api".to_owned(),
        number: 7,
        pipeline: None,
        trigger: Trigger::Push,
        commit,
        state: State::Ended,
        verdict: Some(verdict),
        created: Timestamp(1),
        started: None,
        ended: Some(Timestamp(5)),
    };
    RunView {
        summary,
        url: "https://ci.example.com/runs/1".to_owned(),
        retry_of: None,
        diagnostics: None,
        stopped: None,
        jobs: Vec::new(),
        splits: Vec::new(),
        digests: BTreeMap::new(),
    }
}

#[test]
fn one_line_tells_what_happened_to_which_commit_and_where_to_look() {
    let passed = told(Some(view(Verdict::Passed)), WebhookEvent::RunEnded);
    assert_eq!(passed.text, "api@7 passed (main: a <b> & c) https://ci.example.com/runs/1");
    let wrong = RunView { diagnostics: Some("line 3".to_owned()), ..view(Verdict::Passed) };
    assert!(told(Some(wrong), WebhookEvent::RunEnded).text.starts_with("api@7 passed: the pipeline is wrong (main"));
    assert_eq!(told(None, WebhookEvent::Test).text, "Sidings: this is a test, and it arrived");
}

#[test]
fn templates_are_filled_in_and_bounded() {
    let body = told(Some(view(Verdict::Passed)), WebhookEvent::RunEnded);
    let made = template::fill_in("{{ event }} {{ run.project }} {{ run.commit.message | tojson }}", &body).unwrap();
    assert_eq!(made, r#"run.ended api "a \u003cb\u003e \u0026 c\n\nmore""#);
    assert!(template::check("{{ text", "text/plain").unwrap_err().starts_with("the template is wrong"));
    assert!(template::check("x", "text/plain\r\nX-Other: 1").is_err());
    assert!(template::check(&"x".repeat(64 * 1024 + 1), "text/plain").is_err());
    let endless = "{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}";
    assert!(template::fill_in(endless, &body).unwrap_err().starts_with("the template failed"));
    assert!(template::fill_in("{% include '/etc/passwd' %}", &body).is_err());
}

#[test]
fn the_template_of_the_documents_makes_json_of_every_event() {
    let book = include_str!("../../../docs/operations.md");
    let (_, rest) = book.split_once("```jinja\n").unwrap();
    let (template, _) = rest.split_once("```").unwrap();
    let failed = Verdict::Failed(sidings_proto::Failure {
        class: sidings_proto::FailureClass::StepFailed,
        message: "it said \"no\"".to_owned(),
    });
    for (run, subject) in [(Some(view(failed)), "api #7 failed"), (None, "test")] {
        let made = template::fill_in(template, &told(run, WebhookEvent::RunEnded)).unwrap();
        let mail: serde_json::Value = serde_json::from_str(&made).unwrap();
        assert_eq!(mail["subject"], subject);
    }
    let mut running = view(Verdict::Passed);
    running.summary.verdict = None;
    let made = template::fill_in(template, &told(Some(running), WebhookEvent::RunStarted)).unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&made).is_ok(), "{made}");
}
