//! What siblings change in real views: steps in containers, over layers that the Engine lays and over copies.

use crate::scene::{Act, Scene, docker, play, script};
use sidings_runner::engine::{Engine, LayerRefused};
use sidings_runner::workspace::{NotMerged, Sibling, View, merge_into};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

/// How it begins, what one sibling does, what another one does, and what is there in the end; `mode` where it is not
/// the usual one.
const MERGED: &[(&str, &str, &str, &str)] = &[
    ("echo a>a", "true", "true", "a=a"),
    ("echo a>a", "echo 1 >one", "echo 2 >two", "a=a one=1 two=2"),
    ("echo a>a; echo b>b", "echo A>a", "echo B>b", "a=A b=B"),
    ("echo a>a; echo b>b", "rm a", "echo B>b", "b=B"),
    ("echo a>a", "rm a", "rm a", ""),
    ("echo a>a", "echo A>a", "echo A>a", "a=A"),
    ("echo a>a", "chmod 755 a", "true", "a=a:755"),
    ("echo a>a", "chmod 4711 a", "true", "a=a:4711"),
    ("echo a>a", "chown 12:34 a", "true", "a=a@12:34"),
    ("mkdir d", "chmod 711 d", "echo x>d/x", "d/:711 d/x=x"),
    ("mkdir d; chmod 1777 d", "echo x>d/x", "true", "d/:1777 d/x=x"),
    ("mkdir -p d/e; echo x>d/e/x", "rm -r d", "true", ""),
    ("mkdir d; echo x>d/x; echo y>d/y", "rm -r d; mkdir d; echo z>d/z", "true", "d/ d/z=z"),
    ("mkdir -p d/e; echo x>d/e/x; echo y>d/y", "rm -r d; mkdir -p d/e; echo z>d/e/z", "rm d/y", "d/ d/e/ d/e/z=z"),
    ("mkdir d; echo x>d/x", "rm -r d; echo file>d", "true", "d=file"),
    ("echo file>d", "rm d; mkdir d; echo x>d/x", "true", "d/ d/x=x"),
    ("mkdir d; echo x>d/x", "rm -r d; ln -s /etc d", "true", "d->/etc"),
    ("ln -s /etc d", "rm d; mkdir d; echo x>d/passwd", "true", "d/ d/passwd=x"),
    ("ln -s a l", "ln -sfn b l", "true", "l->b"),
    ("true", "ln -s ../../../../etc/passwd l", "mkfifo p", "l->../../../../etc/passwd p|"),
    ("echo a>a", "mv a b", "true", "b=a"),
    ("mkdir -p d/e; echo x>d/e/x", "mv d m", "echo n>n", "m/ m/e/ m/e/x=x n=n"),
    ("true", "mkdir -p b/c; echo 1 >b/c/1", "mkdir -p b/c; echo 2 >b/c/2", "b/ b/c/ b/c/1=1 b/c/2=2"),
    ("mkdir d; echo x>d/x; echo y>d/y", "rm -r d", "rm d/x", ""),
    ("echo a>a", "touch -d @7 a; touch -d @7 a", "echo A>a", "a=A"),
    ("echo a>a; ln a b", "true", "echo n>n", "a=a b=a n=n"),
    ("true", "echo n>n1; ln n1 n2", "true", "n1=n n2=n"),
    ("true", "mkdir empty", "mkdir empty", "empty/"),
    ("true", "touch -- '-rf' '*' ' '", "true", "\u{20}= *= -rf="),
];

/// The same; each ends in a clash at these paths.
const CLASHING: &[(&str, &str, &str, &[&str])] = &[
    ("echo a>a", "echo 1 >a", "echo 2 >a", &["a"]),
    ("true", "echo 1 >n", "echo 2 >n", &["n"]),
    ("echo a>a", "rm a", "echo 2 >a", &["a"]),
    ("echo a>a", "chmod 755 a", "echo 2 >a", &["a"]),
    ("true", "ln -s x l", "ln -s y l", &["l"]),
    ("true", "mkdir n", "echo n>n", &["n"]),
    ("mkdir d; echo x>d/x", "rm -r d", "echo X>d/x", &["d/x"]),
    ("mkdir d", "rm -r d; ln -s /etc d", "echo n>d/n", &["d/n"]),
    ("mkdir d", "chmod 700 d", "chmod 711 d", &["d"]),
    ("true", "echo a>'\n'", "echo b>'\n'", &["\\n"]),
];

