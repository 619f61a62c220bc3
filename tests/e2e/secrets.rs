//! Canaries: values that a job prints in every way it knows, and that are then looked for wherever anything is kept.

use super::{submit, verdicts};
use crate::support::{Fleet, job_of, run, tree};
use expect_test::expect;
use sidings_proto::Verdict;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const OF_ENVIRONMENT: &str = "c4n\"ry/Env+V~lue&<1>?? in the environment";
const OF_FILE: &str =
    "-----BEGIN CANARY-----\nc4naryOfTheFirstLine/+w==\n  c4naryOfTheSecondLine/+w==\n-----END CANARY-----\n";
const OF_BUILD: &str = "c4nary-of-the-build/+22";

/// Prints `$1` in every encoding, one a line.
const ENCODE: &str = r#"
v=$1
printf '%s\n' "$v"
for before in '' x xx; do
    printf '%s%s' "$before" "$v" | base64 -w 0; echo
    printf '%s%s' "$before" "$v" | base64 -w 0 | tr '+/' '-_'; echo
done
printf %s "$v" | base64
printf %s "$v" | base64 -w 64; echo
printf %s "$v" | od -An -v -tx1 | tr -d ' \n'; echo
printf %s "$v" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F; echo
V=$v perl -e '$_=$ENV{V}; s/([^A-Za-z0-9._~-])/sprintf("%%%02X",ord($1))/ge; print "$_\n"; s/%20/+/g; print "$_\n"'
V=$v perl -e '$_=$ENV{V}; s/([^A-Za-z0-9._~-])/sprintf("%%%02x",ord($1))/ge; print "$_\n"'
V=$v perl -e '$_=$ENV{V}; s/(["\\])/\\$1/g; s/\n/\\n/g; print "{\"v\":\"$_\"}\n"; s/([<>&])/sprintf("\\u%04x",ord($1))/ge; print "$_\n"'
V=$v perl -e '$_=$ENV{V}; s/(["\\\/])/\\$1/g; s/\n/\\n/g; print "$_\n"'
V=$v perl -e '$_=$ENV{V}; s/&/&amp;/g; s/</&lt;/g; s/>/&gt;/g; s/"/&quot;/g; print "$_\n"'
"#;

/// One byte at a time, each flushed, on both outputs.
const SPLIT: &str = r#"V=$1 perl -e '$|=1; for (split //, $ENV{V}) { print; print STDERR } print "\n"'"#;

const PIPELINE: &str = r#"
images: { canary: { build: { context: ., secrets: { pip: { from_secret: of_build } } } } }
image: canary
environment: { TOKEN: { from_secret: of_environment }, KEY: { from_secret: of_file, as: file } }
jobs:
  prints:
    services:
      db:
        image: canary
        environment: { DB: { from_secret: of_environment } }
        command: sh -c 'echo "started"; echo "$DB"; printf %s "$DB" | base64 -w 0; exec sleep 600'
        healthcheck: { test: 'echo "checked with $DB"; test -n "$DB"' }
    steps:
      - name: every way
        run: |
          printf %s "$TOKEN" | sha256sum
          sha256sum < "$KEY"
          cat /sum
          for v in "$TOKEN" "$(cat "$KEY")"; do sh encode.sh "$v"; sh encode.sh "$v" >&2; sh split.sh "$v"; done
          while read -r line; do echo "> $line"; done < "$KEY"
          set -x; : "$KEY" then; set +x
      - name: knows none
        environment: { TOKEN: none, KEY: none }
        run: echo "$TOKEN $KEY"; touch ready; until [ -e go ]; do sleep 0.05; done
      - name: fails
        run: |
          V=$TOKEN perl -e '$_=$ENV{V}; s/&/&amp;/g; s/</&lt;/g; s/>/&gt;/g; s/"/&quot;/g;
              print "<testsuite name=\"x\"><testcase name=\"of $_\"><failure message=\"$_\"/></testcase></testsuite>"' > report.xml
          exec "/no/such/program/$TOKEN"
    reports: { junit: "*.xml" }
  unready:
    services:
      db:
        image: canary
        environment: { DB: { from_secret: of_environment } }
        command: sh -c 'echo "will not start with $DB"; exec sleep 600'
        healthcheck: { test: 'echo "not with $DB"; exit 3', retries: 1, start_period: 0s }
    steps: [{ run: "true" }]
  unbuilt:
    build: { context: ., dockerfile: Dockerfile.bad, secrets: { pip: { from_secret: of_build } } }
    steps: [{ run: "true" }]
  missing:
    environment: { OTHER: { from_secret: of_nobody } }
    steps: [{ run: "true" }]
