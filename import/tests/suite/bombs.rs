//! A few lines that ask for more than there is memory, or time.

use sidings_import::{Origin, import};
use std::fmt::Write;

/// Each of a dozen asks nine times for the one before it.
fn nested(line: impl Fn(usize) -> String) -> String {
    (0..12).fold(String::new(), |text, at| text + &line(at))
}

#[test]
fn what_is_extended_or_referred_to_without_end_is_refused() {
    let extends = nested(|at| {
        let parents = format!(".t{}, ", at.max(1) - 1).repeat(9);
        let own = if at == 0 { String::new() } else { format!("  extends: [{parents}]\n") };
        format!(".t{at}:\n{own}  script: [x]\n")
    });
    let refers = nested(|at| {
        let inner = format!("!reference [.t{}, script], ", at.max(1) - 1).repeat(9);
        format!(".t{at}:\n  script: [{}]\n", if at == 0 { "x" } else { &inner })
    });
    for (text, job) in [(extends, "extends: .t11"), (refers, "script: [!reference [.t11, script]]")] {
        let error = import(Origin::Gitlab, &format!("{text}job:\n  {job}\n")).unwrap_err();
        assert!(error.message.contains("written out, larger than any pipeline"), "{error}");
    }
}

#[test]
fn a_file_of_many_jobs_in_many_stages_is_carried_over() {
    let mut text = format!("stages: [{}]\n", (0..30).map(|at| format!("s{at}, ")).collect::<String>());
    for at in 0..600 {
        let kept = if at % 3 == 0 { "  artifacts: { paths: [out] }\n" } else { "" };
        writeln!(text, "j{at}:\n  image: a:1\n  stage: s{}\n  script: [x]\n{kept}", at / 20).unwrap();
    }
    let imported = import(Origin::Gitlab, &text).unwrap();
    assert!(imported.text.contains("  j599:"), "the last job is there");
}

#[test]
fn more_jobs_than_any_pipeline_has_are_refused() {
    let jobs: String = (0..3000).map(|at| format!("  j{at}: {{ runs-on: a, steps: [{{ run: x }}] }}\n")).collect();
    let error = import(Origin::Github, &format!("on: push\njobs:\n{jobs}")).unwrap_err();
    assert_eq!(error.to_string(), "line 3: these are more jobs or steps than 2000");
}

#[test]
fn texts_without_end_are_told_and_not_walked() {
    let braces = "{a,b}".repeat(20_000);
    let either = vec!["$CI_COMMIT_BRANCH == 'a'"; 20_000].join(" || ");
    let text = format!(
        "job:\n  image: a:1\n  script: [x]\n  only: {{ changes: [\"{braces}\"], variables: [\"{either}\"] }}\n"
    );
    let imported = import(Origin::Gitlab, &text).unwrap();
    assert!(imported.text.contains("approval: true"), "{}", imported.notes.len());
}

#[test]
fn a_matrix_larger_than_any_is_told_and_not_made() {
    let axes: String = (0..8).map(|at| format!("A{at}: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], ")).collect();
    let text = format!("job:\n  image: a:1\n  script: [x]\n  parallel: {{ matrix: [{{ {axes} }}, {{ {axes} }}] }}\n");
    let imported = import(Origin::Gitlab, &text).unwrap();
    assert!(imported.notes.iter().any(|note| note.advice.contains("it makes 200000000 jobs")), "{:?}", imported.notes);
}
