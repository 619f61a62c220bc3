//! Texts that are made to cost, not to run: each is refused with the limit named, or answered in few words.

use crate::{Tree, push, seen};
use expect_test::{Expect, expect};
use sidings_pipeline::{Diagnostics, FILE, Input};

fn found(text: &str) -> Diagnostics {
    let context = push();
    let input = Input { file: FILE, text, context: &context, files: &Tree::usual(), policy: &Default::default() };
    let found = sidings_pipeline::compile(&input).expect_err("hostile texts do not compile");
    assert!(found.has_errors());
    found
}

/// The messages, each with its place.
fn check(text: &str, expect: Expect) {
    let found = found(text);
    let lines = found.0.iter().map(|one| {
        let place = &one.place;
        format!("{}:{} {}: {}\n", place.line, place.column, one.code.as_str(), one.message)
    });
    expect.assert_eq(&lines.collect::<String>());
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, inner) in ('b'..='i').zip('a'..) {
        let aliases = vec![format!("*{inner}"); 9].join(", ");
        bomb.push_str(&format!("{name}: &{name} [{aliases}]\n"));
    }
    check(
        &bomb,
        expect![[r#"
            5:8 limit: the file has more than 10000 values; that is the limit
        "#]],
    );
}

#[test]
fn many_aliases_are_refused() {
    let text = format!("x-a: &a 1\nx-b: [{}]\n", vec!["*a"; 101].join(", "));
    check(
        &text,
        expect![[r#"
        2:407 limit: aliases are used more than 100 times; that is the limit
    "#]],
    );
    let few = format!("x-a: &a 1\nx-b: [{}]\n", vec!["*a"; 100].join(", "));
    check(
        &few,
        expect![[r#"
        1:1 missing_key: there are no jobs
    "#]],
    );
}

#[test]
fn aliases_count_for_what_they_stand_for() {
    let text = format!("x-a: &a [{}]\nx-b: [{}]\n", vec!["1"; 1000].join(","), ["*a"; 10].join(", "));
    check(
        &text,
        expect![[r#"
        2:39 limit: the file has more than 10000 values; that is the limit
    "#]],
    );
}

#[test]
fn ten_megabytes_are_refused_unread() {
    let text = "# a comment that goes on\n".repeat(400_000);
    check(
        &text,
        expect![[r#"
        1:1 limit: the file has 10000000 bytes; the limit is 256 KiB (262144 bytes)
    "#]],
    );
    let shown = found(&text).render(false);
    assert!(shown.len() < 200, "{shown}");
}

#[test]
fn what_no_program_can_be_given_is_refused() {
    let of = |steps: &str| format!("image: a:1\njobs:\n  a:\n    steps:\n{steps}");
    let kib = |n: usize| "x".repeat(n * 1024);
    check(
        &of(&format!("      - run: {}x\n", kib(64))),
        expect![[r#"
        5:14 limit: `run` has 65537 bytes; the limit is 64 KiB
    "#]],
    );
    check(
        &of(&format!("      - commands: [{}, {}]\n", kib(16), kib(16))),
        expect![[r#"
        5:19 limit: `commands` has 65664 bytes; the limit is 64 KiB
    "#]],
    );
    // In quotes, each of these becomes four characters.
    check(
        &of(&format!("      - commands: [\"{}\"]\n", "'".repeat(14 * 1024))),
        expect![[r#"
        5:19 limit: `commands` has 71744 bytes; the limit is 64 KiB
    "#]],
    );
    check(
        &of(&format!("      - {{ run: \"true\", environment: {{ A: {}x }} }}\n", kib(64))),
        expect![[r#"
        5:42 limit: `A` has 65537 bytes; the limit is 64 KiB
    "#]],
    );
    let taken = |text: &str| {
        let context = push();
        sidings_pipeline::compile(&Input {
            file: FILE,
            text,
            context: &context,
            files: &Tree::usual(),
            policy: &Default::default(),
        })
        .is_ok()
    };
    assert!(taken(&of(&format!("      - run: {}\n", kib(64)))));
    assert!(taken(&of(&format!("      - commands: [{}]\n", kib(31)))));
}

#[test]
fn ten_thousand_levels_are_refused_however_they_are_written() {
    let deep = expect![[r#"
        1:33 limit: maps and lists lie more than 32 deep in one another; that is the limit
    "#]];
    check(&"[".repeat(10_000), deep);
    check(
        &format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
        expect![[r#"
            1:33 limit: maps and lists lie more than 32 deep in one another; that is the limit
        "#]],
    );
    check(
        &"{a: ".repeat(10_000),
        expect![[r#"
        1:129 limit: maps and lists lie more than 32 deep in one another; that is the limit
    "#]],
    );
    check(
        &"- ".repeat(10_000),
        expect![[r#"
        1:65 limit: maps and lists lie more than 32 deep in one another; that is the limit
    "#]],
    );
    check(
        &"? ".repeat(10_000),
        expect![[r#"
        1:65 limit: maps and lists lie more than 32 deep in one another; that is the limit
    "#]],
    );
    let lines: String = (0..700).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    check(
        &lines,
        expect![[r#"
        33:33 limit: maps and lists lie more than 32 deep in one another; that is the limit
    "#]],
    );
}

#[test]
fn depth_counts_through_aliases() {
    let mut text = "x-0: &a0 []\n".to_owned();
    for level in 1..40 {
        text.push_str(&format!("x-{level}: &a{level} [*a{}]\n", level - 1));
    }
    check(
        &text,
        expect![[r#"
        32:13 limit: maps and lists lie more than 32 deep in one another; that is the limit
    "#]],
    );
}

#[test]
fn thirty_two_levels_are_enough_and_allowed() {
    // The map at the top, and 31 lists.
    let text = format!("x-a: {}{}\n", "[".repeat(31), "]".repeat(31));
    check(
        &text,
        expect![[r#"
        1:1 missing_key: there are no jobs
    "#]],
    );
}

#[test]
fn as_many_brackets_as_fit_are_refused() {
    check(
        &format!("x-a: {}", "[]".repeat(130_000)),
        expect![[r#"
            1:8 syntax: this follows a value and does not belong to it
        "#]],
    );
    check(
        &format!("x-a: [{}]", "[],".repeat(80_000)),
        expect![[r#"
            1:30007 limit: the file has more than 10000 values; that is the limit
        "#]],
    );
    check(
        &"[{".repeat(130_000),
        expect![[r#"
        1:33 limit: maps and lists lie more than 32 deep in one another; that is the limit
    "#]],
    );
}

#[test]
fn variables_times_steps_are_refused() {
    let variables: String = (0..2000).map(|number| format!("K{number}: some value of it, ")).collect();
    let jobs: String =
        (0..900).map(|number| format!("  j{number}: {{ steps: [{{ run: a }}, {{ run: b }}] }}\n")).collect();
    let text = format!("image: debian:12\nenvironment: {{ {variables} }}\njobs:\n{jobs}");
    check(
        &text,
        expect![[r#"
        53:30 limit: the plan of this file has more than 16 MiB; that is the limit
    "#]],
    );
}

#[test]
fn a_mistake_in_a_very_long_line_is_told_without_the_line() {
    let text = format!("image: debian:12\njobs: {{}}\nx-a: [{}]\nbulid: [{}]\n", "1,".repeat(2500), "1,".repeat(2500));
    expect![[r#"
        error[missing_key]: there are no jobs
         --> .sidings.yml:2:7
          |
        2 | jobs: {}
          |       ^^
          |
          = help: add at least one job

        error[unknown_key]: `bulid` is not a key of a pipeline
        --> .sidings.yml:4:1
         = help: did you mean `build`?

        2 errors in .sidings.yml
    "#]]
    .assert_eq(&found(&text).render(false));
}

#[test]
fn twenty_thousand_keys_are_refused() {
    let text: String = (0..20_000).map(|number| format!("k{number}: 1\n")).collect();
    check(
        &text,
        expect![[r#"
        10001:9 limit: the file has more than 10000 values; that is the limit
    "#]],
    );
}

#[test]
fn one_key_over_and_over_is_told_a_hundred_times() {
    let found = found(&"a: 1\n".repeat(9_000));
    assert_eq!(found.0.len(), 101);
    assert_eq!(found.0[100].message, "8901 more problems are not shown");
}

#[test]
fn thousands_of_unknown_needs_are_told_a_hundred_times() {
    let needs: String = (0..7_000).map(|number| format!("job-{number:05},")).collect();
    let jobs: String = (0..500).map(|number| format!("  name-{number:05}: {{ steps: [run: a] }}\n")).collect();
    let found = found(&format!("image: debian:12\njobs:\n  all: {{ needs: [{needs}], steps: [run: a] }}\n{jobs}"));
    assert_eq!(found.0.len(), 101);
}

#[test]
fn a_thousand_jobs_in_one_circle_are_one_error() {
    let jobs: String = (0..1000)
        .map(|number| format!("  j{number}: {{ needs: j{}, steps: [run: a] }}\n", (number + 1) % 1000))
        .collect();
    let found = found(&format!("image: debian:12\njobs:\n{jobs}"));
    assert_eq!(found.0.len(), 1);
    assert_eq!(found.0[0].message, "jobs wait for one another: j0 → j1 → j2 → j3 → j4 → j5 → j6 → j7 → … → j0");
}

#[test]
fn a_pattern_of_stars_takes_no_time_worth_naming() {
    let pattern = "*a".repeat(120);
    let text = format!("image: debian:12\njobs: {{ t: {{ when: {{ branch: '{pattern}b' }}, steps: [run: a] }} }}\n");
    let context = crate::on(sidings_proto::Trigger::Push, &format!("refs/heads/{}", "a".repeat(250)));
    assert!(crate::plan(&text, &context).jobs[0].skip.is_some());
}

#[test]
fn nothing_of_a_text_reaches_a_terminal_as_a_control_character() {
    let text = "\
image: debian:12
\"\\e[31mred\": 1
jobs:
  \"\\e]0;title\\a\": { needs: \"\\e[2J\", timeout: \"\\e[1m\", steps: [\"\\e[5m\"] }
environment: { \"\\u009b31m\": [\"\\e=\"], A: \"\u{202e}evil\" }
when: { event: \"\\e[0m\", branch: \"!\\e[0m\" }
images: { a: \"\\e[7m\" } # \u{9b}5m \u{85}
";
    let seen = seen(".side\u{1b}[31m.yml", text, &Tree::usual());
    let control = seen.chars().find(|char| char.is_control() && *char != '\n');
    assert_eq!(control, None, "{seen}");
    assert!(!seen.contains('\u{202e}'), "{seen}");
}

#[test]
fn small_steps_times_a_matrix_are_refused() {
    let steps: String = (0..3000).map(|_| "{ run: a },").collect();
    let values: String = (0..256).map(|number| format!("v{number},")).collect();
    let text = format!("image: debian:12\njobs:\n  test:\n    matrix: {{ x: [{values}] }}\n    steps: [{steps}]\n");
    check(
        &text,
        expect![[r#"
        5:805 limit: the plan of this file has more than 16 MiB; that is the limit
    "#]],
    );
}

/// Answers that thousands of long paths changed.
struct Many;

impl sidings_pipeline::Files for Many {
    fn read(&self, _: &str) -> Option<String> {
        None
    }

    fn changed(&self) -> sidings_pipeline::Changed {
        sidings_pipeline::Changed::These((0..3000).map(|number| format!("{}{number}", "a".repeat(200))).collect())
    }
}

#[test]
fn patterns_times_paths_end_with_all_counting_as_changed() {
    let patterns: String = (0..1000).map(|number| format!("'{}b{number}',", "*a".repeat(100))).collect();
    let text = format!("image: debian:12\njobs: {{ t: {{ when: {{ path: [{patterns}] }}, steps: [run: a] }} }}\n");
    let context = push();
    let input = Input { file: FILE, text: &text, context: &context, files: &Many, policy: &Default::default() };
    let Ok(sidings_pipeline::Outcome::Plan(plan)) = sidings_pipeline::compile(&input) else { panic!("no plan") };
    assert_eq!(plan.jobs[0].skip, None);
}
