//! Files of others in, pipelines out that the linter takes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bombs;

use sidings_import::{Imported, Origin, import};
use sidings_pipeline::{Context, Files, Input};
use sidings_proto::{Commit, Trigger};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

struct Dockerfile;

impl Files for Dockerfile {
    fn read(&self, path: &str) -> Option<String> {
        path.ends_with("Dockerfile").then(|| "FROM debian:bookworm-slim\n".to_owned())
    }
}

fn linted(text: &str) -> sidings_pipeline::Diagnostics {
    let context = Context {
        trigger: Trigger::Push,
        commit: Commit::default(),
        default_branch: "main".to_owned(),
        project: "demo".to_owned(),
        inputs: std::collections::BTreeMap::new(),
    };
    let input = Input {
        file: sidings_pipeline::FILE,
        text,
        context: &context,
        files: &Dockerfile,
        policy: &Default::default(),
    };
    sidings_pipeline::lint(&input)
}

fn corpus() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut all: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.retain(|path| path.extension().is_some_and(|ending| ending == "yml"));
    all.sort();
    all
}

fn origin_of(path: &Path) -> Origin {
    match path.file_stem().unwrap().to_str().unwrap().split('-').next().unwrap() {
        "gitlab" => Origin::Gitlab,
        "github" => Origin::Github,
        _ => Origin::Woodpecker,
    }
}

fn imported(path: &Path) -> Imported {
    import(origin_of(path), &std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_file_gives_the_pipeline_of_its_snapshot() {
    let mut origins = BTreeSet::new();
    for path in corpus() {
        let imported = imported(&path);
        let notes: String = imported.notes.iter().map(|note| format!("{note}\n")).collect();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(path.parent().unwrap());
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let name = path.file_stem().unwrap().to_str().unwrap();
        settings.bind(|| insta::assert_snapshot!(name, format!("{}\n===\n{notes}", imported.text)));
        origins.insert(format!("{:?}", origin_of(&path)));
    }
    assert_eq!(origins.len(), 3);
}

#[test]
fn every_pipeline_that_comes_out_is_right() {
    for path in corpus() {
        let imported = imported(&path);
        let found = linted(&imported.text);
        assert!(found.0.is_empty(), "{}\n{found}\n{}", path.display(), imported.text);
    }
}

#[test]
fn every_note_is_in_the_text_as_well() {
    let joined = |text: &str| text.split_whitespace().filter(|word| *word != "#").collect::<Vec<_>>().join(" ");
    for path in corpus() {
        let imported = imported(&path);
        let text = joined(&imported.text);
        for note in &imported.notes {
            assert!(text.contains(&joined(&note.to_string())), "{}: {note}", path.display());
        }
    }
}

#[test]
fn a_file_tells_whose_it_is() {
    for path in corpus() {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(Origin::of("pipeline.yml", &text), Some(origin_of(&path)), "{}", path.display());
    }
    assert_eq!(Origin::of("a/.gitlab-ci.yml", ""), Some(Origin::Gitlab));
    assert_eq!(Origin::of(".github/workflows/ci.yaml", ""), Some(Origin::Github));
    assert_eq!(Origin::of(".woodpecker/test.yml", ""), Some(Origin::Woodpecker));
    assert_eq!(Origin::of("values.yml", "a: 1"), None);
}

#[test]
fn what_is_no_pipeline_is_told_with_its_line() {
    let error = |text: &str| import(Origin::Gitlab, text).unwrap_err().to_string();
    assert_eq!(error("- a\n- b\n"), "line 1: a pipeline is a map of keys; this file has none");
    assert_eq!(error("a: *b\n"), "line 1: there is no anchor `&b` above");
    assert!(error("a: [\n").starts_with("line "), "{}", error("a: [\n"));
    let bomb: String =
        (0..40).map(|at| format!("a{at}: &a{at} [{}]\n", format!("*a{}, ", at.max(1) - 1).repeat(9))).collect();
    let bomb = bomb.replacen("*a0, ", "x, ", 9);
    assert!(error(&bomb).contains("larger, or deeper, than any pipeline"), "{}", error(&bomb));
}
