use super::*;

/// Each file of a tree that a `.dockerignore` keeps.
fn kept(ignore: &str, files: &[&'static str]) -> Vec<&'static str> {
    let patterns = Patterns::parse(ignore).unwrap();
    files.iter().copied().filter(|file| !patterns.leaves_out(Path::new(file))).collect()
}

#[track_caller]
fn check(ignore: &str, files: &[&'static str], expected: &[&str]) {
    assert_eq!(kept(ignore, files), expected, "{ignore:?}");
}

const TREE: [&str; 9] = [
    "a.txt",
    "b.md",
    "docs/a.txt",
    "docs/deep/b.md",
    "node_modules/x/y.js",
    "src/a.txt",
    "src/main.c",
    "temp",
    "tempa",
];

#[test]
fn a_pattern_is_anchored_at_the_root() {
    check("a.txt", &["a.txt", "docs/a.txt"], &["docs/a.txt"]);
    check("/a.txt", &["a.txt", "docs/a.txt"], &["docs/a.txt"]);
    check("docs/a.txt", &["a.txt", "docs/a.txt"], &["a.txt"]);
    check("deep", &["docs/deep/b.md"], &["docs/deep/b.md"]);
}

#[test]
fn a_folder_takes_everything_below_with_it() {
    check("docs", &TREE[2..4], &[]);
    check("docs/", &TREE[2..4], &[]);
    check("docs/deep", &TREE[2..4], &["docs/a.txt"]);
    check("docs/*", &TREE[2..4], &[]);
}

#[test]
fn a_star_stays_within_a_folder() {
    check("*.txt", &["a.txt", "docs/a.txt"], &["docs/a.txt"]);
    check("*/*.txt", &["a.txt", "docs/a.txt", "docs/deep/a.txt"], &["a.txt", "docs/deep/a.txt"]);
    check("*/temp*", &["temp", "x/temp", "x/tempa", "x/y/temp"], &["temp", "x/y/temp"]);
    check("*", &TREE, &[]);
}

#[test]
fn a_question_mark_is_one_character() {
    check("temp?", &["temp", "tempa", "tempab"], &["temp", "tempab"]);
    check("t?mp", &["temp", "tömp", "t/mp"], &["t/mp"]);
}

#[test]
fn two_stars_are_any_number_of_folders() {
    check("**/*.txt", &["a.txt", "docs/a.txt", "docs/deep/a.txt", "b.md"], &["b.md"]);
    check("**/deep", &["deep", "docs/deep/b.md", "deeper"], &["deeper"]);
    check("docs/**", &["docs/a.txt", "docs/deep/b.md", "docs2"], &["docs2"]);
    check("docs/**/b.md", &["docs/b.md", "docs/deep/b.md", "docs/x/y/b.md", "b.md"], &["b.md"]);
    check("**", &TREE, &[]);
    check("**/", &TREE, &[]);
}

#[test]
fn the_last_pattern_that_matches_decides() {
    check("*.md\n!README.md", &["README.md", "b.md"], &["README.md"]);
    check("*.md\n!README*.md\nREADME-secret.md", &["README.md", "README-secret.md", "b.md"], &["README.md"]);
    check(
        "*.md\nREADME-secret.md\n!README*.md",
        &["README.md", "README-secret.md"],
        &["README.md", "README-secret.md"],
    );
    check("!a.txt\na.txt", &["a.txt"], &[]);
}

#[test]
fn what_is_taken_back_may_lie_in_a_folder_that_is_left_out() {
    check("docs\n!docs/deep", &TREE[2..4], &["docs/deep/b.md"]);
    check("*\n!src", &TREE, &["src/a.txt", "src/main.c"]);
    check("*\n!src\nsrc/*.txt", &TREE, &["src/main.c"]);
    check("*\n!**/*.c", &TREE, &["src/main.c"]);
    check("docs/**\n!docs/a.txt", &TREE[2..4], &["docs/a.txt"]);
}

#[test]
fn paths_are_cleaned_first() {
    check("./a.txt", &["a.txt"], &[]);
    check("docs//deep/../a.txt", &["docs/a.txt"], &[]);
    check("  a.txt  ", &["a.txt"], &[]);
    check("! a.txt\n", &["a.txt"], &["a.txt"]);
    check("../a.txt", &["a.txt"], &["a.txt"]);
    check(".", &["a.txt"], &["a.txt"]);
    check("/", &["a.txt"], &["a.txt"]);
}

#[test]
fn comments_and_empty_lines_say_nothing() {
    check("\u{feff}# a.txt\n\n   \n#!b.md\r\nb.md\r\n", &["a.txt", "b.md"], &["a.txt"]);
    check(" # not a comment", &["# not a comment"], &[]);
}

#[test]
fn characters_of_regular_expressions_mean_themselves() {
    check("a.txt", &["aXtxt"], &["aXtxt"]);
    check("a+(b)|{c}$.txt", &["a+(b)|{c}$.txt", "aab"], &["aab"]);
    check("[ab].md", &["a.md", "b.md", "c.md"], &["c.md"]);
    check("[a-c]x", &["bx", "dx"], &["dx"]);
    check("[^a].md", &["a.md", "b.md"], &["a.md"]);
    check(r"\*.md", &["*.md", "a.md"], &["a.md"]);
}

#[test]
fn case_counts() {
    check("readme.md", &["README.md"], &["README.md"]);
}

#[test]
fn a_line_that_is_no_pattern_is_refused_with_its_number() {
    let error = Patterns::parse("ok\n!\n").unwrap_err();
    assert_eq!(error.to_string(), "line 2: \"!\" is not a pattern");
    assert!(Patterns::parse("[a").is_err());
}
