//! A real registry on loopback, open to all, and images in it.

use super::{Process, run};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

/// A registry that ends with the test.
pub(crate) struct Registry {
    /// `127.0.0.1:PORT`.
    pub(crate) place: String,
    _process: Process,
}

impl Registry {
    /// Starts one that keeps its images in this folder.
    pub(crate) fn start(folder: &Path) -> Registry {
        let place = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        std::fs::create_dir_all(folder).unwrap();
        let root = folder.display();
        let config = format!(
            "version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {root}/images }}, delete: {{ enabled: true }} }}\n\
             http: {{ addr: {place} }}\n"
        );
        std::fs::write(folder.join("config.yml"), config).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(folder.join("config.yml"));
        let process = Process::spawn("registry", command, folder);
        while TcpStream::connect(&place).is_err() {
            std::thread::yield_now();
        }
        Registry { place, _process: process }
    }

    /// Puts an image there that differs from others by its variable `VERSION`, and forgets it here. Gives its digest.
    pub(crate) fn put(&self, name: &str, version: &str) -> String {
        let reference = format!("{}/{name}", self.place);
        let container = docker(&["create", "debian:bookworm-slim", "true"]);
        let variable = format!("ENV VERSION={version} MADE_FOR={}", self.place);
        docker(&["commit", "--change", &variable, container.trim(), &reference]);
        docker(&["rm", container.trim()]);
        let pushed = docker(&["push", &reference]);
        docker(&["rmi", &reference]);
        let digest = pushed.split_whitespace().find(|word| word.starts_with("sha256:")).unwrap();
        digest.to_owned()
    }

    /// Takes all of its images away from this engine, and those of these names.
    pub(crate) fn forget_here(&self, built: &[&str]) {
        built.iter().for_each(|name| drop(docker(&["rmi", "-f", name])));
        let all = docker(&["images", "--no-trunc", "--digests", "--format", "{{.Repository}} {{.ID}}"]);
        let own = all.lines().filter_map(|line| line.split_once(' ')).filter(|(name, _)| name.starts_with(&self.place));
        let ids: std::collections::BTreeSet<&str> = own.map(|(_, id)| id).collect();
        ids.into_iter().for_each(|id| drop(docker(&["rmi", "-f", id])));
    }

    /// Takes an image away by its digest.
    pub(crate) fn forget(&self, repository: &str, digest: &str) {
        let url = format!("http://{}/v2/{repository}/manifests/{digest}", self.place);
        let mut command = Command::new("curl");
        command.args(["-sS", "-X", "DELETE", "-o", "/dev/null", "-w", "%{http_code}", &url]);
        assert_eq!(run(command).1, "202", "{url}");
    }
}

/// Calls Docker's own command line.
fn docker(args: &[&str]) -> String {
    let mut command = Command::new("docker");
    command.args(args);
    let (code, stdout, stderr) = run(command);
    assert_eq!(code, 0, "{args:?}: {stderr}");
    stdout
}
