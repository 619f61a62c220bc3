//! `sidings run --shell`: a person at a real terminal, in the real container of a step that failed.

use crate::support::{SIDINGS, Terminal, run, tree};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

struct Scene {
    dir: TempDir,
    tree: PathBuf,
}

impl Scene {
    fn new(pipeline: &str) -> Scene {
        let dir = TempDir::new().unwrap();
        let tree = tree(dir.path().join("tree"), &[(".sidings.yml", pipeline)]);
        let secrets = dir.path().join("secrets");
        std::fs::write(&secrets, "token=c4nary-Value\n").unwrap();
        std::fs::set_permissions(secrets, std::fs::Permissions::from_mode(0o600)).unwrap();
        Scene { dir, tree }
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(SIDINGS);
        command.args(["run", "--shell"]).args(more).current_dir(&self.tree);
        command.env("XDG_CACHE_HOME", self.dir.path().join("cache"));
        command
    }

    /// A filter for all that the engine has of the run that is going on.
    fn label(&self) -> String {
        let runs = std::fs::read_dir(self.dir.path().join("cache/sidings/run")).unwrap();
        let run = runs.map(|entry| entry.unwrap().path()).next().expect("a run goes on");
        let identity = std::fs::read_to_string(run.join("runner/identity.json")).unwrap();
        let identity: serde_json::Value = serde_json::from_str(&identity).unwrap();
        format!("label=dev.sidings.runner={}", identity["runner"].as_str().unwrap())
    }
}

/// What the engine has under this label.
fn things(label: &str) -> String {
    let of = |args: &[&str]| {
        let mut command = Command::new("docker");
        command.args(args).args(["--filter", label]);
        run(command).1
    };
    of(&["ps", "-a", "-q"]) + &of(&["network", "ls", "-q"]) + &of(&["volume", "ls", "-q"])
}

fn lines(shown: &str) -> Vec<&str> {
    shown.lines().map(str::trim_end).collect()
}

const FAILING: &str = "\
image: debian:bookworm-slim
environment: { COLOUR: green }
jobs:
  unit:
    steps:
      - name: pytest
        shell: sh -e -c
        environment: { TOKEN: { from_secret: token } }
        run: |
          echo one line
          echo left > left.txt; echo apart > /tmp/apart
          exit 7
      - { name: never, run: 'true' }
      - { name: report, when: { status: failure }, run: cat added.txt }
";

#[test]
fn a_person_sees_what_a_failed_step_left_and_the_run_ends_as_it_would() {
    let scene = Scene::new(FAILING);
    let secrets = scene.dir.path().join("secrets");
    let mut terminal = Terminal::start(scene.command(&["--secrets-file", secrets.to_str().unwrap()]));
    let before = terminal.until("its verdict stays");
    assert!(before.contains("│ one line"), "{before}");
    assert!(before.contains("unit / pytest: step \"pytest\" exited with code 7"), "{before}");
    let label = scene.label();
    let workspace = before.split("on this machine ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    assert_eq!(std::fs::read_to_string(Path::new(workspace.trim()).join("left.txt")).unwrap(), "left\n");

    terminal.until("# ");
    terminal.types("stty -echo; PS1='$ '; echo rea''dy\r");
    terminal.until("ready\r\n$ ");
    terminal.types("cat left.txt /tmp/apart; echo $COLOUR $TOKEN; pwd; stty size; echo $0; echo more > added.txt\r");
    let seen = terminal.until("\r\n$ ");
    let expected = ["left", "apart", "green c4nary-Value", "/workspace", "30 100", "sh", "$"];
    assert_eq!(lines(&seen), expected);
    assert!(!terminal.is_as_usual(), "every key is the shell's");
    // Ctrl-C ends what runs in the shell, and neither the shell nor the run. Whoever says that it has begun has the
    // terminal: what the shell itself says comes before that.
    terminal.types("sh -c 'echo begun; exec sleep 600'\r");
    terminal.until("begun\r\n");
    terminal.types("\x03");
    terminal.until("$ ");
    terminal.types("echo still here\r");
    terminal.until("still here\r\n");
    terminal.types("exit 3\r");
    terminal.until("left the shell of unit / pytest; the run goes on");

    let (code, text) = terminal.ended();
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(things(&label), "", "{text}");
    let report = scene.dir.path().join("cache/sidings/logs/tree/unit.03-report.log");
    assert_eq!(std::fs::read_to_string(report).unwrap(), "more\n", "what was changed stays for what runs after");
}

#[test]
fn one_failed_step_after_the_other_has_the_terminal_to_itself() {
    let pipeline = "\
image: debian:bookworm-slim
jobs:
  first:
    steps: [{ name: fails, run: exit 4 }]
  second:
    steps: [{ name: hangs, timeout: 1s, run: sleep 600 }]
";
    let scene = Scene::new(pipeline);
    let mut terminal = Terminal::start(scene.command(&["--plain", "--slots", "2"]));
    let mut told = Vec::new();
    for _ in 0..2 {
        let invitation = terminal.until("its verdict stays");
        let failed = |line: &&str| line.starts_with('✗');
        told.extend(lines(&invitation).into_iter().filter(failed).map(str::to_owned));
        terminal.until("# ");
        terminal.types("echo qui''et\r");
        let meanwhile = terminal.until("quiet\r\n");
        assert!(!meanwhile.contains("second") && !meanwhile.contains("first"), "{meanwhile}");
        terminal.types("exit\r");
        terminal.until("the run goes on");
    }
    let (code, text) = terminal.ended();
    told.sort();
    let fails = "✗ first / fails: step \"fails\" exited with code 4";
    assert_eq!((code, told), (Some(1), vec![fails.to_owned(), HANGS.to_owned()]), "{text}");
}

const HANGS: &str = "✗ second / hangs: step \"hangs\" took longer than 1 s";

#[test]
fn who_asks_twice_for_an_end_gets_it_with_a_shell_open() {
    let scene = Scene::new(FAILING);
    let secrets = scene.dir.path().join("secrets");
    let mut terminal = Terminal::start(scene.command(&["--secrets-file", secrets.to_str().unwrap()]));
    terminal.until("# ");
    let label = scene.label();
    terminal.terminate();
    // The first one cancels the run, which waits for the person.
    terminal.types("echo still he''re\r");
    terminal.until("still here\r\n");
    let (code, text) = terminal.ended_by_insisting();
    assert_eq!(code, Some(130), "{text}");
    assert_eq!(things(&label), "", "{text}");
}

#[test]
fn without_a_terminal_nothing_is_started() {
    let scene = Scene::new(FAILING);
    let (code, stdout, stderr) = run(scene.command(&[]));
    let expected = "error: `--shell` needs a terminal to type in and to show on, and stdin is none here; start it in a \
                    terminal, without a pipe or redirection, or leave `--shell` out\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (2, "", expected));
    let (code, _, stderr) = run(scene.command(&["--watch"]));
    assert_eq!(code, 2);
    assert!(stderr.contains("'--shell' cannot be used with '--watch'"), "{stderr}");
}
