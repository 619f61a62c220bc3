//! Files that jobs leave for others: handed on, downloaded, missing, hostile.

use super::{submit, verdicts};
use crate::support::{Fleet, job_of, tree};
use sidings_proto::Verdict;
use std::path::{Path, PathBuf};

fn read(path: PathBuf) -> String {
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The paths in a folder, links with where they lead to.
fn paths(folder: &Path) -> Vec<String> {
    let mut command = std::process::Command::new("find");
    command.arg(folder).args(["-mindepth", "1", "-not", "-type", "d", "-printf", "%P %m %l\n"]);
    let mut lines: Vec<String> =
        crate::support::run(command).1.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.sort();
    lines
}

const HANDED_ON: &str = "\
image: debian:bookworm-slim
jobs:
  build:
    artifacts: [dist, '!dist/tmp']
    steps:
      - run: |
          mkdir -p dist/bin dist/tmp src-link-target
          echo made > dist/bin/tool; chmod 755 dist/bin/tool; echo x > dist/tmp/x
          ln -s bin/tool dist/tool
  two:
    artifacts: { paths: 'two.txt' }
    steps: [{ run: echo two > two.txt }]
  nothing:
    artifacts: { paths: none }
    steps: [{ run: 'true' }]
  use:
    needs: [build, two, nothing]
    steps:
      - { name: see, run: 'cat dist/tool two.txt && stat -c %a dist/bin/tool && ls dist/tmp 2>&1 || echo no tmp' }
";

#[tokio::test]
async fn artifacts_are_in_place_for_the_jobs_that_need_them_and_can_be_downloaded() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 2).await;
    let work = tree(fleet.path("work"), &[(".sidings.yml", HANDED_ON)]);
    let run = submit(&fleet, &work);
    let view = fleet.client.until_ended(run).await;
    let log = fleet.client.log(job_of(&view, "use"), 1).await;
    let tmp = "ls: cannot access 'dist/tmp': No such file or directory\nno tmp\n";
    assert_eq!(log, format!("made\ntwo\n755\n{tmp}"), "{}", verdicts(&view));
    let setup = fleet.client.log(job_of(&view, "use"), 0).await;
    assert!(setup.contains("artifacts of job \"build\": 2 files, 5 bytes, put in place"), "{setup}");
    assert!(setup.contains("there is nothing of job \"nothing\": it kept no files, or did not run"), "{setup}");

    let run = run.to_string();
    let (code, list, stderr) = fleet.sidings(&work, &["artifacts", &run]);
    assert_eq!(code, 0, "{stderr}");
    for path in ["dist/bin/tool", "dist/tool -> bin/tool", "two.txt"] {
        assert!(list.contains(path), "{list}");
    }
    let (code, shown, _) = fleet.sidings(&work, &["show", &run]);
    assert!(code == 0 && shown.contains("build: 2 files, 5 B until"), "{shown}");

    let (whole, one) = (fleet.path("whole"), fleet.path("one"));
    let (code, _, stderr) = fleet.sidings(&work, &["artifacts", &run, "--output", whole.to_str().unwrap()]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(paths(&whole), ["build/dist/bin/tool 755", "build/dist/tool 777 bin/tool", "two/two.txt 644"]);
    assert_eq!(read(whole.join("build/dist/tool")), "made\n");
    let of_one = ["artifacts", &run, "build", "--output", one.to_str().unwrap()];
    assert_eq!(fleet.sidings(&work, &of_one).0, 0);
    assert_eq!(paths(&one), ["dist/bin/tool 755", "dist/tool 777 bin/tool"]);
    let (code, _, stderr) = fleet.sidings(&work, &of_one);
    assert!(code == 2 && stderr.contains("is not empty"), "{code} {stderr}");
}

#[tokio::test]
async fn a_job_that_leaves_nothing_of_what_it_must_has_failed_and_a_failed_one_leaves_what_it_is_told_to() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 2).await;
    let pipeline = "\
image: debian:bookworm-slim
jobs:
  without:
    artifacts: { paths: coverage.xml, required: true }
    steps: [{ run: 'true' }]
  broken:
    artifacts:
      - { paths: crash.log, when: on_failure }
      - { paths: any.log, when: always }
      - { paths: dist }
    steps: [{ run: 'mkdir dist; for f in crash.log any.log dist/x; do echo x > $f; done; exit 3' }]
