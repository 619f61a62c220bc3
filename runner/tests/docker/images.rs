//! Images from a project's Dockerfile, by BuildKit and by the classic builder.

use crate::scene::{Act, Scene, docker, play, play_with, script};
use sidings_proto::{Commit, Environment, RunId, Timestamp};
use sidings_runner::engine::docker::{Builder, Docker};
use sidings_runner::engine::{Engine, ImageError};
use sidings_runner::image::{BuildMeta, Images, ReadyImage};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

/// Distinct for each test and life, so that no earlier image is found.
struct Project<'a> {
    scene: &'a Scene,
    images: Images,
    name: String,
}

impl<'a> Project<'a> {
    async fn new(scene: &'a Scene, files: &[(&str, &str)]) -> Project<'a> {
        let engine: Arc<Docker> = Arc::clone(&scene.docker);
        let facts = engine.prepare().await.unwrap();
        let name = format!("Test/{}", scene.runner);
        let project = Project { scene, images: Images::new(engine, facts, scene.path().join("data")), name };
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    fn source(&self) -> PathBuf {
        self.scene.path().join("source")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.source().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn meta(&self) -> BuildMeta {
        BuildMeta {
            project: self.name.clone(),
            run: RunId::new(),
            commit: Commit { sha: "ab".repeat(20), time: Timestamp(1_700_000_000_000), ..Commit::default() },
            repo_url: "https://forge.example/acme/shop".to_owned(),
            checked_out: false,
            locked: BTreeMap::new(),
        }
    }

    async fn build(&self, target: Option<&str>, log: &str) -> Result<ReadyImage, ImageError> {
        self.build_for(&self.meta(), target, None, log).await
    }

    async fn build_for(
        &self,
        meta: &BuildMeta,
        target: Option<&str>,
        refresh_ms: Option<u64>,
        log: &str,
    ) -> Result<ReadyImage, ImageError> {
        let environment = Environment::Build {
            context: ".".to_owned(),
            dockerfile: "Dockerfile".to_owned(),
            target: target.map(str::to_owned),
            args: BTreeMap::from([("GREETING".to_owned(), format!("hello {}", self.scene.runner))]),
            secrets: BTreeMap::new(),
            refresh_ms,
        };
        self.images.ready(&environment, &self.source(), meta, &BTreeMap::new(), None, &self.scene.log(log)).await
    }

    /// Images are shared by all runners and outlive them; those of a test do not.
    fn forget(&self) {
        let repository = format!("sidings/{}", self.name.to_lowercase().replace('/', "-"));
        for image in docker(&["images", "--format", "{{.Repository}}:{{.Tag}}", &repository]) {
            docker(&["rmi", "-f", &image]);
        }
    }
}

fn failure(outcome: Result<ReadyImage, ImageError>) -> String {
    match outcome {
        Err(ImageError::User(message)) => message,
        other => panic!("{other:?}"),
    }
}

const DOCKERFILE: &str = "FROM debian:bookworm-slim\nARG GREETING\n\
    RUN echo \"$GREETING\" && echo \"$GREETING\" > /greeting\nCOPY . /app\n";

async fn builds_once(scene: &Scene) {
    let files = [("Dockerfile", DOCKERFILE), (".dockerignore", "*.log\n"), ("src/a", "1"), ("noise.log", "1")];
    let project = Project::new(scene, &files).await;
    let first = project.build(None, "first").await.unwrap();
    assert!(first.use_.built);
    let greeting = format!("hello {}\n", scene.runner);
    assert!(scene.logged("first").contains(&greeting), "{}", scene.logged("first"));

    project.write("noise.log", "2");
    let second = project.build(None, "second").await.unwrap();
    assert_eq!((second.use_.built, &second.use_.id, scene.logged("second").as_str()), (false, &first.use_.id, ""));

    project.write("src/a", "2");
    let third = project.build(None, "third").await.unwrap();
    assert!(third.use_.built && third.use_.key != first.use_.key && third.reference != first.reference);

    let read = "cat /greeting /app/src/a; ls /app; cat /usr/share/sidings/Dockerfile";
    let said = scene.says(Act { image: &third.facts.id, ..script(read) }).await;
    assert!(said.starts_with(&format!("{greeting}2Dockerfile\nsrc\nFROM debian")), "{said}");
    check_labels(&project, &third);
    project.forget();
}

fn check_labels(project: &Project<'_>, image: &ReadyImage) {
    let label = |name: &str| image.facts.labels.get(name).map(String::as_str);
    let oci = |name: &str| label(&format!("org.opencontainers.image.{name}"));
    assert_eq!(oci("created"), Some("2023-11-14T22:13:20Z"));
    assert_eq!(oci("revision"), Some("ab".repeat(20).as_str()));
    assert_eq!(oci("source"), Some("https://forge.example/acme/shop"));
    assert_eq!((oci("base.name"), oci("title")), (Some("debian:bookworm-slim"), Some(project.name.as_str())));
    assert_eq!(
        (label("dev.sidings.key"), label("dev.sidings.dockerfile")),
        (image.use_.key.as_deref(), Some("Dockerfile"))
    );
    let key = image.use_.key.as_deref().unwrap();
    assert!(image.reference.ends_with(&format!(":{}", &key[..16])), "{}", image.reference);
}

#[tokio::test]
async fn the_same_files_are_built_once_and_changed_ones_again() {
    play(builds_once).await;
}

#[tokio::test]
async fn the_classic_builder_does_the_same() {
    play_with(
        |config| config.builder = Builder::Classic,
        async |scene| {
            builds_once(scene).await;
            assert!(scene.logged("first").contains("built by the classic builder"));
            assert!(scene.logged("first").contains("Step 1/"));
        },
    )
    .await;
}

const BROKEN: &str = "FROM debian:bookworm-slim\n# a comment\nENV A=1\nRUN echo before && \\\n    true\n\
    RUN : MARK; for i in $(seq 30); do echo line $i; done; exit 3\nRUN true\n";

/// `mark` tells the containers of this build from those of any other.
async fn says_what_failed(scene: &Scene, mark: &str) -> String {
    let project = Project::new(scene, &[("Dockerfile", &BROKEN.replace("MARK", mark))]).await;
    let message = failure(project.build(None, "broken").await);
    let lines: Vec<&str> = message.lines().collect();
    let line = format!("Dockerfile:6: RUN : {mark}; for i in $(seq 30); do echo line $i; done; exit 3");
    assert_eq!(lines[0], line);
    assert_eq!(lines.last(), Some(&"  line 30"));
    assert!(message.contains("  line 12\n") && !message.contains("  line 10\n"), "{message}");
    assert!(scene.logged("broken").contains("line 1\n"), "all of the output is in the log");
    // A failed build leaves nothing behind.
    let containers = docker(&["ps", "--all", "--no-trunc", "--format", "{{.Command}}"]);
    assert!(!containers.iter().any(|command| command.contains(mark)), "{containers:?}");
    message
}

#[tokio::test]
async fn a_line_that_fails_is_named_with_the_end_of_its_output() {
    play(async |scene| {
        let message = says_what_failed(scene, "by-buildkit").await;
        assert!(message.contains("exit code: 3"), "{message}");
    })
    .await;
}

#[tokio::test]
async fn the_classic_builder_names_it_as_well() {
    play_with(
        |config| config.builder = Builder::Classic,
        async |scene| {
            let message = says_what_failed(scene, "by-classic").await;
            assert!(message.contains("returned a non-zero code: 3"), "{message}");
        },
    )
    .await;
}

#[tokio::test]
async fn a_dockerfile_that_makes_no_sense_is_the_users_failure() {
    play(async |scene| {
        let project = Project::new(scene, &[("Dockerfile", "FROM debian:bookworm-slim\nRUNN true\n")]).await;
        let message = failure(project.build(None, "senseless").await);
        assert!(
            message.starts_with("Dockerfile: ") && message.contains("RUNN") && message.contains("line 2"),
            "{message}"
        );
        project.write("Dockerfile", "FROM debian:bookworm-slim\nCOPY missing /\n");
        let message = failure(project.build(None, "missing").await);
        assert!(message.starts_with("Dockerfile:2: COPY missing /"), "{message}");
        let message = failure(project.build(Some("ghost"), "ghost").await);
        assert!(message.contains("there is no stage \"ghost\""), "{message}");
    })
    .await;
}

#[tokio::test]
async fn an_earlier_stage_may_be_the_target() {
    play(async |scene| {
        let text = "FROM debian:bookworm-slim AS tools\nRUN echo tools > /what\nUSER nobody\n\
            FROM tools AS app\nRUN exit 1\n";
        let project = Project::new(scene, &[("Dockerfile", text)]).await;
        let image = project.build(Some("tools"), "tools").await.unwrap();
        assert_eq!(image.facts.user, "nobody");
        let act = Act { image: &image.facts.id, ..script("cat /what; head -n 1 /usr/share/sidings/Dockerfile") };
        assert_eq!(scene.says(act).await, "tools\nFROM debian:bookworm-slim AS tools\n");
        project.forget();
    })
    .await;
}

#[tokio::test]
async fn an_image_is_built_anew_in_the_next_period_and_takes_nothing_from_the_last_one() {
    play(async |scene| {
        let text = "FROM debian:bookworm-slim\nRUN head -c 16 /dev/urandom | od -An -tx1 >/trace\n";
        let project = Project::new(scene, &[("Dockerfile", text)]).await;
        let day = 86_400;
        let run_on = |days: u64| {
            let time = uuid::Timestamp::from_unix(uuid::NoContext, days * day, 0);
            BuildMeta { run: RunId(uuid::Uuid::new_v7(time)), ..project.meta() }
        };
        let week = Some(7 * day * 1000);
        let first = project.build_for(&run_on(20_000), None, week, "first").await.unwrap();
        // 20,002 is a multiple of seven, less one.
        let same = project.build_for(&run_on(20_001), None, week, "same").await.unwrap();
        let next = project.build_for(&run_on(20_006), None, week, "next").await.unwrap();
        assert_eq!((first.use_.built, same.use_.built, next.use_.built), (true, false, true));
        assert!(first.use_.key == same.use_.key && first.use_.key != next.use_.key);
        let mut traces = Vec::new();
        for image in [&first, &next] {
            traces.push(scene.says(Act { image: &image.facts.id, ..script("cat /trace") }).await);
        }
        assert_ne!(traces[0], traces[1], "what was random was run again");
        project.forget();
    })
    .await;
}

#[tokio::test]
async fn two_jobs_that_need_one_image_build_it_once() {
    play(async |scene| {
        let project = Project::new(scene, &[("Dockerfile", DOCKERFILE)]).await;
        let (one, two) = tokio::join!(biased; project.build(None, "one"), project.build(None, "two"));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.use_.id, two.use_.id);
        assert!(one.use_.built != two.use_.built, "one of them builds");
        let waited = scene.logged(if one.use_.built { "two" } else { "one" });
        assert!(waited.contains("which another job is building"), "{waited}");
        project.forget();
    })
    .await;
}

#[tokio::test]
async fn an_image_by_reference_is_taken_as_it_is() {
    play(async |scene| {
        let project = Project::new(scene, &[]).await;
        let environment = Environment::Image { reference: crate::scene::BASE.to_owned() };
        let log = scene.log("image");
        let ready = project
            .images
            .ready(&environment, &project.source(), &project.meta(), &BTreeMap::new(), None, &log)
            .await
            .unwrap();
        assert!(ready.use_.id.starts_with("sha256:") && ready.use_.key.is_none() && !ready.use_.built);
        assert_eq!(ready.reference, crate::scene::BASE);
        let nonsense = Environment::Image { reference: "No Such Image".to_owned() };
        let refused = project
            .images
            .ready(&nonsense, &project.source(), &project.meta(), &BTreeMap::new(), None, &scene.log("none"))
            .await;
        assert!(failure(refused).contains("No Such Image"));
    })
    .await;
}

#[tokio::test]
async fn a_base_image_that_does_not_exist_is_told_from_a_registry_out_of_reach() {
    play(async |scene| {
        let project = Project::new(scene, &[("Dockerfile", "FROM 127.0.0.1:1/no/such:1\n")]).await;
        let unreachable = project.build(None, "unreachable").await;
        assert!(matches!(unreachable, Err(ImageError::Engine(_))), "{unreachable:?}");
        project.write("Dockerfile", "FROM Not_A_Name:1\n");
        assert!(failure(project.build(None, "nonsense").await).contains("Not_A_Name"));
    })
    .await;
}