#[derive(Clone, Copy, Debug)]
enum Form {
    Layers,
    Copies,
}

/// Prepares a folder for each case and plays both siblings; the workspace is handed to an earlier step's user if given.
async fn siblings(
    scene: &Scene,
    form: Form,
    cases: impl Iterator<Item = [&str; 3]> + Clone,
    user: &str,
) -> Vec<Sibling> {
    let in_folders = |which: usize| -> String {
        let cases = cases.clone().enumerate();
        cases.map(|(n, case)| format!("( mkdir -p {n:02}; cd {n:02}; {} ) || exit 1\n", case[which])).collect()
    };
    scene.says(script(&in_folders(0))).await;
    let mut siblings = Vec::new();
    for (which, name) in [(1, "one"), (2, "two")] {
        let (workspace, place) = (scene.workspace(), scene.path().join(format!("{form:?}-{name}")));
        let view = match form {
            Form::Layers => View::layer(&workspace, &place).unwrap(),
            Form::Copies => View::copy(&workspace, &place).await.unwrap(),
        };
        let text = in_folders(which);
        let network = scene.network().await;
        let ended = scene.run_in(&network, Act { user, ..script(&text) }, &view).await;
        assert_eq!(ended.record.code, 0, "{}", ended.log);
        siblings.push(Sibling { name: name.to_owned(), view });
    }
    siblings
}

/// What is in a folder, in one line.
fn listing(folder: &Path, below: &str) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let mut lines = Vec::new();
    for name in names {
        let (path, shown) = (folder.join(&name), format!("{below}{}", name.to_string_lossy()));
        let found = path.symlink_metadata().unwrap();
        let mode = found.permissions().mode() & 0o7777;
        let owner = if found.uid() == 0 { String::new() } else { format!("@{}:{}", found.uid(), found.gid()) };
        let rights = |usual| if mode == usual { owner.clone() } else { format!(":{mode:o}{owner}") };
        if found.is_dir() {
            lines.push(format!("{shown}/{}", rights(0o755)));
            lines.extend(listing(&path, &format!("{shown}/")));
        } else if found.is_symlink() {
            lines.push(format!("{shown}->{}", fs::read_link(&path).unwrap().display()));
        } else if found.is_file() {
            lines.push(format!("{shown}={}{}", fs::read_to_string(&path).unwrap().trim_end(), rights(0o644)));
        } else {
            lines.push(format!("{shown}|"));
        }
    }
    lines
}

async fn merges(form: Form) {
    play(async |scene| {
        let siblings = siblings(scene, form, MERGED.iter().map(|(a, b, c, _)| [*a, *b, *c]), "").await;
        merge_into(&scene.workspace(), &siblings, &scene.path().join("replaced")).unwrap();
        for (n, (before, one, two, expected)) in MERGED.iter().enumerate() {
            let found = listing(&scene.workspace().join(format!("{n:02}")), "").join(" ");
            assert_eq!(&found, expected, "{form:?}: {before} | {one} | {two}");
        }
    })
    .await;
}

async fn clashes(form: Form) {
    play(async |scene| {
        let siblings = siblings(scene, form, CLASHING.iter().map(|(a, b, c, _)| [*a, *b, *c]), "").await;
        let before = listing(&scene.workspace(), "");
        let merged = merge_into(&scene.workspace(), &siblings, &scene.path().join("replaced"));
        let Err(NotMerged::Clash { lines, .. }) = merged else { panic!("{form:?}: {merged:?}") };
        let numbered = CLASHING.iter().enumerate();
        let expected: Vec<String> = numbered
            .flat_map(|(n, case)| case.3.iter().map(move |path| format!("  {n:02}/{path} (\"one\", \"two\")")))
            .collect();
        assert_eq!(lines, expected, "{form:?}");
        assert_eq!(listing(&scene.workspace(), ""), before, "nothing is merged");
    })
    .await;
}

#[tokio::test]
async fn changes_on_layers_are_merged() {
    merges(Form::Layers).await;
}

#[tokio::test]
async fn changes_on_copies_are_merged() {
    merges(Form::Copies).await;
}

#[tokio::test]
async fn the_same_paths_on_layers_clash() {
    clashes(Form::Layers).await;
}

#[tokio::test]
async fn the_same_paths_on_copies_clash() {
    clashes(Form::Copies).await;
}

