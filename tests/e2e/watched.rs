//! `sidings watch`: a person sees a run go on, stops it, and has the terminal back.

use super::{submit, verdicts};
use crate::support::{Fleet, SIDINGS, TOKEN, Terminal, run, tree};
use sidings_proto::Verdict;
use std::process::Command;

const TREE: [(&str, &str); 1] = [(
    ".sidings.yml",
    "image: debian:bookworm-slim\njobs: { slow: { steps: [{ name: waits, run: echo has-begun; sleep 600 }] } }\n",
)];

fn watching(fleet: &Fleet) -> Command {
    let mut command = Command::new(SIDINGS);
    command.arg("watch").env("SIDINGS_SERVER", fleet.client.url()).env("SIDINGS_TOKEN", TOKEN);
    command
}

#[tokio::test]
async fn a_run_is_watched_and_stopped_by_keys() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let id = submit(&fleet, &tree(fleet.path("work"), &TREE));
    let mut terminal = Terminal::start(watching(&fleet));
    terminal.until("has-begun");
    terminal.types("c");
    terminal.until("test@1?");
    terminal.types("y");
    let view = fleet.client.until_ended(id).await;
    assert_eq!(view.summary.verdict, Some(Verdict::Cancelled), "{}", verdicts(&view));
    terminal.until("⊘");
    terminal.types("q");
    let (code, text) = terminal.ended();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("\u{1b}[?1049l"), "what was on the terminal before is there again: {text}");
}

#[tokio::test]
async fn whoever_is_sent_away_has_the_terminal_back() {
    let fleet = Fleet::start().await;
    let mut terminal = Terminal::start(watching(&fleet));
    terminal.until("runs");
    let (code, text) = terminal.ended_by_insisting();
    assert_eq!(code, Some(130), "{text}");
}

#[tokio::test]
async fn without_a_terminal_it_says_what_else_there_is() {
    let fleet = Fleet::start().await;
    let (code, stdout, stderr) = run(watching(&fleet));
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("needs a terminal: `sidings runs` and `sidings logs --follow` write lines"), "{stderr}");
}