"#;

/// The image shows by a hash that the value was there.
const DOCKERFILE: &str = "FROM debian:bookworm-slim\nCOPY . /context\n\
    RUN --mount=type=secret,id=pip,required=true echo \"built with $(cat /run/secrets/pip)\" \
    && sh /context/encode.sh \"$(cat /run/secrets/pip)\" && sha256sum < /run/secrets/pip > /sum\n";
const BAD_DOCKERFILE: &str = "FROM debian:bookworm-slim\n\
    RUN --mount=type=secret,id=pip echo \"failed with $(cat /run/secrets/pip)\" && false\n";

/// What is looked for of a value: all that the encoder prints, without the ends that depend on what stands beside.
fn needles(encoder: &Path) -> Vec<Vec<u8>> {
    let mut needles = Vec::new();
    for value in [OF_ENVIRONMENT, OF_FILE, OF_BUILD] {
        let mut command = Command::new("sh");
        command.arg(encoder).arg(value.trim_end());
        let (code, printed, stderr) = run(command);
        assert_eq!(code, 0, "{stderr}");
        let lines = printed.lines().map(str::trim).filter(|line| line.len() >= 16 && line.is_ascii());
        needles.extend(lines.map(|line| line.as_bytes()[4..line.len() - 4].to_vec()));
    }
    assert!(needles.len() > 40, "the encoder prints {} lines", needles.len());
    needles
}

/// Refuses a canary in some bytes.
#[track_caller]
fn absent(needles: &[Vec<u8>], place: &str, bytes: &[u8]) {
    for needle in needles {
        let found = bytes.windows(needle.len()).position(|window| window == needle);
        let Some(at) = found else { continue };
        let around = &bytes[at.saturating_sub(80)..(at + 120).min(bytes.len())];
        panic!("{} is in {place}: {}", String::from_utf8_lossy(needle), String::from_utf8_lossy(around));
    }
}

/// Looks at every file below a folder; gives how many there were.
fn absent_below(needles: &[Vec<u8>], folder: &Path) -> usize {
    let mut files = 0;
    // The runner is at work: what it removes meanwhile is not there to be looked at.
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    for entry in entries.map_while(Result::ok) {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files += absent_below(needles, &path),
            Ok(kind) if kind.is_file() => {
                let Ok(bytes) = std::fs::read(&path) else { continue };
                absent(needles, &path.display().to_string(), &bytes);
                files += 1;
            }
            Ok(_) | Err(_) => {}
        }
    }
    files
}

fn set(fleet: &Fleet, name: &str, value: &str) {
    let file = fleet.path("value");
    std::fs::write(&file, value).unwrap();
    let file_name = file.to_str().unwrap().to_owned();
    let set = ["secret", "set", name, "--project", "test", "--event", "manual", "--from-file", &file_name];
    let (code, stdout, stderr) = fleet.sidings(&fleet.path(""), &set);
    assert_eq!((code, &*stdout), (0, &*format!("secret {name} is kept for project test\n")), "{stderr}");
    std::fs::remove_file(file).unwrap();
}

fn sum(value: &str) -> String {
    let mut command = Command::new("sh");
    command.args(["-c", "printf %s \"$1\" | sha256sum", "sh", value]);
    run(command).1
}

fn canary_tree(fleet: &Fleet) -> PathBuf {
    let files = [
        (".sidings.yml", PIPELINE),
        ("Dockerfile", DOCKERFILE),
        ("Dockerfile.bad", BAD_DOCKERFILE),
        ("encode.sh", ENCODE),
        ("split.sh", SPLIT),
        // Makes each run of this test build its image anew.
        ("once", &format!("{:?}\n", std::time::SystemTime::now())),
    ];
    tree(fleet.path("tree"), &files)
}

