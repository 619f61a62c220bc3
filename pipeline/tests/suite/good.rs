//! What the files in `tests/good` compile to, for a push to `main`.

use crate::{files_of, project_of, push, snapshots_have_texts, stem};
use sidings_pipeline::{FILE, Input, Outcome};

#[test]
fn every_good_file_compiles_to_the_plan_of_its_snapshot() {
    snapshots_have_texts("good");
    for path in files_of("good", "yml") {
        let text = std::fs::read_to_string(&path).unwrap();
        let files = project_of(&path);
        let input =
            Input { file: FILE, text: &text, context: &push(), files: files.as_ref(), policy: &Default::default() };
        let outcome = sidings_pipeline::compile(&input).unwrap_or_else(|found| panic!("{}:\n{found}", stem(&path)));
        let Outcome::Plan(plan) = outcome else { panic!("{}: no run", stem(&path)) };
        insta::with_settings!({
            snapshot_path => "../good",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_json_snapshot!(stem(&path), plan);
        });
    }
}

#[test]
fn good_files_have_nothing_to_warn_of() {
    for path in files_of("good", "yml") {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(crate::seen(FILE, &text, project_of(&path).as_ref()), "", "{}", stem(&path));
    }
}