#[tokio::test]
async fn a_workspace_that_is_handed_to_another_user_is_not_changed_by_that() {
    for form in [Form::Layers, Form::Copies] {
        play(async |scene| {
            let cases = [["echo a>a; echo b>b; mkdir d", "echo A>a", "echo n>d/n"]];
            let siblings = siblings(scene, form, cases.into_iter(), "1234:1234").await;
            assert_eq!(
                merge_into(&scene.workspace(), &siblings, &scene.path().join("replaced")).unwrap(),
                2,
                "{form:?}"
            );
            let found = listing(&scene.workspace(), "").join(" ");
            assert_eq!(found, "00/ 00/a=A 00/b=b 00/d/ 00/d/n=n", "{form:?}: all belongs to whom it belonged to");
        })
        .await;
    }
}

#[tokio::test]
async fn a_step_cannot_forge_the_notes_of_its_overlay() {
    play(async |scene| {
        fs::create_dir(scene.workspace().join("d")).unwrap();
        fs::write(scene.workspace().join("d/x"), "").unwrap();
        let text = "mknod gone c 0 0 && exit 1
            perl -e 'require \"syscall.ph\"' 2>/dev/null; mkdir -p d; touch d/y
            perl -e 'my ($p,$n,$v)=(\"d\",\"trusted.overlay.redirect\",\"/../../..\"); exit(syscall(188,$p,$n,$v,length $v,0)==0)' || exit 2
            perl -e 'my ($p,$n,$v)=(\"d\",\"user.overlay.redirect\",\"/../../..\"); syscall(188,$p,$n,$v,length $v,0)'; true";
        let view = View::layer(&scene.workspace(), &scene.path().join("view")).unwrap();
        let network = scene.network().await;
        let ended = scene.run_in(&network, script(text), &view).await;
        assert_eq!(ended.record.code, 0, "{}", ended.log);
        let siblings = [Sibling { name: "one".to_owned(), view }];
        assert_eq!(merge_into(&scene.workspace(), &siblings, &scene.path().join("replaced")).unwrap(), 1);
        assert_eq!(listing(&scene.workspace(), ""), ["d/", "d/x=", "d/y="]);
    })
    .await;
}

#[tokio::test]
async fn a_layer_that_cannot_be_laid_is_told_from_other_failures() {
    play(async |scene| {
        let place = scene.path().join("with,comma");
        let view = View::layer(&scene.workspace(), &place).unwrap();
        let network = scene.network().await;
        let error = scene.try_start_in(&network, script("true"), &view).await.unwrap_err();
        assert!(error.downcast_ref::<LayerRefused>().is_some(), "{error:#}");
        let view = View::layer(&scene.workspace(), &scene.path().join("view")).unwrap();
        let missing = Act { image: "sidings-test/missing:1", ..script("true") };
        let error = scene.try_start_in(&network, missing, &view).await.unwrap_err();
        assert!(error.downcast_ref::<LayerRefused>().is_none(), "{error:#}");
    })
    .await;
}

#[tokio::test]
async fn volumes_go_with_their_containers() {
    play(async |scene| {
        let label = format!("label=dev.sidings.runner={}", scene.runner);
        let volumes = || docker(&["volume", "ls", "-q", "--filter", &label]);
        let network = scene.network().await;
        let views: Vec<View> =
            (0..3).map(|n| View::layer(&scene.workspace(), &scene.path().join(format!("v{n}"))).unwrap()).collect();
        let ended = scene.try_start_in(&network, script("true"), &views[0]).await.unwrap();
        let running = scene.try_start_in(&network, script("sleep 1000"), &views[1]).await.unwrap();
        assert_eq!(volumes().len(), 2);
        scene.end(ended).await;
        scene.docker.teardown(scene.attempt).await.unwrap();
        assert_eq!(volumes(), Vec::<String>::new());
        assert_eq!(scene.docker.wait(&running.id).await.unwrap(), None);
        // What an Engine may leave that dies while it makes a container.
        let left = format!("dev.sidings.runner={}", scene.runner);
        docker(&["volume", "create", "--label", &left, "--label", "dev.sidings.life=earlier"]);
        scene.docker.sweep().await.unwrap();
        assert_eq!(volumes(), Vec::<String>::new());
        let mounts =
            Command::new("grep").args(["-c", &scene.path().to_string_lossy(), "/proc/mounts"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&mounts.stdout), "0\n");
    })
    .await;
}
