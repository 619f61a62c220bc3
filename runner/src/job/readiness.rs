//! How to find out that a service is ready: by the job's word, else the image's, else by its first exposed TCP port;
//! without any of them a service is ready once it runs. Pure.

use crate::engine::ImageFacts;
use sidings_proto::service::{Probe, Readiness};
use sidings_proto::{Healthcheck, Service};
use std::net::IpAddr;

/// An image's interval is for watching over what runs for months; nobody waits that long between two looks here.
const IMAGE_EVERY_MS: u64 = 500;
const PORT_EVERY_MS: u64 = 20;
const PORT_TIMEOUT_MS: u64 = 1_000;
/// As long as a job's own check may fail by default.
const PORT_WITHIN_MS: u64 = 60_000;

/// What the helper is to try; none when there is nothing to wait for.
pub(super) fn of(service: &Service, image: &ImageFacts, address: IpAddr) -> Option<Readiness> {
    if let Some(check) = &service.healthcheck {
        return (!check.test.is_empty()).then(|| as_it_says(check));
    }
    match &image.healthcheck {
        Some(check) if !check.test.is_empty() => Some(sooner(check)),
        Some(_) | None => image.exposed.first().map(|port| by_port(address, *port)),
    }
}

/// In a few words, for the log.
pub(super) fn said(readiness: Option<&Readiness>) -> String {
    match readiness.map(|readiness| &readiness.probe) {
        Some(Probe::Run { argv }) => format!("`{}` is to pass", told(argv)),
        Some(Probe::Connect { port, .. }) => format!("port {port} is to answer"),
        None => "it has no check and no port, so it is to run".to_owned(),
    }
}

fn told(argv: &[String]) -> String {
    match argv {
        [sh, c, script] if sh == "/bin/sh" && c == "-c" => script.clone(),
        argv => argv.join(" "),
    }
}

fn as_it_says(check: &Healthcheck) -> Readiness {
    Readiness {
        probe: Probe::Run { argv: check.test.clone() },
        interval_ms: check.interval_ms,
        timeout_ms: check.timeout_ms,
        start_period_ms: check.start_period_ms,
        retries: check.retries.max(1),
    }
}

/// As much time as the image gives, but looking more often.
fn sooner(check: &Healthcheck) -> Readiness {
    let patience = check.interval_ms.saturating_mul(u64::from(check.retries));
    Readiness {
        interval_ms: check.interval_ms.min(IMAGE_EVERY_MS),
        start_period_ms: check.start_period_ms.saturating_add(patience),
        retries: 1,
        ..as_it_says(check)
    }
}

fn by_port(address: IpAddr, port: u16) -> Readiness {
    Readiness {
        probe: Probe::Connect { address, port },
        interval_ms: PORT_EVERY_MS,
        timeout_ms: PORT_TIMEOUT_MS,
        start_period_ms: PORT_WITHIN_MS,
        retries: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidings_proto::{Environment, StepNo};
    use std::collections::BTreeMap;
    use std::net::Ipv4Addr;

    fn check(word: &str) -> Healthcheck {
        let test = vec![word.to_owned()];
        Healthcheck { test, interval_ms: 10_000, timeout_ms: 5_000, start_period_ms: 1_000, retries: 3 }
    }

    fn silent(check: Healthcheck) -> Healthcheck {
        Healthcheck { test: Vec::new(), ..check }
    }

    fn readiness(of_job: Option<Healthcheck>, of_image: Option<Healthcheck>, exposed: &[u16]) -> Option<Readiness> {
        let service = Service {
            no: StepNo::FIRST_SERVICE,
            name: "db".to_owned(),
            image: Environment::Image { reference: "db:1".to_owned() },
            entrypoint: None,
            command: None,
            environment: BTreeMap::new(),
            secrets: BTreeMap::new(),
            healthcheck: of_job,
        };
        let image = ImageFacts { healthcheck: of_image, exposed: exposed.to_vec(), ..ImageFacts::default() };
        of(&service, &image, IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    fn tried(readiness: Option<Readiness>) -> String {
        said(readiness.as_ref())
    }

    #[test]
    fn the_job_goes_before_the_image_and_a_check_before_a_port() {
        assert_eq!(tried(readiness(Some(check("mine")), Some(check("its")), &[1])), "`mine` is to pass");
        assert_eq!(tried(readiness(None, Some(check("its")), &[1])), "`its` is to pass");
        assert_eq!(tried(readiness(None, None, &[80, 443])), "port 80 is to answer");
        assert_eq!(readiness(None, None, &[]), None);
    }

    #[test]
    fn a_job_may_say_that_there_is_nothing_to_wait_for_and_an_image_leaves_it_to_the_port() {
        assert_eq!(readiness(Some(silent(check(""))), Some(check("its")), &[80]), None);
        assert_eq!(tried(readiness(None, Some(silent(check(""))), &[80])), "port 80 is to answer");
    }

    #[test]
    fn an_image_has_its_whole_time_but_is_looked_at_more_often() {
        let of_image = readiness(None, Some(check("its")), &[]).unwrap();
        assert_eq!((of_image.interval_ms, of_image.start_period_ms, of_image.retries), (500, 31_000, 1));
        let of_job = readiness(Some(check("mine")), None, &[]).unwrap();
        assert_eq!((of_job.interval_ms, of_job.start_period_ms, of_job.retries), (10_000, 1_000, 3));
    }
}
