//! Programs in containers: codes, signals, output, and what they leave behind.

use crate::scene::{Act, play, script};
use sidings_runner::engine::{Engine, Signal};

#[tokio::test]
async fn a_code_comes_back_through_the_helper() {
    play(async |scene| {
        let network = scene.network().await;
        for code in [0, 1, 42] {
            assert_eq!(scene.run(&network, script(&format!("exit {code}"))).await.record.code, code);
        }
        let ended = scene.run(&network, script("kill -KILL $$")).await;
        assert_eq!((ended.record.code, ended.record.signal), (137, Some(9)));
        let ended = scene.run(&network, Act { argv: vec!["no-such-program"], ..script("") }).await;
        assert_eq!(ended.record.code, 127);
    })
    .await;
}

#[tokio::test]
async fn steps_in_order_share_the_workspace_and_the_network() {
    play(async |scene| {
        let network = scene.network().await;
        scene.run(&network, script("echo from-the-first > made; cat /proc/net/dev | wc -l >> made")).await;
        let ended = scene.run(&network, script("cat made; readlink /proc/self/ns/net")).await;
        let again = scene.run(&network, script("readlink /proc/self/ns/net")).await;
        assert!(ended.stdout.starts_with("from-the-first\n"), "{}", ended.stdout);
        assert!(ended.stdout.ends_with(&again.stdout));
    })
    .await;
}

#[tokio::test]
async fn variables_reach_the_program_and_the_helper_is_last_on_the_path() {
    play(async |scene| {
        let mut act = script("echo $GREETING; echo $PATH; echo $HOME; echo $USER; sidings --version; pwd");
        act.env.insert("GREETING".to_owned(), "hello there".to_owned());
        let said = scene.says(act).await;
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[0], "hello there");
        assert!(lines[1].ends_with(":/sidings/bin"), "{}", lines[1]);
        assert_eq!(lines[2..4], ["/root", "root"]);
        assert!(lines[4].starts_with("sidings-step "), "{}", lines[4]);
        assert_eq!(lines[5], "/workspace");
    })
    .await;
}

#[tokio::test]
async fn a_request_to_stop_reaches_the_program() {
    play(async |scene| {
        let mut ready = scene.pipe("ready");
        let network = scene.network().await;
        let step =
            scene.start(&network, script("trap 'echo stopping; exit 9' TERM; echo up > ready; while :; do :; done"));
        let step = step.await;
        assert_eq!(scene.hear(&mut ready, &step).await, "up\n");
        scene.docker.signal(&step.id, Signal::Terminate).await.unwrap();
        let ended = scene.end(step).await;
        assert_eq!((ended.record.code, ended.stdout.as_str()), (9, "stopping\n"));
    })
    .await;
}

#[tokio::test]
async fn what_ignores_the_request_is_killed_with_all_it_started() {
    play(async |scene| {
        let mut ready = scene.pipe("ready");
        let network = scene.network().await;
        let text = "trap '' TERM; setsid sleep 1000 & echo up > ready; while :; do :; done";
        let step = scene.start(&network, Act { grace_ms: 50, ..script(text) }).await;
        scene.hear(&mut ready, &step).await;
        scene.docker.signal(&step.id, Signal::Terminate).await.unwrap();
        let ended = scene.end(step).await;
        assert_eq!((ended.record.code, ended.record.signal), (137, Some(9)));
        assert_eq!(ended.log, "still running 50 ms after it was asked to stop: killed\n");
    })
    .await;
}

#[tokio::test]
async fn a_killed_container_leaves_no_record() {
    play(async |scene| {
        let mut ready = scene.pipe("ready");
        let network = scene.network().await;
        let step = scene.start(&network, script("echo up > ready; sleep 1000")).await;
        scene.hear(&mut ready, &step).await;
        scene.docker.signal(&step.id, Signal::Kill).await.unwrap();
        assert_eq!(scene.docker.wait(&step.id).await.unwrap(), Some(137));
        assert!(!step.dir.join(sidings_proto::step::EXIT_FILE).exists());
        scene.docker.signal(&step.id, Signal::Terminate).await.expect("a container that is gone is no error");
    })
    .await;
}

#[tokio::test]
async fn what_the_program_leaves_running_is_ended_wherever_it_went() {
    play(async |scene| {
        let network = scene.network().await;
        let text =
            "setsid sh -c 'trap \"\" TERM; echo away > away; exec sleep 1000' & until [ -s away ]; do :; done; exit 3";
        assert_eq!(scene.run(&network, script(text)).await.record.code, 3);
    })
    .await;
}

#[tokio::test]
async fn orphans_are_reaped() {
    play(async |scene| {
        let text = "for i in 1 2 3; do sh -c 'sh -c \"exit 0\" &'; done; \
            for i in $(seq 1000); do grep -qs 'State:.Z' /proc/[0-9]*/status || { echo reaped; exit 0; }; done; exit 1";
        assert_eq!(scene.says(script(text)).await, "reaped\n");
    })
    .await;
}

#[tokio::test]
async fn an_image_of_nothing_but_a_program_will_do() {
    play(async |scene| {
        let image = scene.image(
            "sidings-test/scratch:1",
            "FROM debian:bookworm-slim AS full\nFROM scratch\nCOPY --from=full /bin/true /t\n",
        );
        let image = image.await;
        let network = scene.network().await;
        // The helper is the one static program at hand, and it says who it is.
        let argv = vec!["sidings", "--version"];
        let ended = scene.run(&network, Act { image: &image.id, argv, ..script("") }).await;
        assert!(ended.record.code == 0 && ended.stdout.starts_with("sidings-step "), "{}", ended.log);
    })
    .await;
}
