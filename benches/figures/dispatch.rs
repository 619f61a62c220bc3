//! From a submit to the lease of a runner that waits: the bench is the runner.

use crate::report::{Report, quantile};
use crate::submit::{submit, upload};
use crate::support::Fleet;
use sidings_proto::runner::{Finish, Hello, LeaseRequest, Leased, LogDigest, Register, Registered, StepResult};
use sidings_proto::{LifeId, RequestId, Resources, Timestamp, Verdict};
use std::collections::BTreeMap;
use std::time::Instant;

const ROUNDS: usize = 300;
const PIPELINE: &str = "image: debian:bookworm-slim\njobs:\n  one:\n    steps:\n      - run: 'true'\n";

pub(crate) async fn measure(report: &mut Report) {
    let fleet = Fleet::start().await;
    let tree = upload(&fleet.client, PIPELINE).await;
    let runner = FakeRunner::enrol(&fleet).await;
    let mut figures = Vec::new();
    for _ in 0..ROUNDS {
        let (asking, asked) = tokio::sync::oneshot::channel();
        let lease = runner.lease(asking);
        let submitted = async {
            asked.await.unwrap();
            // The request is on its way; a round trip later it waits in the controller.
            fleet.client.until_healthy().await;
            let start = Instant::now();
            submit(&fleet.client, &tree).await;
            start
        };
        let ((leased, at), start) = tokio::join!(lease, submitted);
        figures.push((at - start).as_secs_f64() * 1e3);
        runner.finish(leased).await;
    }
    let (p50, p99) = (quantile(&mut figures, 0.5), quantile(&mut figures, 0.99));
    report.at_most(
        "submit to the lease of a waiting runner, p99",
        p99,
        50.0,
        "ms",
        &format!("p50 {p50:.1} ms of {ROUNDS}"),
    );
}

struct FakeRunner {
    url: String,
    http: reqwest::Client,
    token: String,
    life: LifeId,
}

impl FakeRunner {
    async fn enrol(fleet: &Fleet) -> FakeRunner {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/runner/v1", fleet.client.url());
        let registration = fleet.client.registration_token().await;
        let body = Register { name: "bench".to_owned() };
        let answer = http.post(format!("{url}/register")).bearer_auth(registration).json(&body).send().await.unwrap();
        let token = answer.error_for_status().unwrap().json::<Registered>().await.unwrap().token;
        let life = LifeId::new();
        let hello = Hello {
            life,
            version: "bench".to_owned(),
            slots: 1,
            labels: BTreeMap::new(),
            resources: Resources::default(),
        };
        let answer = http.post(format!("{url}/hello")).bearer_auth(&token).json(&hello).send().await.unwrap();
        answer.error_for_status().unwrap();
        FakeRunner { url, http, token, life }
    }

    async fn lease(&self, asking: tokio::sync::oneshot::Sender<()>) -> (Leased, Instant) {
        let body = LeaseRequest { life: self.life, request: RequestId::new(), slots: 1 };
        let answer = self.http.post(format!("{}/lease", self.url)).bearer_auth(&self.token).json(&body).send();
        asking.send(()).unwrap();
        let leased = answer.await.unwrap().error_for_status().unwrap().json().await.unwrap();
        (leased, Instant::now())
    }

    async fn finish(&self, leased: Leased) {
        let assignment = leased.assignments.first().unwrap();
        let attempt = assignment.attempt;
        let passed = StepResult {
            step: sidings_proto::StepNo(1),
            verdict: Verdict::Passed,
            code: Some(0),
            started: Some(Timestamp(1)),
            ended: Timestamp(2),
            log: LogDigest::default(),
        };
        let body = Finish {
            verdict: Verdict::Passed,
            steps: vec![passed],
            setup_log: LogDigest::default(),
            images: Vec::new(),
            kept: Default::default(),
        };
        let url = format!("{}/attempts/{}/{}/finish", self.url, attempt.job, attempt.fence);
        let answer = self.http.post(url).bearer_auth(&assignment.token).json(&body).send().await.unwrap();
        answer.error_for_status().unwrap();
    }
}
