use super::bench::{in_order, step};
use crate::engine::ImageFacts;
use crate::job::{Folder, script, variables};
use expect_test::expect;
use sidings_proto::{Command, Node, Step};
use std::os::unix::fs::symlink;
use std::process;

#[test]
fn every_step_has_the_variables_of_the_book() {
    let job = in_order([step(1, "true")]);
    let image = ImageFacts { id: "sha256:1234".to_owned(), ..ImageFacts::default() };
    let all = variables::variables(&job, &step(1, "true"), &image);
    let ids = [job.run.id.to_string(), job.attempt.job.to_string()];
    let shown = |value: &String| if ids.contains(value) { "<id>".to_owned() } else { value.clone() };
    let text: String = all.iter().map(|(name, value)| format!("{name}={}\n", shown(value))).collect();
    expect![[r#"
        CI=true
        CI_COMMIT_AUTHOR=Ada <ada@example.org>
        CI_COMMIT_BEFORE_SHA=
        CI_COMMIT_BRANCH=main
        CI_COMMIT_MESSAGE=a message
        CI_COMMIT_REF=refs/heads/main
        CI_COMMIT_REF_NAME=main
        CI_COMMIT_SHA=cccccccccccccccccccccccccccccccccccccccc
        CI_COMMIT_TAG=
        CI_JOB_ATTEMPT=2
        CI_JOB_ID=<id>
        CI_JOB_IMAGE=sha256:1234
        CI_JOB_NAME=test
        CI_JOB_URL=http://sidings/job
        CI_NODE_INDEX=1
        CI_NODE_TOTAL=1
        CI_PIPELINE_EVENT=push
        CI_PIPELINE_ID=<id>
        CI_PIPELINE_NUMBER=7
        CI_PIPELINE_URL=http://sidings/run
        CI_PROJECT_DIR=/workspace
        CI_REPO=team/project
        CI_REPO_DEFAULT_BRANCH=main
        CI_REPO_URL=https://example.org/team/project
        CI_STEP_NAME=s1
        CI_WORKSPACE=/workspace
        SOURCE_DATE_EPOCH=1700000000
    "#]]
    .assert_eq(&text);
}

#[test]
fn a_copy_knows_which_one_it_is() {
    let mut job = in_order([step(1, "true")]);
    job.spec.node = Node { index: 3, total: 8 };
    let all = variables::variables(&job, &step(1, "true"), &ImageFacts::default());
    assert_eq!((all["CI_NODE_INDEX"].as_str(), all["CI_NODE_TOTAL"].as_str()), ("3", "8"));
}

#[test]
fn a_long_message_does_not_keep_a_step_from_starting() {
    let mut job = in_order([step(1, "true")]);
    job.run.commit.message = "ü".repeat(100_000);
    let all = variables::variables(&job, &step(1, "true"), &ImageFacts::default());
    assert!(all["CI_COMMIT_MESSAGE"].len() <= 32 * 1024);
}

/// What the real shell makes of commands.
fn run(commands: &[&str]) -> String {
    let commands = Command::Commands { commands: commands.iter().map(|text| (*text).to_owned()).collect() };
    let argv = script::argv(&Step { command: commands, ..Step::default() }, &ImageFacts::default());
    let output = process::Command::new(&argv[0]).args(&argv[1..]).output().unwrap();
    format!("{}code {:?}\n", String::from_utf8_lossy(&output.stdout), output.status.code())
}

#[test]
fn commands_are_printed_as_they_stand() {
    let hard = [
        "echo 'one' \"two\"",
        "echo $((1+1)) # -n %s \\n",
        "printf '%s' -e\necho",
        "cat <<E\n$ text\nE",
        "false",
        "echo never",
    ];
    expect![[r#"
        $ echo 'one' "two"
        one two
        $ echo $((1+1)) # -n %s \n
        2
        $ printf '%s' -e
        echo
        -e
        $ cat <<E
        $ text
        E
        $ text
        $ false
        code Some(1)
    "#]]
    .assert_eq(&run(&hard));
}

#[test]
fn commands_share_one_shell() {
    expect![[r#"
        $ cd /
        $ x=1
        $ echo $PWD $x
        / 1
        code Some(0)
    "#]]
    .assert_eq(&run(&["cd /", "x=1", "echo $PWD $x"]));
}

#[test]
fn a_working_directory_is_the_workspace_or_in_it_or_absolute() {
    for (given, expected) in [
        (None, "/workspace"),
        (Some(""), "/workspace"),
        (Some("."), "/workspace"),
        (Some("./sub"), "/workspace/sub"),
        (Some("sub/dir"), "/workspace/sub/dir"),
        (Some("/srv"), "/srv"),
    ] {
        assert_eq!(script::working_directory(given), expected);
    }
}

#[tokio::test]
async fn a_folder_is_removed_with_all_in_it_and_may_be_removed_twice() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::of(dir.path(), in_order([]).attempt);
    folder.make().unwrap();
    std::fs::write(folder.workspace().join("file"), "").unwrap();
    symlink("/etc/hostname", folder.workspace().join("link")).unwrap();
    folder.clone().remove().await.unwrap();
    assert!(!folder.workspace().exists());
    folder.remove().await.unwrap();
}