#[tokio::test]
async fn no_canary_is_seen_anywhere() {
    let fleet = Fleet::start_logging("debug").await;
    let runner = fleet.runner("a", 4).await;
    for (name, value) in [("of_environment", OF_ENVIRONMENT), ("of_file", OF_FILE), ("of_build", OF_BUILD)] {
        set(&fleet, name, value);
    }
    let tree = canary_tree(&fleet);
    let needles = needles(&tree.join("encode.sh"));
    let id = submit(&fleet, &tree);

    // While the job runs its spool is on the runner's disk, and its containers are known to the engine.
    let attempt = fleet.client.until_running(id, "prints", 2).await;
    let workspace = runner.workspace(attempt);
    for _ in 0..6000 {
        if workspace.join("ready").exists() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(absent_below(&needles, &runner.data) > 5, "the attempt's files are looked at");
    let containers = runner.step_containers();
    assert!(containers.len() >= 2, "{containers:?}");
    for container in &containers {
        let mut command = Command::new("docker");
        command.args(["inspect", container.split(' ').next().unwrap()]);
        absent(&needles, "docker inspect", run(command).1.as_bytes());
    }
    std::fs::write(workspace.join("go"), "").unwrap();

    let view = fleet.client.until_ended(id).await;
    expect![[r#"
        prints: failed (tests_failed), attempts 1
          every way: passed, code 0
          knows none: passed, code 0
          fails: failed (step_failed), code 127
        unready: failed (service_not_ready), attempts 1
          true: skipped
        unbuilt: failed (image_build_failed), attempts 1
          true: skipped
        missing: failed (secret_refused), attempts 1
          true: skipped
    "#]]
    .assert_eq(verdicts(&view).split_once('\n').unwrap().1);

    // The values did reach the step and the build.
    let job = job_of(&view, "prints");
    let printed = fleet.client.log(job, 1).await;
    for value in [OF_ENVIRONMENT, OF_FILE, OF_BUILD] {
        assert!(printed.contains(&sum(value)), "{value}: {printed}");
    }
    assert!(printed.contains("> ***") && printed.contains("***\n"), "{printed}");
    assert_eq!(fleet.client.log(job, 2).await, "none none\n");
    // Of two jobs with the same image either builds it.
    let setup = fleet.client.log(job, 0).await + &fleet.client.log(job_of(&view, "unready"), 0).await;
    assert!(setup.contains("built with ***"), "{setup}");
    let said = |job: &str| match &job_of(&view, job).verdict {
        Some(Verdict::Failed(failure)) => failure.message.clone(),
        other => panic!("{job}: {other:?}"),
    };
    assert!(said("unready").contains("not with ***"), "{}", said("unready"));
    assert!(said("unready").contains("will not start with ***"), "{}", said("unready"));
    assert!(said("unbuilt").contains("failed with ***"), "{}", said("unbuilt"));
    assert!(said("missing").contains("there is no secret `of_nobody` for the project test"), "{}", said("missing"));

    // And nothing tells them.
    for path in ["runs?limit=5", "runs/test@1", "secrets", "runners", "projects", "tokens"] {
        absent(&needles, path, fleet.client.text(&format!("/api/v1/{path}")).await.as_bytes());
    }
    for job in &view.jobs {
        for log in [0, 1, 2, 3, 10_001] {
            absent(&needles, "a log", fleet.client.log_if_any(job, log).await.as_bytes());
        }
    }
    let shown = fleet.sidings(&tree, &["show", "test@1"]);
    absent(&needles, "sidings show", (shown.1 + &shown.2).as_bytes());
    let tests = fleet.sidings(&tree, &["tests", "test@1"]).1;
    assert!(tests.contains("of ***"), "{tests}");
    absent(&needles, "sidings tests", tests.as_bytes());
    // What the job itself wrote goes with its workspace.
    runner.until_tidy().await;
    let files = absent_below(&needles, &fleet.path(""));
    assert!(files > 20 && fleet.path("controller/controller/sidings.db").exists(), "{files} files were looked at");
}

#[tokio::test]
async fn a_laptop_has_its_secrets_from_a_file() {
    let fleet = Fleet::start().await;
    let pipeline = "image: debian:bookworm-slim\njobs:\n  test:\n    steps:\n      \
        - { run: 'printf \"%s is %s\\n\" \"$T\" \"$(printf %s \"$T\" | sha256sum)\"', environment: { T: { from_secret: t } } }\n";
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", pipeline), ("mine", "t=c4nary-of-mine\n")]);
    let kept = fleet.path("secrets");
    std::fs::write(&kept, "t=c4nary-of-mine\n").unwrap();
    let run_with = |file: &Path| fleet.sidings(&tree, &["run", "--plain", "--secrets-file", file.to_str().unwrap()]);

    let (code, _, stderr) = run_with(&kept);
    assert_eq!(code, 64, "{stderr}");
    assert!(stderr.contains("can be read by others"), "{stderr}");
    let (code, _, stderr) = run_with(&tree.join("mine"));
    assert_eq!(code, 64, "{stderr}");
    assert!(stderr.contains("would go along"), "{stderr}");

    std::fs::set_permissions(&kept, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (code, stdout, stderr) = run_with(&kept);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let told = format!("*** is {}", sum("c4nary-of-mine").trim_end());
    assert!(stdout.contains(&told) && !stdout.contains("c4nary"), "{stdout}");
}
