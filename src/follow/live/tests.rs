use super::*;
use crate::follow::model::Scope;
use crate::render::sample::{NOW, ended_run, half_way, over, plain};
use insta::assert_snapshot;
use sidings_proto::api::RunView;
use sidings_proto::log::Stream;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// A terminal that obeys what [`Live`] uses, and no more.
#[derive(Default)]
struct Terminal {
    rows: Vec<String>,
    row: usize,
    begun: bool,
    cursor_hidden: bool,
}

impl Terminal {
    fn screen(&self) -> String {
        plain(&self.rows.join("\n"))
    }

    fn sequence<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let body = text.strip_prefix("\x1b[")?;
        let (parameters, rest) = body.split_at(body.find(|c: char| c.is_ascii_alphabetic())?);
        match (parameters, &rest[..1]) {
            ("?25", "l") => self.cursor_hidden = true,
            ("?25", "h") => self.cursor_hidden = false,
            (rows, "A") => self.row -= rows.parse::<usize>().unwrap(),
            ("", "J") => self.rows.truncate(self.row),
            ("", "K") | (_, "m") => {}
            other => panic!("an unknown sequence {other:?}"),
        }
        Some(&rest[1..])
    }

    fn characters<'a>(&mut self, text: &'a str) -> &'a str {
        if let Some(rest) = text.strip_prefix('\r') {
            self.begun = false;
            let next = rest.strip_prefix('\n');
            self.row += usize::from(next.is_some());
            return next.unwrap_or(rest);
        }
        let (text, rest) = text.split_at(text.find(['\r', '\x1b']).unwrap_or(text.len()));
        self.rows.resize(self.rows.len().max(self.row + 1), String::new());
        if !std::mem::replace(&mut self.begun, true) {
            self.rows[self.row].clear();
        }
        self.rows[self.row].push_str(text);
        rest
    }
}

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = str::from_utf8(bytes).unwrap();
        while !rest.is_empty() {
            rest = self.sequence(rest).unwrap_or_else(|| self.characters(rest));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn line(text: &str) -> Line {
    Line { stream: Stream::Stdout, at: NOW, bytes: text.as_bytes().to_vec() }
}

fn over_run() -> RunView {
    let mut jobs = half_way().jobs;
    jobs[0] = over(jobs[0].clone(), Verdict::Passed);
    ended_run(jobs, Verdict::Passed)
}

/// Follows the sample: 30 lines in each log, then all logs end.
fn follow(terminal: &mut Terminal, after: impl Fn(&mut Live<&mut Terminal>, &mut Following)) {
    let mut screen = Live::new(InPlace::new(terminal, || (60, 24), true));
    let mut following = Following::new(half_way(), Scope::default());
    for log in following.see(half_way()) {
        let lines: Vec<Line> = (1..=30).map(|n| line(&format!("line {n} of log {}", log.step))).collect();
        following.take(log, &lines);
        following.log_ended(log);
    }
    screen.refresh(&following, NOW).unwrap();
    after(&mut screen, &mut following);
}

#[test]
fn the_tree_is_drawn_in_place() {
    let mut terminal = Terminal::default();
    follow(&mut terminal, |screen, following| {
        screen.refresh(following, Timestamp(NOW.0 + 1_000)).unwrap();
        screen.refresh(following, Timestamp(NOW.0 + 2_000)).unwrap();
    });
    assert_snapshot!(terminal.screen(), @r#"
    demo@7  17.0s  main  3f2a91c  Show departures by platform
    ▶ lint         17.0s
      ▶ pyflakes    4.3s  line 30 of log 1
      ○ syntax
    ✗ unit         14.0s  step "pytest" exited with code 1
      ✓ compile     2.5s
      ✗ pytest      2.5s  exit code 1
    ○ service             needs lint
      ○ memory
      ○ sqlite
    "#);
}

#[test]
fn the_last_lines_of_a_failed_step_stay_above_the_tree() {
    let mut terminal = Terminal::default();
    follow(&mut terminal, |screen, following| {
        for notice in following.due() {
            screen.notice(following, &notice).unwrap();
        }
        following.see(over_run());
        screen.close(following, NOW).unwrap();
    });
    assert_snapshot!(terminal.screen(), @r#"
    ✗ unit / pytest the last 20 of 30 lines
    │ line 11 of log 2
    │ line 12 of log 2
    │ line 13 of log 2
    │ line 14 of log 2
    │ line 15 of log 2
    │ line 16 of log 2
    │ line 17 of log 2
    │ line 18 of log 2
    │ line 19 of log 2
    │ line 20 of log 2
    │ line 21 of log 2
    │ line 22 of log 2
    │ line 23 of log 2
    │ line 24 of log 2
    │ line 25 of log 2
    │ line 26 of log 2
    │ line 27 of log 2
    │ line 28 of log 2
    │ line 29 of log 2
    │ line 30 of log 2
    demo@7  14.4s  main  3f2a91c  Show departures by platform
    ✓ lint         14.0s
      ▶ pyflakes    2.3s
      ○ syntax
    ✗ unit         14.0s  step "pytest" exited with code 1
      ✓ compile     2.5s
      ✗ pytest      2.5s  exit code 1
    ○ service
      ○ memory
      ○ sqlite
    "#);
}

#[test]
fn whoever_looks_at_a_failed_step_has_its_last_lines_above_and_no_tree() {
    let mut terminal = Terminal::default();
    follow(&mut terminal, |screen, following| {
        let unit = &following.run().jobs[1];
        let (job, fence) = (unit.id, unit.attempts.last().unwrap().fence);
        let failed = LogId { job, fence, step: StepNo(2) };
        screen.stand_aside(following, failed).unwrap();
        let aside = screen.place.out().screen();
        assert!(aside.starts_with("✗ unit / pytest the last 20 of 30 lines\n│ line 11 of log 2\n"), "{aside}");
        assert!(aside.ends_with("│ line 30 of log 2"), "{aside}");
        assert!(!screen.place.out().cursor_hidden);
        // They are not told again, and the tree is back.
        for notice in following.due() {
            screen.notice(following, &notice).unwrap();
        }
        screen.refresh(following, NOW).unwrap();
        let after = screen.place.out().screen();
        assert_eq!(after.matches("line 30 of log 2").count(), 1, "{after}");
        assert!(after.contains("demo@7"), "{after}");
    });
}

#[test]
fn the_cursor_comes_back_whatever_happens() {
    let mut terminal = Terminal::default();
    follow(&mut terminal, |_, _| {});
    assert!(!terminal.cursor_hidden);
}

#[test]
fn a_terminal_that_got_narrower_is_cleared_whole() {
    static WIDTH: AtomicUsize = AtomicUsize::new(60);
    let mut place = InPlace::new(Vec::new(), || (WIDTH.load(Relaxed), 24), true);
    for (width, back) in [(60, "\r"), (60, "\r\x1b[2A"), (25, "\r\x1b[4A")] {
        WIDTH.store(width, Relaxed);
        let before = place.out().len();
        place.draw("above", vec!["x".repeat(60), "y".to_owned()]).unwrap();
        let written = String::from_utf8(place.out()[before..].to_vec()).unwrap();
        let written = written.trim_start_matches("\x1b[?25l");
        assert!(written.starts_with(&format!("{back}above")), "{written:?}");
    }
}

#[test]
fn nothing_is_written_when_nothing_changed() {
    let mut screen = Live::new(InPlace::new(Vec::new(), || (60, 24), true));
    let following = Following::new(over_run(), Scope::default());
    screen.refresh(&following, NOW).unwrap();
    let written = screen.place.out().len();
    screen.refresh(&following, NOW).unwrap();
    assert_eq!(screen.place.out().len(), written);
}

#[test]
fn without_colours_the_tree_still_moves() {
    let mut screen = Live::new(InPlace::new(Vec::new(), || (60, 24), false));
    let mut following = Following::new(half_way(), Scope::default());
    screen.refresh(&following, NOW).unwrap();
    following.see(over_run());
    screen.refresh(&following, NOW).unwrap();
    let text = String::from_utf8(screen.place.out().clone()).unwrap();
    assert!(text.contains("\x1b[10A") && !text.contains("\x1b[1m") && !text.contains("\x1b[32m"), "{text:?}");
}

#[test]
fn one_line_is_not_lines() {
    let shown = [1, 2, 20, 21].map(how_many);
    assert_eq!(shown, ["1 line", "2 lines", "20 lines", "the last 20 of 21 lines"]);
}