";
    let work = tree(fleet.path("work"), &[(".sidings.yml", pipeline)]);
    let run = submit(&fleet, &work);
    let view = fleet.client.until_ended(run).await;
    let of = |name: &str| view.jobs.iter().find(|job| job.name == name).unwrap();
    let Some(Verdict::Failed(failure)) = &of("without").verdict else { panic!("{}", verdicts(&view)) };
    assert_eq!(failure.message, "no file in the workspace matches coverage.xml, which `artifacts` requires");
    let setup = fleet.client.log(job_of(&view, "without"), 0).await;
    assert!(setup.contains(&failure.message), "{setup}");
    assert_eq!(of("without").attempts[0].artifacts, None);
    let kept = of("broken").attempts[0].artifacts.expect("it keeps some");
    assert_eq!((kept.entries, kept.bytes), (2, 4), "{}", verdicts(&view));
    let (_, list, _) = fleet.sidings(&work, &["artifacts", &run.to_string(), "--json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let paths: Vec<_> = list["broken"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["any.log", "crash.log"]);
}

#[tokio::test]
async fn what_a_step_puts_among_its_artifacts_leads_nobody_out_of_the_workspace() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let secret = fleet.path("secret");
    std::fs::create_dir_all(&secret).unwrap();
    std::fs::write(secret.join("kept"), "kept").unwrap();
    let shown = secret.to_str().unwrap();
    let pipeline = format!(
        "\
image: debian:bookworm-slim
jobs:
  hostile:
    artifacts: [dist, 'etc/**', out/kept]
    steps:
      - run: |
          mkdir -p dist/sub; echo fine > dist/fine
          ln -s /etc/passwd dist/passwd; ln -s {shown}/kept dist/kept; ln -s ../../../../../etc/hostname dist/up
          ln -s {shown} out; ln -s /etc etc; ln -s {shown} dist/folder; mkfifo dist/pipe
          ln -s sub/../../../x dist/by-another; printf x > \"$(printf 'dist/\\377')\"; ln -s fine dist/inside
  victim:
    needs: [hostile]
    steps: [{{ name: see, run: 'cat dist/inside; find dist etc out -not -type d 2>/dev/null | sort' }}]
"
    );
    let work = tree(fleet.path("work"), &[(".sidings.yml", &pipeline)]);
    std::os::unix::fs::symlink(&secret, work.join("dist")).unwrap();
    let pipeline = pipeline.replace("mkdir -p dist/sub", "rm dist; mkdir -p dist/sub");
    std::fs::write(work.join(".sidings.yml"), pipeline).unwrap();
    let view = fleet.client.until_ended(submit(&fleet, &work)).await;
    let log = fleet.client.log(job_of(&view, "victim"), 1).await;
    assert_eq!(log, "fine\ndist/fine\ndist/inside\n", "{}", verdicts(&view));
    let setup = fleet.client.log(job_of(&view, "hostile"), 0).await;
    for left_out in ["dist/passwd", "dist/kept", "dist/up", "dist/folder", "dist/by-another"] {
        let note =
            format!("{left_out} is left out: it is a link that leads out of the workspace, or down before it leads up");
        assert!(setup.contains(&note), "{setup}");
    }
    assert!(setup.contains("dist/pipe is left out: it is neither a file nor a link"), "{setup}");
    assert_eq!(paths(&secret), ["kept 644"]);
    assert_eq!(read(secret.join("kept")), "kept");
}

#[tokio::test]
async fn sidings_run_leaves_the_artifacts_in_a_folder() {
    let fleet = Fleet::start().await;
    let work = tree(fleet.path("work"), &[(".sidings.yml", HANDED_ON)]);
    let cache = fleet.path("cache");
    let mut command = std::process::Command::new(crate::support::SIDINGS);
    command.args(["run", "--project", "team/local"]).current_dir(&work).env("XDG_CACHE_HOME", &cache);
    let (code, stdout, stderr) = crate::support::run(command);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let folder = cache.join("sidings/artifacts/team-local");
    assert!(stderr.contains(&format!("artifacts: {}", folder.display())), "{stderr}");
    assert_eq!(paths(&folder), ["build/dist/bin/tool 755", "build/dist/tool 777 bin/tool", "two/two.txt 644"]);
}
