//! Clean-up on a real engine that nothing else uses: what goes, in which order, and what stays whatever it costs.

use super::submit;
use crate::support::{Fleet, Hosts, SIDINGS, Soak, docker, tree};
use serde_json::Value;
use sidings_proto::api::RunView;
use std::io::Read;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;

/// The engine that is cleaned up here; others have theirs.
const HOST: usize = 4;
const MB: usize = 1_000_000;

/// The engine, for one test at a time, without anything of ours.
struct Cleaned {
    dir: TempDir,
    _hosts: Hosts,
    _alone: MutexGuard<'static, ()>,
}

impl Cleaned {
    fn engine() -> Cleaned {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let cleaned = Cleaned { dir: TempDir::new().unwrap(), _hosts: Hosts::of("cleaning", [HOST]), _alone: alone };
        // What a test that failed left.
        cleaned.forget("container", &["ps", "-aq", "--filter", "label=cleaning"], &["rm", "-f"]);
        cleaned.forget("image", &["images", "-q", "--filter", "label=cleaning"], &["rmi", "-f"]);
        cleaned.gc(&["--all", "--image-grace", "0s"]);
        cleaned
    }

    fn forget(&self, what: &str, list: &[&str], remove: &[&str]) {
        let left = docker(HOST, list).unwrap();
        let left: Vec<_> = left.split_whitespace().collect();
        assert!(left.is_empty() || docker(HOST, &[remove, left.as_slice()].concat()).is_some(), "{what}");
    }

    /// An image of one layer of noise. Whose it is, its label says.
    fn image(&self, name: &str, bytes: usize, label: &str) {
        let folder = self.dir.path().join("image");
        std::fs::create_dir_all(&folder).unwrap();
        let mut noise = vec![0; bytes];
        std::fs::File::open("/dev/urandom").unwrap().read_exact(&mut noise).unwrap();
        std::fs::write(folder.join("noise"), noise).unwrap();
        let tar = self.dir.path().join("image.tar");
        let packed = Command::new("tar").args(["-C", folder.to_str().unwrap(), "-cf"]).arg(&tar).arg(".").status();
        assert!(packed.unwrap().success());
        let labels = ["--change", "LABEL cleaning=yes", "--change", label, "--change", "CMD [\"/noise\"]"];
        let import = [&["import"], labels.as_slice(), &[tar.to_str().unwrap(), name]].concat();
        assert!(docker(HOST, &import).is_some(), "{name}");
    }

    fn ours(&self, key: &str) {
        self.image(&format!("sidings/cleaning:{key}"), 10 * MB, &format!("LABEL dev.sidings.key={key}"));
    }

    fn has(&self, image: &str) -> bool {
        docker(HOST, &["image", "inspect", image]).is_some()
    }

