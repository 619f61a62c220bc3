//! The rules of the rooms (ARCHITECTURE.md), kept by reading the source text.

use std::path::{Path, PathBuf};

struct Source {
    /// Relative to the repository's root.
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let rooms = [
        "src",
        "proto",
        "mask",
        "pipeline",
        "import",
        "inventory",
        "environment",
        "flaws",
        "git",
        "reports",
        "controller",
        "runner",
        "split",
        "step",
        "tests",
        "benches",
    ];
    for room in rooms {
        collect(&root().join(room), &mut found);
    }
    assert!(found.len() > 50, "the rooms are where this test looks for them");
    found
}

fn collect(dir: &Path, found: &mut Vec<Source>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            found.push(Source { path: name, text: std::fs::read_to_string(&path).unwrap() });
        }
    }
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs") || path.contains("_tests.rs")
}

/// Code without its comments: a rule is about what a room does, not about what it says.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

/// Lists every place where a file of `rooms` names one of `words`.
fn offences(rooms: &[&str], words: &[&str]) -> Vec<String> {
    let in_room = |path: &str| rooms.iter().any(|room| path.starts_with(room)) && !is_test(path);
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| in_room(&source.path)) {
        let code = code(&source.text);
        found.extend(words.iter().filter(|word| code.contains(*word)).map(|word| format!("{}: {word}", source.path)));
    }
    found
}

#[track_caller]
fn absent(rooms: &[&str], words: &[&str]) {
    for room in rooms {
        assert!(sources().iter().any(|source| source.path.starts_with(room)), "no file in {room}");
    }
    assert_eq!(offences(rooms, words), Vec::<String>::new());
}

const CLOCKS: [&str; 4] = ["SystemTime", "Instant::now", "Timestamp::now", "tokio::time"];
const DEEDS: [&str; 7] = ["std::fs", "std::net", "std::process", "tokio", "reqwest", "sqlx", "bollard"];

#[test]
fn words_do_no_io_and_read_no_clock() {
    absent(&["proto/src/", "mask/src/"], &DEEDS);
    absent(&["proto/src/", "mask/src/"], &CLOCKS);
}

#[test]
fn the_pipeline_language_is_pure_and_knows_no_scheduler() {
    absent(&["pipeline/src/"], &DEEDS);
    absent(&["pipeline/src/"], &CLOCKS);
    absent(&["pipeline/src/"], &["sidings_controller", "sidings_runner", "async fn"]);
}

#[test]
fn reports_are_read_without_files_or_clocks() {
    absent(&["reports/src/"], &DEEDS);
    absent(&["reports/src/"], &CLOCKS);
}

#[test]
fn a_split_decides_and_does_nothing() {
    absent(&["split/src/"], &DEEDS);
    absent(&["split/src/"], &CLOCKS);
    absent(
        &["split/src/"],
        &["async ", ".await", "rand::", "HashMap", "HashSet", "::new_v4", "now_v7", "sidings_controller"],
    );
}

#[test]
fn an_environments_key_names_no_engine_and_starts_nothing() {
    absent(&["environment/src/"], &["std::net", "std::process", "tokio", "reqwest", "bollard", "async fn"]);
    absent(&["environment/src/"], &CLOCKS);
}

#[test]
fn an_inventory_reads_a_stream_and_nothing_else() {
    absent(&["inventory/src/"], &DEEDS);
    absent(&["inventory/src/"], &CLOCKS);
    absent(&["inventory/src/"], &["async fn"]);
}

#[test]
fn flaws_are_told_from_values_alone() {
    absent(&["flaws/src/"], &DEEDS);
    absent(&["flaws/src/"], &CLOCKS);
    absent(&["flaws/src/"], &["async fn", "HashMap", "HashSet"]);
}

#[test]
fn an_import_is_pure_and_knows_nothing_but_texts() {
    absent(&["import/src/"], &DEEDS);
    absent(&["import/src/"], &CLOCKS);
    absent(&["import/src/"], &["sidings_controller", "sidings_runner", "sidings_pipeline", "async fn"]);
}

#[test]
fn the_core_decides_and_does_nothing() {
    absent(&["controller/src/core/"], &DEEDS);
    absent(&["controller/src/core/"], &CLOCKS);
    absent(
        &["controller/src/core/"],
        &["async ", ".await", "axum", "rand::", "HashMap", "HashSet", "::new_v4", "now_v7"],
    );
}

#[test]
fn pages_and_handlers_know_no_sql() {
    absent(&["controller/src/http/"], &["sqlx", "SELECT ", "INSERT "]);
}

#[test]
fn sql_stays_in_the_store() {
    let strangers: Vec<_> = offences(&["controller/src/", "runner/src/", "src/", "git/src/"], &["sqlx::"])
        .into_iter()
        .filter(|place| !place.starts_with("controller/src/store/"))
        .collect();
    assert_eq!(strangers, Vec::<String>::new());
}

#[test]
fn a_job_names_neither_docker_nor_http() {
    absent(&["runner/src/job/"], &["bollard", "reqwest", "hyper"]);
}

#[test]
fn only_the_docker_engine_names_bollard() {
    let strangers: Vec<_> = offences(&["runner/src/", "controller/src/", "src/"], &["bollard"])
        .into_iter()
        .filter(|place| !place.starts_with("runner/src/engine/docker"))
        .collect();
    assert_eq!(strangers, Vec::<String>::new());
}

#[test]
fn an_engine_knows_no_pipeline_and_no_controller() {
    absent(
        &["runner/src/engine/"],
        &["sidings_pipeline", "sidings_controller", "reqwest", "crate::link", "crate::job"],
    );
}

#[test]
fn the_link_does_not_interpret_jobs() {
    absent(&["runner/src/link/"], &["crate::engine", "StepSpec", "ExitRecord"]);
}

#[test]
fn controller_and_runner_never_name_each_other() {
    absent(&["controller/src/"], &["sidings_runner"]);
    absent(&["runner/src/"], &["sidings_controller", "sidings_pipeline"]);
}

#[test]
fn the_helper_in_the_container_is_small_and_synchronous() {
    absent(&["step/src/"], &["tokio", "async fn", "rustls", "reqwest"]);
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|source| !is_test(&source.path) || source.path.starts_with("tests/"))
        .filter(|source| !source.path.contains("/tests/") && !source.path.ends_with("/tests.rs"))
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| source.path)
        .collect();
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn files_keep_to_one_subject() {
    let long: Vec<_> = sources()
        .iter()
        .map(|source| (source.path.clone(), source.text.lines().count()))
        .filter(|(path, lines)| *lines > 500 && !is_test(path) && !path.starts_with("proto/src/"))
        .collect();
    assert_eq!(long, Vec::<(String, usize)>::new());
}

#[test]
fn no_test_is_switched_off_and_nothing_is_left_to_do() {
    // Put together here, so that this file does not name what it looks for.
    let words =
        [["#[", "ignore"].concat(), ["todo", "!("].concat(), ["unimplemented", "!("].concat(), ["FIX", "ME"].concat()];
    let found: Vec<_> = sources()
        .iter()
        .flat_map(|source| {
            words.iter().filter(|word| source.text.contains(*word)).map(|word| format!("{}: {word}", source.path))
        })
        .collect();
    assert_eq!(found, Vec::<String>::new());
}
