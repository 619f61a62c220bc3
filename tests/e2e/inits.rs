//! The example projects without their own pipelines and Dockerfiles pass with those that `sidings init` writes.

use crate::support::{SIDINGS, copy_example, run};
use std::process::Command;
use tempfile::TempDir;

fn passes_anew(example: &str) {
    let dir = TempDir::new().unwrap();
    let tree = copy_example(example, dir.path().join(example));
    for file in [".sidings.yml", "Dockerfile", ".dockerignore"] {
        std::fs::remove_file(tree.join(file)).unwrap();
    }
    let sidings = |word: &str| {
        let mut command = Command::new(SIDINGS);
        command.arg(word).current_dir(&tree).env("XDG_CACHE_HOME", dir.path().join("cache"));
        run(command)
    };
    let (code, told, stderr) = sidings("init");
    assert_eq!(code, 0, "{told}\n{stderr}");
    assert!(told.contains("found ") && told.contains("wrote ./Dockerfile"), "{told}");
    let (code, stdout, stderr) = sidings("run");
    assert_eq!(code, 0, "{told}\n{stdout}\n{stderr}");
    assert!(stdout.contains("passed"), "{stdout}");
}

#[test]
fn a_python_project_has_a_pipeline_that_passes() {
    passes_anew("python-service");
}

#[test]
fn a_c_project_has_a_pipeline_that_passes() {
    passes_anew("c-program");
}

#[test]
fn a_node_project_has_a_pipeline_that_passes() {
    passes_anew("node-service");
}
