//! The examples of this repository compile.

use crate::{Folder, push};
use sidings_pipeline::{Input, Outcome};
use std::path::Path;

#[test]
fn every_example_compiles_and_has_nothing_to_warn_of() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut seen = 0;
    for entry in std::fs::read_dir(examples).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(folder.join(sidings_pipeline::FILE)) else { continue };
        let name = folder.display().to_string();
        let input =
            Input { file: &name, text: &text, context: &push(), files: &Folder(folder), policy: &Default::default() };
        assert_eq!(sidings_pipeline::lint(&input).render(false), "");
        assert!(matches!(sidings_pipeline::compile(&input), Ok(Outcome::Plan(plan)) if !plan.jobs.is_empty()));
        seen += 1;
    }
    assert!(seen >= 3, "there are {seen} examples");
}
