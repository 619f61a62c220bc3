//! The examples of the reference compile.

use crate::push;
use sidings_pipeline::{FILE, Files, Input};
use std::path::Path;

/// A project that has every Dockerfile, with the stages that examples name.
struct Every;

impl Files for Every {
    fn read(&self, path: &str) -> Option<String> {
        path.ends_with("Dockerfile").then(|| "FROM debian:bookworm-slim AS test\nRUN true\n".to_owned())
    }
}

#[test]
fn every_example_of_the_reference_is_right() {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pipeline.md");
    let book = std::fs::read_to_string(book).unwrap();
    let examples = book.split("```yaml\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let mut seen = 0;
    for (text, _) in examples {
        let found = sidings_pipeline::lint(&Input {
            file: FILE,
            text,
            context: &push(),
            files: &Every,
            policy: &Default::default(),
        });
        assert!(!found.has_errors(), "{text}\n{}", found.render(false));
        seen += 1;
    }
    assert!(seen >= 10, "there are {seen} examples");
}
