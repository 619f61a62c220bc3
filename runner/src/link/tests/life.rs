use super::fake::{Fake, Fault, Runner};
use std::os::unix::fs::PermissionsExt;

#[tokio::test]
async fn a_runner_registers_once_and_keeps_its_identity_to_itself() {
    let (fake, address) = Fake::serve().await;
    let first = Runner::start(&address);
    fake.until(|heard| heard.requests.len() == 1).await;
    let dir = first.dir.clone();
    let mode = |name: &str| dir.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("identity.json"), mode(".")), (0o600, 0o700));
    first.stop().await;
    std::fs::create_dir_all(dir.path().join("attempts/left-over/workspace")).unwrap();
    let second = Runner::start_in(dir.clone(), &address);
    fake.until(|heard| heard.requests.len() == 2).await;
    assert_eq!(second.attempt_folders(), 0, "what an earlier life left is swept away");
    second.stop().await;
    assert_eq!((fake.count("/register"), fake.count("/hello")), (1, 2));
    fake.change(|heard| assert_ne!(heard.lives[0], heard.lives[1]));
}

#[tokio::test]
async fn two_processes_never_share_a_folder() {
    let (fake, address) = Fake::serve().await;
    let first = Runner::start(&address);
    fake.until(|heard| heard.requests.len() == 1).await;
    let second = Runner::start_in(first.dir.clone(), &address);
    let error = second.gone().await.unwrap_err();
    assert!(error.to_string().starts_with("another runner uses"), "{error:#}");
    first.stop().await;
}

#[tokio::test]
async fn a_runner_without_identity_or_token_says_what_it_needs() {
    let dir = tempfile::tempdir().unwrap();
    let (_fake, address) = Fake::serve().await;
    let idle = Runner::start(&address);
    let mut config = idle.config.clone();
    idle.stop().await;
    config.registration_token = None;
    config.data_dir = dir.path().to_owned();
    let error = crate::run(config, crate::Shutdown::default()).await.unwrap_err();
    assert!(error.to_string().contains("registration token"), "{error:#}");
}

#[tokio::test]
async fn a_runner_that_the_controller_forgot_registers_anew() {
    let (fake, address) = Fake::serve().await;
    let first = Runner::start(&address);
    fake.until(|heard| heard.requests.len() == 1).await;
    let dir = first.dir.clone();
    first.stop().await;
    fake.fail("/hello", Fault::Unauthorized, 1);
    let second = Runner::start_in(dir, &address);
    fake.until(|heard| heard.requests.len() == 2).await;
    second.stop().await;
    assert_eq!(fake.count("/register"), 2);
}

#[tokio::test]
async fn a_runner_that_is_refused_says_so_and_ends() {
    let (fake, address) = Fake::serve().await;
    fake.fail("/register", Fault::Unauthorized, 1);
    let error = Runner::start(&address).gone().await.unwrap_err();
    let error = error.downcast_ref::<crate::NotEnrolled>().unwrap().to_string();
    assert!(error.starts_with("the controller refused the token: as told: give it a registration token"), "{error}");
}

#[tokio::test]
async fn an_unknown_life_says_hello_again_and_keeps_its_jobs() {
    let (fake, address) = Fake::serve().await;
    let runner = Runner::start(&address);
    fake.fail("/lease", Fault::UnknownLife, 1);
    let attempt = fake.queue("true");
    fake.until(|heard| heard.finishes.iter().any(|(of, _)| *of == attempt)).await;
    let before = fake.count("/hello");
    fake.fail("/beat", Fault::UnknownLife, 1);
    let attempt = fake.queue("sleep 1");
    fake.until(|heard| heard.finishes.iter().any(|(of, _)| *of == attempt)).await;
    fake.until(|heard| heard.lives.len() > before).await;
    runner.stop().await;
    fake.change(|heard| assert!(heard.lives.iter().all(|life| *life == heard.lives[0]), "it is the same life"));
}

#[tokio::test]
async fn a_runner_whose_disk_is_full_beats_and_asks_for_no_work() {
    let (fake, address) = Fake::serve().await;
    fake.change(|heard| heard.hints = 2);
    fake.queue("true");
    let runner = Runner::start_with(std::sync::Arc::new(tempfile::tempdir().unwrap()), &address, u64::MAX);
    fake.until(|heard| heard.beaten.len() >= 3).await;
    fake.until(|heard| heard.low_disk.is_some_and(|low| low.least == u64::MAX && low.free > 0)).await;
    assert_eq!(fake.count("/lease"), 0);
    runner.shutdown.drain.cancel();
    runner.gone().await.unwrap();
    assert_eq!((fake.count("/lease"), fake.count("/retire")), (0, 1));
}

#[tokio::test]
async fn draining_finishes_what_is_at_hand_and_takes_nothing_new() {
    let (fake, address) = Fake::serve().await;
    let runner = Runner::start(&address);
    let attempt = fake.queue("sleep 1\necho done");
    fake.until(|heard| heard.beaten.iter().any(|held| held.contains(&attempt))).await;
    runner.shutdown.drain.cancel();
    fake.until(|heard| heard.draining).await;
    runner.gone().await.unwrap();
    fake.change(|heard| {
        assert_eq!(heard.finishes.len(), 1);
        assert!(heard.calls.last().unwrap().ends_with("/retire"));
    });
}

#[tokio::test]
async fn stopping_hands_back_what_is_at_hand() {
    let (fake, address) = Fake::serve().await;
    let runner = Runner::start(&address);
    let attempt = fake.queue("deaf\nsleep 600");
    fake.until(|heard| heard.beaten.iter().any(|held| held.contains(&attempt))).await;
    let dir = runner.dir.clone();
    runner.stop().await;
    assert_eq!((fake.count("/finish"), fake.count("/retire")), (0, 1));
    assert_eq!(std::fs::read_dir(dir.path().join("attempts")).unwrap().count(), 0);
}

#[tokio::test]
async fn an_idle_runner_goes_at_once() {
    let (fake, address) = Fake::serve().await;
    let runner = Runner::start(&address);
    fake.until(|heard| heard.requests.len() == 1).await;
    runner.shutdown.drain.cancel();
    runner.gone().await.unwrap();
    assert_eq!(fake.count("/retire"), 1);
}