    /// `sidings gc` on that engine, by its JSON.
    fn gc(&self, told: &[&str]) -> Value {
        let mut command = Command::new(SIDINGS);
        command.args(["gc", "--json", "--least-free", "0", "--clean-above", "100"]).args(told);
        let output = command.env("DOCKER_HOST", Hosts::engine(HOST)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn names(list: &Value) -> Vec<String> {
    let name = |image: &Value| image["image"].as_str().unwrap().trim_start_matches("sidings/cleaning:").to_owned();
    list.as_array().unwrap().iter().map(name).collect()
}

#[test]
fn the_image_that_was_used_the_longest_time_ago_goes_and_nothing_that_is_in_use_young_or_not_ours() {
    let engine = Cleaned::engine();
    engine.image("theirs:1", 20 * MB, "LABEL a=b");
    assert!(docker(HOST, &["create", "--label", "cleaning", "--name", "theirs", "debian:bookworm-slim"]).is_some());
    assert!(docker(HOST, &["volume", "create", "theirs"]).is_some());
    for key in ["used", "a", "b", "c"] {
        engine.ours(key);
    }
    assert!(docker(HOST, &["create", "--label", "cleaning", "--name", "ours", "sidings/cleaning:used"]).is_some());
    // As a job does that needs it.
    assert!(docker(HOST, &["tag", "sidings/cleaning:a", "sidings/cleaning:a"]).is_some());

    // Of ours there are 40 MB.
    let dry = engine.gc(&["--image-budget", "38MB", "--image-grace", "0s", "--dry-run"]);
    assert_eq!(
        (names(&dry["removed"]), names(&dry["stays"])),
        (vec!["b".into()], vec!["a".into(), "c".into(), "used".into()])
    );
    assert!(engine.has("sidings/cleaning:b"), "nothing goes that is only asked about");

    let young = engine.gc(&["--image-budget", "38MB"]);
    assert_eq!(names(&young["removed"]), Vec::<String>::new());
    assert!(young["stays"][0]["why"].as_str().unwrap().starts_with("it was used "), "{young}");

    let one = engine.gc(&["--image-budget", "38MB", "--image-grace", "0s"]);
    assert_eq!(names(&one["removed"]), ["b"], "it was built after `a`, and not used since");
    assert_eq!((one["bytes_missing"].as_u64(), engine.has("sidings/cleaning:b")), (Some(0), false));

    let all = engine.gc(&["--all", "--image-grace", "0s"]);
    assert_eq!((names(&all["removed"]), names(&all["stays"])), (vec!["c".into(), "a".into()], vec!["used".into()]));
    assert_eq!(all["stays"][0]["why"], "a container is made from it");
    let theirs =
        [("theirs:1", "image"), ("debian:bookworm-slim", "image"), ("theirs", "container"), ("theirs", "volume")];
    for (name, kind) in theirs {
        assert!(docker(HOST, &[kind, "inspect", name]).is_some(), "{kind} {name} is not ours");
    }
    assert!(engine.has("sidings/cleaning:used"));
    assert!(
        docker(HOST, &["rm", "-f", "theirs", "ours"]).is_some() && docker(HOST, &["volume", "rm", "theirs"]).is_some()
    );
    assert!(docker(HOST, &["rmi", "theirs:1", "sidings/cleaning:used"]).is_some());
}

#[tokio::test]
async fn a_runner_without_room_takes_no_jobs_and_whoever_waits_is_told_why() {
    let _engine = Cleaned::engine();
    let fleet = Fleet::start().await;
    let _runner = fleet.runner_on(HOST, 1, &[("SIDINGS_LEAST_FREE", "4000000")]).await;
    let work = tree(
        fleet.path("work"),
        &[(".sidings.yml", "image: debian:bookworm-slim\njobs: { a: { steps: [{ run: 'true' }] } }\n")],
    );
    let run = submit(&fleet, &work);
    let why = "runner on-4 takes no jobs: ";
    let waits =
        |view: &RunView| view.jobs[0].wait.as_ref().is_some_and(|wait| wait.message.contains(why)).then_some(());
    fleet.client.until(run, "a reason", waits).await;
    let run = run.0.to_string();
    let (_, told, _) = fleet.sidings(&work, &["show", &run]);
    assert!(told.contains(why) && told.contains(" GB it must keep"), "{told}");
    let (_, runners, _) = fleet.sidings(&work, &["runners"]);
    assert!(runners.contains("no room") && runners.contains(why), "{runners}");
    assert_eq!(fleet.sidings(&work, &["cancel", &run]).0, 0);
}

#[tokio::test]
async fn many_keys_end_under_a_small_budget_and_no_job_fails_for_it() {
    let _engine = Cleaned::engine();
    let fleet = Fleet::start().await;
    // 300 MB are built, and as much is left in the build cache as an image leaves there.
    let soaked = Soak { host: HOST, runs: 3, jobs: 10, megabytes: 10, budget: 60 }.run(&fleet, "cleaning").await;
    assert_eq!((soaked.failed.as_slice(), soaked.built), (&[][..], 30));
    assert!(soaked.left <= 60_000_000 && (1..=6).contains(&soaked.images), "{soaked:?}");
}
