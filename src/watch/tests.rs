//! What is on the screen after what was heard and pressed.

use super::draw;
use super::keys::Key;
use super::model::{Deed, News, Watching, Wish};
use crate::follow::{Line, LogId};
use crate::render::sample::{self, NOW, half_way, job_id};
use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;
use ratatui::style::Color;
use sidings_proto::api::{RunView, WaitFor, WaitView};
use sidings_proto::log::Stream;
use sidings_proto::{RunId, StepNo, Timestamp};
use uuid::Uuid;

const WIDE: (u16, u16) = (110, 24);
const NARROW: (u16, u16) = (60, 20);

/// Two runs, of which the older one is looked at.
fn two_runs() -> (Watching, Vec<Wish>) {
    let mut watching = Watching::new(None);
    let mut newest = half_way().summary;
    (newest.id, newest.number) = (RunId(Uuid::from_u128(8)), 8);
    let mut wishes = watching.hear(News::Runs(vec![newest, half_way().summary]));
    wishes.extend(watching.press(Key::Down));
    wishes.extend(watching.hear(News::Run(Box::new(half_way()))));
    (watching, wishes)
}

fn lines(texts: &[&str]) -> Vec<Line> {
    let line = |text: &&str| Line { stream: Stream::Stdout, at: Timestamp(0), bytes: text.as_bytes().to_vec() };
    texts.iter().map(line).collect()
}

fn log(job: u128, step: u32) -> LogId {
    LogId { job: job_id(job), fence: 1, step: StepNo(step) }
}

fn terminal(watching: &mut Watching, (width, height): (u16, u16), colours: bool) -> Terminal<TestBackend> {
    watching.log_rows = draw::rows_of_log(watching, Rect::new(0, 0, width, height));
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw::all(watching, frame, NOW, colours)).unwrap();
    terminal
}

fn screen(watching: &mut Watching, size: (u16, u16)) -> String {
    let text = terminal(watching, size, true).backend().to_string();
    // Without the quotation marks around each row.
    text.lines().map(|row| row.trim_matches('"').trim_end()).collect::<Vec<_>>().join("\n")
}

fn letters(watching: &mut Watching, text: &str) -> Vec<Wish> {
    text.chars().flat_map(|letter| watching.press(Key::Letter(letter))).collect()
}

#[test]
fn the_run_that_is_chosen_is_followed_and_what_failed_in_it_is_read() {
    let (watching, wishes) = two_runs();
    let run = |number| Wish::Follow(RunId(Uuid::from_u128(number)));
    let expected = [Wish::ReadNone, run(8), Wish::ReadNone, run(7), Wish::Read(log(2, 2))];
    assert_eq!(wishes, expected);
    assert_eq!(watching.text.map(|text| text.log), Some(log(2, 2)));
}

#[test]
fn runs_jobs_and_a_log_are_seen_at_once() {
    let (mut watching, _) = two_runs();
    watching.hear(News::Lines(log(2, 2), lines(&["collected 2 items", "\x1b[31mFAILED\x1b[0m test_delay\x1b[2J"])));
    assert_snapshot!(screen(&mut watching, WIDE));
}

#[test]
fn a_narrow_terminal_shows_them_in_turn() {
    let (mut watching, _) = two_runs();
    let runs = screen(&mut watching, NARROW);
    watching.press(Key::Next);
    assert_snapshot!(format!("{runs}\n\n{}", screen(&mut watching, NARROW)));
}

#[test]
fn the_keys_are_told() {
    let (mut watching, _) = two_runs();
    letters(&mut watching, "?");
    assert_snapshot!(screen(&mut watching, WIDE));
    assert_eq!(letters(&mut watching, "q"), [], "it only closes what is told");
    assert_eq!(letters(&mut watching, "q"), [Wish::Leave]);
}

#[test]
fn colours_are_left_out_where_they_are_not_wanted() {
    let (mut watching, _) = two_runs();
    watching.hear(News::Lines(log(2, 2), lines(&["\x1b[31mFAILED\x1b[0m"])));
    let coloured = |terminal: Terminal<TestBackend>| {
        terminal.backend().buffer().content.iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
    };
    assert!(coloured(terminal(&mut watching, WIDE, true)));
    assert!(!coloured(terminal(&mut watching, WIDE, false)));
}

#[test]
fn steps_are_gone_through_and_each_has_its_log() {
    let (mut watching, _) = two_runs();
    watching.press(Key::Enter);
    assert_eq!(watching.press(Key::Down), [Wish::Read(log(2, 0))], "its setup");
    assert_eq!(watching.press(Key::Down), [Wish::Read(log(2, 1))]);
    assert_eq!(watching.press(Key::Home), [Wish::Read(log(1, 1))], "the step that runs");
    assert_eq!(letters(&mut watching, "f"), [Wish::Read(log(2, 2))], "the step that failed");
}

