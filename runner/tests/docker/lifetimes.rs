//! What goes away when: teardown, sweep, close, warm networks.

use crate::scene::{docker, play, play_with, script};
use sidings_proto::{AttemptId, JobId};
use sidings_runner::engine::docker::{Docker, DockerConfig};
use sidings_runner::engine::{ContainerId, Engine};

#[tokio::test]
async fn a_teardown_leaves_nothing_of_its_attempt_and_may_be_repeated() {
    play(async |scene| {
        let network = scene.network().await;
        scene.run(&network, script("true")).await;
        let running = scene.start(&network, script("sleep 1000")).await;
        scene.docker.teardown(scene.attempt).await.unwrap();
        assert_eq!(scene.containers(), Vec::<String>::new());
        assert_eq!(scene.docker.wait(&running.id).await.unwrap(), None, "the Engine does not know it any more");
        scene.docker.teardown(scene.attempt).await.unwrap();
        scene.docker.teardown(AttemptId { job: JobId::new(), fence: 7 }).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_teardown_spares_other_attempts() {
    play(async |scene| {
        let other = AttemptId { fence: 2, ..scene.attempt };
        let network = scene.network().await;
        let step = scene.start(&network, script("sleep 1000")).await;
        scene.docker.take_network(other).await.unwrap();
        scene.docker.teardown(other).await.unwrap();
        let left = scene.containers();
        assert!(left.contains(&step.id.0) && left.contains(&network.0) && left.len() == 2, "{left:?}");
    })
    .await;
}

#[tokio::test]
async fn a_sweep_removes_what_an_earlier_life_left_and_nothing_else() {
    play(async |scene| {
        let network = scene.network().await;
        let step = scene.start(&network, script("sleep 1000")).await;
        let foreign =
            docker(&["run", "-d", "--label", "dev.sidings.runner=another", crate::scene::BASE, "sleep", "1000"]);
        let later = Docker::connect(DockerConfig::new(scene.runner, scene.path().to_owned())).await.unwrap();
        let own_sweep = scene.docker.sweep().await.unwrap();
        let swept = later.sweep().await.unwrap();
        let spared = docker(&["ps", "-q", "--no-trunc", "--filter", "label=dev.sidings.runner=another"]);
        docker(&["rm", "-f", &foreign[0]]);
        assert_eq!((own_sweep, swept), (0, 2));
        assert_eq!(spared, foreign);
        assert_eq!(scene.docker.wait(&step.id).await.unwrap(), None);
        assert_eq!(scene.containers(), Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_nothing_behind() {
    play(async |scene| {
        let taking = scene.docker.take_network(scene.attempt);
        // Polled once, so that it is under way; then dropped.
        assert!(futures::FutureExt::now_or_never(taking).is_none());
        scene.docker.teardown(scene.attempt).await.unwrap();
        assert_eq!(scene.containers(), Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn warm_networks_are_taken_refilled_and_removed_at_the_end() {
    play_with(
        |config| config.warm_networks = 2,
        async |scene| {
            await_running(scene, 2).await;
            let warm = scene.containers();
            let network = scene.network().await;
            assert!(warm.contains(&network.0), "a warm one is taken");
            await_running(scene, 3).await;
            // One that died in the pool is passed over.
            for id in scene.running().iter().filter(|id| **id != network.0) {
                docker(&["kill", id]);
            }
            let fresh = scene.network().await;
            assert_eq!(docker(&["inspect", "--format", "{{.State.Running}}", &fresh.0]), ["true"]);
            scene.docker.close().await.unwrap();
            assert_eq!(scene.containers(), Vec::<String>::new());
            let label = format!("label=dev.sidings.runner={}", scene.runner);
            assert_eq!(docker(&["network", "ls", "-q", "--filter", &label]), Vec::<String>::new());
        },
    )
    .await;
}

/// Making one in advance has no event to wait for: the Engine is asked, each time by a new process, until it is there.
async fn await_running(scene: &crate::scene::Scene, count: usize) {
    for _ in 0..1000 {
        if scene.running().len() == count {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{count} containers were expected, there are {:?}", scene.containers());
}

#[tokio::test]
async fn an_unknown_container_is_awaited_in_vain() {
    play(async |scene| {
        assert_eq!(scene.docker.wait(&ContainerId("0".repeat(64))).await.unwrap(), None);
    })
    .await;
}
