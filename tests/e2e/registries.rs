//! A runner that gets its images from a mirror which is opened by a credential helper, as an operator sets it up.

use super::{submit, verdicts};
use crate::support::{Fleet, Process, job_of, run, tree};
use expect_test::expect;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const PASSWORD: &str = "hunter22-Registry+1";
/// The line that `htpasswd -nbB puller <PASSWORD>` prints.
const HTPASSWD: &str = "puller:$2y$05$Gfgo0JY3k5DSce6jURWbQ.LuAkdOVGj1vX4AyBvY6Gjerw6xyEfVu\n";

/// A real registry on loopback, and where it is.
fn registry(folder: &Path) -> (Process, String) {
    let place = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let root = folder.display();
    let config = format!(
        "version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {root}/images }} }}\nhttp: {{ addr: {place} }}\n\
         auth: {{ htpasswd: {{ realm: test, path: {root}/htpasswd }} }}\n"
    );
    std::fs::write(folder.join("config.yml"), config).unwrap();
    std::fs::write(folder.join("htpasswd"), HTPASSWD).unwrap();
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(folder.join("config.yml"));
    let process = Process::spawn("registry", command, folder);
    while TcpStream::connect(&place).is_err() {
        std::thread::yield_now();
    }
    (process, place)
}

/// A program that has the password, the folder it is in, and a configuration that names it.
fn helper(folder: &Path, place: &str) -> (String, String) {
    let program = folder.join("docker-credential-of-test");
    let answer = format!(r#"{{"ServerURL": "{place}", "Username": "puller", "Secret": "{PASSWORD}"}}"#);
    let script = format!("#!/bin/sh\nread -r asked; [ \"$asked\" = {place} ] && echo '{answer}'\n");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = folder.join("config.json");
    std::fs::write(&config, format!(r#"{{"credHelpers": {{"{place}": "of-test"}}}}"#)).unwrap();
    (format!("{}:{}", folder.display(), std::env::var("PATH").unwrap()), config.display().to_string())
}

fn docker(path: &str, args: &[&str]) -> String {
    let mut command = Command::new("docker");
    command.args(args).env("PATH", path);
    let (code, stdout, stderr) = run(command);
    assert_eq!(code, 0, "{args:?}: {stderr}");
    stdout
}

fn absent_below(folder: &Path) -> usize {
    let found = std::fs::read_dir(folder).into_iter().flatten().map_while(Result::ok);
    let looked = found.map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => absent_below(&entry.path()),
        Ok(kind) if kind.is_file() => {
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            let found = bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes());
            assert!(!found, "the password is in {}", entry.path().display());
            1
        }
        Ok(_) | Err(_) => 0,
    });
    looked.sum()
}

#[tokio::test]
async fn images_come_from_a_mirror_that_a_helper_opens() {
    let fleet = Fleet::start_logging("debug").await;
    let folder = fleet.path("registry");
    std::fs::create_dir(&folder).unwrap();
    let (_registry, place) = registry(&folder);
    let (path, config) = helper(&folder, &place);
    let at_mirror = format!("{place}/hub/tools/base:1");
    docker(&path, &["tag", "debian:bookworm-slim", &at_mirror]);
    docker(&path, &["--config", folder.to_str().unwrap(), "push", "-q", &at_mirror]);
    docker(&path, &["rmi", &at_mirror]);

    // Nothing answers by this name.
    let origin = format!("r{}.invalid", place.rsplit(':').next().unwrap());
    let mirror = format!("{origin}={place}/hub");
    let told =
        [("PATH", path.as_str()), ("SIDINGS_REGISTRY_AUTH", config.as_str()), ("SIDINGS_REGISTRY_MIRRORS", &mirror)];
    let runner = fleet.runner_told("a", &told).await;
    let pipeline = format!(
        "jobs:\n  pulled:\n    image: {origin}/tools/base:1\n    steps: [{{ run: echo pulled }}]\n  \
         built:\n    build: .\n    steps: [{{ run: cat /built }}]\n"
    );
    let dockerfile = format!("FROM {origin}/tools/base:1\nRUN echo {place} > /built\n");
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", &*pipeline), ("Dockerfile", &*dockerfile)]);
    let view = fleet.client.until_ended(submit(&fleet, &tree)).await;
    expect![[r#"
        run: passed
        pulled: passed, attempts 1
          echo pulled: passed, code 0
        built: passed, attempts 1
          cat /built: passed, code 0
    "#]]
    .assert_eq(&verdicts(&view));

    let setup = format!(
        "{}{}",
        fleet.client.log(job_of(&view, "pulled"), 0).await,
        fleet.client.log(job_of(&view, "built"), 0).await
    );
    assert!(setup.contains(&format!("pulling {origin}/tools/base:1 from the mirror {place}\n")), "{setup}");
    let names = docker(&path, &["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    assert!(names.contains(&format!("{origin}/tools/base:1\n")) && !names.contains(&at_mirror), "{names}");
    assert!(absent_below(&runner.data) + absent_below(&fleet.path("controller")) > 5, "files are looked at");
    for log in ["a.log", "controller.log"] {
        assert!(!std::fs::read_to_string(fleet.path(log)).unwrap().contains(PASSWORD), "{log}");
    }
    let built = setup.split_whitespace().find(|word| word.starts_with("sidings/test:")).unwrap();
    docker(&path, &["rmi", "-f", built, &format!("{origin}/tools/base:1")]);
}
