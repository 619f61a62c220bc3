//! A person in the container of a step that failed.

use crate::scene::{Act, Scene, Started, docker, play, script};
use futures::StreamExt;
use sidings_proto::Secret;
use sidings_proto::step::{SECRETS_MOUNT, StepInput};
use sidings_runner::engine::{Engine, Entry, Session, Signal, TerminalSize};
use std::collections::BTreeMap;
use tokio::io::AsyncWriteExt;

fn input() -> StepInput {
    let secret = |name: &str| BTreeMap::from([(name.to_owned(), Secret::new("c4nary"))]);
    let folder = SECRETS_MOUNT.to_owned();
    StepInput { environment: secret("TOKEN"), files: secret("KEY"), folder, masked: vec![Secret::new("c4nary")] }
}

async fn enter(scene: &Scene, step: &Started, shells: &[&str]) -> anyhow::Result<Session> {
    let entry = Entry {
        shells: shells.iter().map(|shell| (*shell).to_owned()).collect(),
        env: BTreeMap::from([("TERM".to_owned(), "dumb".to_owned())]),
        input: input(),
        size: TerminalSize { columns: 91, rows: 31 },
    };
    scene.docker.enter(&step.id, entry).await
}

/// Types all at once, and gives what is shown until the shell ends.
async fn says(mut session: Session, typed: &str) -> String {
    session.typed.write_all(typed.as_bytes()).await.unwrap();
    let mut shown = Vec::new();
    while let Some(bytes) = session.shown.next().await {
        shown.extend_from_slice(&bytes.unwrap());
    }
    String::from_utf8_lossy(&shown).into_owned()
}

#[tokio::test]
async fn a_shell_is_the_steps_user_in_its_folder_with_its_secrets() {
    play(async |scene| {
        let network = scene.network().await;
        let act = "echo left > file; echo apart > /tmp/apart; exit 3";
        let step = scene.start(&network, Act { input: Some(input()), user: "nobody", hold: true, ..script(act) }).await;
        scene.until_held(&step).await;
        let session = enter(scene, &step, &["no-such-shell", "sh"]).await.unwrap();
        let typed = "stty -echo; PS1=; echo now\r\
            id -un; id -Gn; pwd; cat file /tmp/apart; echo $TOKEN; cat $KEY; echo; echo $TERM $HOME; stty size\r\
            stat -c %U $(tty); echo > $(tty) && echo own; printf '\\001\\000binary\\n'\r\
            grep CapEff /proc/self/status; exit 5\r";
        let shown = says(session, typed).await;
        let seen = shown.split("now\r\n").last().unwrap().replace('\r', "");
        let expected = "nobody\nnogroup\n/workspace\nleft\napart\nc4nary\nc4nary\ndumb /nonexistent\n31 91\n\
            nobody\n\nown\n\u{1}\0binary\nCapEff:\t0000000000000000\n";
        assert_eq!(seen, expected, "{shown}");
        assert!(!docker(&["inspect", &step.id.0]).join("\n").contains("c4nary"));

        // Others may follow, until the container is let go.
        let refused = says(enter(scene, &step, &["none", "nil"]).await.unwrap(), "").await;
        assert_eq!(refused, "sidings: the image has no shell: there is no none, no nil\r\n");
        scene.docker.signal(&step.id, Signal::Terminate).await.unwrap();
        assert_eq!(scene.end(step).await.record.code, 3, "a shell leaves the record as it was");
    })
    .await;
}

#[tokio::test]
async fn who_comes_too_late_is_told_so() {
    play(async |scene| {
        let network = scene.network().await;
        let step = scene.start(&network, Act { hold: true, ..script("exit 0") }).await;
        scene.docker.wait(&step.id).await.unwrap();
        let error = enter(scene, &step, &["sh"]).await.unwrap_err();
        assert!(format!("{error:#}").starts_with("preparing a shell: "), "{error:#}");
    })
    .await;
}