#[test]
fn whoever_reads_further_up_is_not_torn_away() {
    let (mut watching, _) = two_runs();
    watching.hear(News::Lines(log(2, 2), lines(&["a line"; 200])));
    screen(&mut watching, WIDE);
    watching.pane = super::model::Pane::Log;
    watching.press(Key::PageUp);
    let mut later = half_way();
    later.jobs[1].attempts.push(sample::attempt(2));
    assert_eq!(watching.hear(News::Run(Box::new(later.clone()))), []);
    watching.press(Key::End);
    let again = LogId { fence: 2, ..log(2, 2) };
    assert_eq!(watching.hear(News::Run(Box::new(later))), [Wish::Read(again)]);
}

#[test]
fn a_text_is_found_from_the_end_upwards() {
    let (mut watching, _) = two_runs();
    let mut text: Vec<String> = (0..100).map(|number| format!("line {number}")).collect();
    text[20] = "an \x1b[31mErr\x1b[0mor".to_owned();
    text[60] = "another ERROR".to_owned();
    let text: Vec<&str> = text.iter().map(String::as_str).collect();
    watching.hear(News::Lines(log(2, 2), lines(&text)));
    screen(&mut watching, WIDE);
    letters(&mut watching, "/errorx");
    watching.press(Key::Erase);
    watching.press(Key::Enter);
    assert_eq!(watching.search.at, Some(60));
    letters(&mut watching, "n");
    assert_eq!(watching.search.at, Some(20));
    assert!(screen(&mut watching, WIDE).contains("an Error"));
    letters(&mut watching, "n");
    assert_eq!(watching.said, "\"error\" is not further up in this log");
    letters(&mut watching, "N");
    assert_eq!(watching.search.at, Some(60));
}

#[test]
fn only_the_end_of_a_long_log_is_kept() {
    let (mut watching, _) = two_runs();
    let many: Vec<String> = (0..super::text::KEPT + 5).map(|number| format!("line {number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    watching.hear(News::Lines(log(2, 2), lines(&many)));
    watching.pane = super::model::Pane::Log;
    screen(&mut watching, WIDE);
    watching.press(Key::Home);
    let shown = screen(&mut watching, WIDE);
    assert!(shown.contains("│line 5") || shown.contains("┃line 5"), "{shown}");
    assert!(shown.contains("20005 lines"), "{shown}");
}

#[test]
fn nothing_is_changed_without_being_asked_for_twice() {
    let (mut watching, _) = two_runs();
    let run = half_way().summary.id;
    assert_eq!(letters(&mut watching, "cn"), []);
    assert_eq!(letters(&mut watching, "cy"), [Wish::Do(Deed::Cancel(run))]);
    assert_eq!(letters(&mut watching, "rf"), [Wish::Do(Deed::Retry { run, failed_only: true })]);
    assert_eq!(letters(&mut watching, "ay"), [], "it waits for nobody");
    assert_eq!(letters(&mut watching, "o"), [Wish::Do(Deed::Open(half_way().url))]);
}

#[test]
fn a_job_that_waits_for_a_person_is_agreed_to() {
    let (mut watching, _) = two_runs();
    let mut run: RunView = half_way();
    let message = "somebody to agree".to_owned();
    run.jobs[2].wait = Some(WaitView { kind: WaitFor::Approval, message, starts: None });
    watching.hear(News::Run(Box::new(run)));
    watching.press(Key::Enter);
    assert_eq!(watching.press(Key::End), [Wish::ReadNone], "it has no log yet");
    let shown = screen(&mut watching, WIDE);
    assert!(shown.contains("waits: somebody to agree"), "{shown}");
    letters(&mut watching, "a");
    assert!(screen(&mut watching, WIDE).contains("let service of demo@7 run?"));
    assert_eq!(letters(&mut watching, "y"), [Wish::Do(Deed::Approve(job_id(3)))]);
}

#[test]
fn what_comes_late_of_another_run_changes_nothing() {
    let (mut watching, _) = two_runs();
    let mut other = half_way();
    other.summary.id = RunId(Uuid::from_u128(8));
    assert_eq!(watching.hear(News::Run(Box::new(other))), []);
    watching.hear(News::Lines(log(1, 1), lines(&["of another log"])));
    assert!(!screen(&mut watching, WIDE).contains("of another log"));
}
