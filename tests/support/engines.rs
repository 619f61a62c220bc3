//! Further Docker Engines on this machine, each in a network namespace of its own: the hosts of a fleet. `scripts/engine
//! more` starts them.

use std::process::{Command, Stdio};
use std::time::Duration;

/// This machine, as all engines reach it.
pub(crate) fn host_address() -> &'static str {
    "10.213.1.1"
}

/// What a test leaves on these engines, to be removed when it is over.
pub(crate) struct Hosts {
    hosts: Vec<usize>,
    project: String,
}

impl Hosts {
    /// Where an engine of `scripts/engine more` answers; the first is 1.
    pub(crate) fn engine(host: usize) -> String {
        format!("unix:///run/sidings-engine/engine-{host}.sock")
    }

    /// The engines, which must be there; what they have of the project's images goes when this does.
    pub(crate) fn of(project: &str, hosts: impl IntoIterator<Item = usize>) -> Hosts {
        let hosts = Hosts { hosts: hosts.into_iter().collect(), project: project.to_owned() };
        for host in &hosts.hosts {
            let base = docker(*host, &["image", "inspect", "--format", "{{.Id}}", "debian:bookworm-slim"]);
            assert!(base.is_some(), "these tests need `./scripts/engine more 4` (./scripts/test starts them)");
        }
        hosts
    }

    /// Has an engine forget the project's images, as soon as no container of an ended job has them any more.
    pub(crate) fn forget(&self, host: usize) {
        for _ in 0..600 {
            self.remove(host);
            if self.images(host).is_empty() {
                docker(host, &["builder", "prune", "-f"]);
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("engine {host} keeps images of {}: {:?}", self.project, self.images(host));
    }

    fn remove(&self, host: usize) {
        let images = self.images(host);
        if !images.is_empty() {
            let images: Vec<_> = images.iter().map(String::as_str).collect();
            docker(host, &[&["rmi", "-f"], images.as_slice()].concat());
        }
    }

    fn images(&self, host: usize) -> Vec<String> {
        let filter = format!("label=dev.sidings.project={}", self.project);
        let images = docker(host, &["images", "-aq", "--filter", &filter]).unwrap_or_default();
        let mut images: Vec<_> = images.split_whitespace().map(str::to_owned).collect();
        images.dedup();
        images
    }

    /// Removes what a runner that was killed left on an engine, by its label.
    pub(crate) fn clear(&self, host: usize, label: &str) {
        let of_kind: [(&[&str], &[&str]); 2] =
            [(&["ps", "-aq"], &["rm", "-f"]), (&["network", "ls", "-q"], &["network", "rm"])];
        for (list, remove) in of_kind {
            let left = docker(host, &[list, &["--filter", label]].concat()).unwrap_or_default();
            let left: Vec<_> = left.split_whitespace().collect();
            if !left.is_empty() {
                docker(host, &[remove, left.as_slice()].concat());
            }
        }
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for host in &self.hosts {
            self.remove(*host);
            docker(*host, &["builder", "prune", "-f"]);
        }
    }
}

/// What the client prints; none where it fails.
pub(crate) fn docker(host: usize, args: &[&str]) -> Option<String> {
    let mut command = Command::new("docker");
    command.args(["--host", &Hosts::engine(host)]).args(args).stdin(Stdio::null());
    let output = command.output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}
