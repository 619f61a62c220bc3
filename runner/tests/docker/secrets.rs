//! Secrets on a real Engine: in the container and nowhere that the Engine tells of.

use crate::scene::{Scene, play, script};
use sidings_proto::Secret;
use sidings_proto::step::{SECRETS_MOUNT, StepInput};
use sidings_runner::engine::{Build, DockerfileSource, Engine};
use std::collections::BTreeMap;
use std::process::Command;

const VALUE: &str = "c4nary-Value+22";

fn input() -> StepInput {
    let secret = |name: &str| BTreeMap::from([(name.to_owned(), Secret::new(VALUE))]);
    let masked = vec![Secret::new(VALUE)];
    StepInput { environment: secret("TOKEN"), files: secret("KEY"), folder: SECRETS_MOUNT.to_owned(), masked }
}

fn docker(args: &[&str]) -> String {
    let out = Command::new("docker").args(args).output().unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[tokio::test]
async fn a_step_has_its_secrets_in_memory_and_the_engine_does_not_know_them() {
    play(async |scene| {
        let network = scene.network().await;
        let mut pipe = scene.pipe("pipe");
        let act = "
            test \"$TOKEN\" = 'c4nary-Value+22' && test \"$(cat $KEY)\" = 'c4nary-Value+22' && echo right
            stat -c '%a %u %n' $KEY; stat -f -c %T $KEY; touch $KEY.new && echo more; echo $TOKEN
            tr '\\0' '\\n' < /proc/1/environ | grep -c c4nary
            grep -c c4nary /proc/1/mem /sidings/step/* 2>&1 | grep -v :0
            echo here > pipe; read go < go";
        let _go = scene.pipe("go");
        let step = scene.start(&network, crate::scene::Act { input: Some(input()), ..script(act) }).await;
        scene.hear(&mut pipe, &step).await;
        let inspected = docker(&["inspect", &step.id.0]);
        assert!(inspected.contains("/sidings/secrets") && !inspected.contains("c4nary"), "{inspected}");
        std::fs::write(scene.workspace().join("go"), "on\n").unwrap();
        let ended = scene.end(step).await;
        let expected = "right\n400 0 /sidings/secrets/KEY\ntmpfs\nmore\n***\n0\n";
        assert!(ended.stdout.starts_with(expected), "{}", ended.log);
        assert!(ended.stdout.contains("/proc/1/mem: Permission denied"), "{}", ended.log);
    })
    .await;
}

#[tokio::test]
async fn the_images_user_alone_can_read_a_secrets_file() {
    play(async |scene| {
        let network = scene.network().await;
        let act = "stat -c '%a %u:%g' $KEY; cat $KEY; touch $KEY.new 2>/dev/null || echo no more";
        let act = crate::scene::Act { input: Some(input()), user: "nobody", ..script(act) };
        assert_eq!(scene.run(&network, act).await.stdout, "400 65534:65534\n***no more\n");
    })
    .await;
}

async fn built(scene: &Scene, dockerfile: &str, secrets: &[(&str, &str)]) -> Result<String, String> {
    let context = scene.path().join("context.tar");
    let mut archive = tar::Builder::new(std::fs::File::create(&context).unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_size(dockerfile.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, "Dockerfile", dockerfile.as_bytes()).unwrap();
    archive.finish().unwrap();
    let tag = format!("sidings-test/secrets:{}", scene.runner);
    let build = Build {
        context,
        dockerfile: "Dockerfile".to_owned(),
        source: DockerfileSource {
            name: "Dockerfile".to_owned(),
            text: dockerfile.to_owned(),
            ..DockerfileSource::default()
        },
        target: None,
        args: BTreeMap::new(),
        secrets: secrets.iter().map(|(id, value)| ((*id).to_owned(), Secret::new(*value))).collect(),
        platform: "linux/amd64".to_owned(),
        labels: BTreeMap::new(),
        tag: tag.clone(),
        cache: Default::default(),
    };
    let outcome = scene.docker.build_image(build, &scene.log(&format!("build-{}", secrets.len()))).await;
    outcome.map(|_| tag).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_build_is_given_its_secrets_and_the_image_has_nothing_of_them() {
    play(async |scene| {
        // What is said of the runner makes each run of this test build anew.
        let dockerfile = format!(
            "FROM debian:bookworm-slim\n\
             RUN --mount=type=secret,id=pip,required=true test \"$(cat /run/secrets/pip)\" = '{VALUE}' \
             && sha256sum < /run/secrets/pip > /sum # {}\n\
             RUN test ! -s /run/secrets/pip\n",
            scene.runner
        );
        let refused = built(scene, &dockerfile, &[]).await.unwrap_err();
        assert!(refused.contains("pip"), "{refused}");
        let tag = built(scene, &dockerfile, &[("pip", VALUE)]).await.unwrap();
        let told = docker(&["inspect", &tag]) + &docker(&["history", "--no-trunc", &tag]);
        // The Dockerfile of this test has the value in it; an honest one has not.
        assert!(!told.replace(&format!("= '{VALUE}'"), "").contains("c4nary"), "{told}");
        let sum = docker(&["run", "--rm", "--network", "none", &tag, "cat", "/sum"]);
        let expected = Command::new("sh").args(["-c", "printf %s \"$1\" | sha256sum", "sh", VALUE]).output().unwrap();
        assert_eq!(sum.as_bytes(), expected.stdout, "the value reached the build");
        docker(&["rmi", &tag]);
    })
    .await;
}

#[tokio::test]
async fn the_classic_builder_is_given_no_secrets() {
    crate::scene::play_with(
        |config| config.builder = sidings_runner::engine::docker::Builder::Classic,
        async |scene| {
            let refused = built(scene, "FROM debian:bookworm-slim\n", &[("pip", VALUE)]).await.unwrap_err();
            assert!(refused.contains("need BuildKit"), "{refused}");
        },
    )
    .await;
}
