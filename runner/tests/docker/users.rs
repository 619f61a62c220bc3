//! Images with a user of their own.

use crate::scene::{Act, play, script};
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

const DOCKERFILE: &str = "FROM debian:bookworm-slim\n\
    RUN groupadd -g 1500 extra && useradd -m -u 1400 -G extra ci\n\
    USER ci\n";

#[tokio::test]
async fn the_workspace_is_handed_over_and_the_record_is_out_of_reach() {
    play(async |scene| {
        let image = scene.image("sidings-test/user:1", DOCKERFILE).await;
        assert_eq!(image.user, "ci");
        fs::create_dir(scene.workspace().join("src")).unwrap();
        fs::write(scene.workspace().join("src/file"), "old").unwrap();
        fs::write(scene.path().join("outside"), "").unwrap();
        symlink("/etc/passwd", scene.workspace().join("link")).unwrap();
        let text = "set -e; id -u; id -un; id -Gn; echo $HOME; echo $USER; echo new > src/file; touch made; \
            stat -c %u /etc/passwd; grep CapEff /proc/self/status; \
            for f in log exit.json spec.json x; do echo forged 2>/dev/null > /sidings/step/$f && exit 7; done; \
            rm -f /sidings/step/log 2>/dev/null && exit 8; kill -9 1 2>/dev/null && exit 9; exit 0";
        let said = scene.says(Act { image: &image.id, user: &image.user, ..script(text) }).await;
        let expected = ["1400", "ci", "ci extra", "/home/ci", "ci", "0", "CapEff:\t0000000000000000"];
        assert_eq!(said.lines().collect::<Vec<_>>(), expected);
        assert_eq!(fs::read_to_string(scene.workspace().join("src/file")).unwrap(), "new\n");
        assert_eq!(fs::symlink_metadata(scene.workspace().join("link")).unwrap().uid(), 1400);
    })
    .await;
}

#[tokio::test]
async fn a_user_by_number_needs_no_name() {
    play(async |scene| {
        let act = Act { user: "4321:99", ..script("id -u; id -g; echo $HOME; touch made") };
        assert_eq!(scene.says(act).await, "4321\n99\n/\n");
    })
    .await;
}
