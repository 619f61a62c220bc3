//! What people see of each file in `tests/bad`.

use crate::{files_of, project_of, push, seen, snapshots_have_texts, stem};
use sidings_pipeline::Input;

#[test]
fn every_bad_file_is_answered_as_its_snapshot_says() {
    snapshots_have_texts("bad");
    let files = files_of("bad", "yml");
    assert!(files.len() >= 60, "there are {} bad files", files.len());
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let seen = seen(sidings_pipeline::FILE, &text, project_of(&path).as_ref());
        insta::with_settings!({
            snapshot_path => "../bad",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(stem(&path), seen, &stem(&path));
        });
    }
}

#[test]
fn no_bad_file_compiles() {
    for path in files_of("bad", "yml") {
        let text = std::fs::read_to_string(&path).unwrap();
        let files = project_of(&path);
        let input = Input {
            file: ".sidings.yml",
            text: &text,
            context: &push(),
            files: files.as_ref(),
            policy: &Default::default(),
        };
        let found = sidings_pipeline::compile(&input).expect_err(&stem(&path));
        assert!(found.has_errors());
    }
}
