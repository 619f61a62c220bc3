use super::*;
use crate::report::Report;
use crate::source::Source;
use crate::yaml::{self, Kind, Node};
use jsonschema::Validator;
use std::path::{Path, PathBuf};

/// Bad files whose shapes are right: what is wrong with them is what parts mean together, or texts within texts.
const BY_MEANING: &[(&str, &str)] = &[
    ("build-of-a-file", "the project's files tell whether a path is a folder"),
    ("dockerfile-invalid", "the project's files tell what is in a Dockerfile"),
    ("dockerfile-missing", "the project's files tell whether there is a Dockerfile"),
    ("dockerfile-unknown-stage", "the project's files tell which stages a Dockerfile has"),
    ("duration-out-of-bounds", "a pattern does not add hours and minutes"),
    ("image-latest", "a text without a version may be one of `images`"),
    ("image-malformed", "a text may be one of `images`, a reference or what a matrix gives"),
    ("image-name-typo", "names of `images` are in another place of the file"),
    ("job-without-image", "the image may be said by the pipeline, the job or each step"),
    ("matrix-references", "axes are in another place of the file than the texts that name them"),
    ("matrix-too-many", "nothing is multiplied"),
    ("needs-cycle", "what jobs need makes a graph"),
    ("needs-itself", "what jobs need makes a graph"),
    ("needs-long-cycle", "what jobs need makes a graph"),
    ("needs-only-job", "what jobs need makes a graph"),
    ("needs-twice", "a name may be an item or in one, and both are the same"),
    ("needs-two-cycles", "what jobs need makes a graph"),
    ("needs-unknown", "names of jobs are in another place of the file"),
    ("step-names-twice", "names of steps are in several items of a list"),
    ("yaml-nul", "a text is any text"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file as editors see it: YAML 1.2 with anchors and merges written out. None if it is no YAML of one document.
fn as_json(text: &str) -> Option<Value> {
    let mut report = Report::new(Source::new(crate::FILE, text));
    let tree = yaml::parse(text, &mut report)?;
    (!report.into_diagnostics().has_errors()).then(|| value(&tree))
}

fn value(node: &Node<'_>) -> Value {
    match &node.value {
        yaml::Value::Scalar(scalar) => match scalar.kind {
            Kind::Null => Value::Null,
            Kind::Bool(truth) => json!(truth),
            Kind::Number => scalar
                .text
                .parse::<i64>()
                .map(|number| json!(number))
                .unwrap_or_else(|_| json!(scalar.text.parse::<f64>().unwrap_or(0.5))),
            Kind::Text => json!(scalar.text),
        },
        yaml::Value::List(items) => items.iter().map(|item| value(item)).collect(),
        yaml::Value::Map(entries) => {
            Value::Object(entries.iter().map(|entry| (entry.key.text.to_string(), value(&entry.value))).collect())
        }
        yaml::Value::Broken => Value::Null,
    }
}

fn validator() -> Validator {
    jsonschema::draft7::new(&schema()).unwrap()
}

fn why_not(validator: &Validator, text: &str) -> Option<String> {
    let instance = as_json(text).expect("it is YAML");
    let errors: Vec<String> =
        validator.iter_errors(&instance).map(|error| format!("{}: {error}", error.instance_path())).collect();
    (!errors.is_empty()).then(|| errors.join("\n"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.retain(|path| path.extension().is_some_and(|ending| ending == "yml"));
    all.sort();
    assert!(!all.is_empty(), "{}", folder.display());
    all
}

#[test]
fn the_file_in_docs_is_fresh() {
    let path = root().join("docs/sidings.schema.json");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, text()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written == text(), "the schema changed: UPDATE_SCHEMA=1 cargo test -p sidings-pipeline schema");
}

#[test]
fn every_right_pipeline_is_right_for_editors() {
    let validator = validator();
    let mut all = files(&root().join("pipeline/tests/good"));
    let examples =
        std::fs::read_dir(root().join("examples")).unwrap().map(|entry| entry.unwrap().path().join(crate::FILE));
    all.extend(examples);
    all.push(root().join(crate::FILE));
    for path in all {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(why_not(&validator, &text), None, "{}", path.display());
    }
}

#[test]
fn every_example_of_the_reference_is_right_for_editors() {
    let validator = validator();
    let book = std::fs::read_to_string(root().join("docs/pipeline.md")).unwrap();
    let snippets: Vec<&str> = book.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(snippets.len() > 10);
    for snippet in snippets {
        assert_eq!(why_not(&validator, snippet), None, "{snippet}");
    }
}

#[test]
fn every_bad_pipeline_is_bad_for_editors_as_far_as_shapes_go() {
    let validator = validator();
    let mut taken = Vec::new();
    for path in files(&root().join("pipeline/tests/bad")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let is_right = as_json(&text).is_some_and(|instance| validator.is_valid(&instance));
        if is_right {
            taken.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    let known: Vec<&str> = BY_MEANING.iter().map(|(name, _)| *name).collect();
    assert_eq!(taken, known, "those that only the linter knows to be wrong are listed here, each with its reason");
}

#[test]
fn every_key_of_the_reader_is_there_and_no_other() {
    let schema = schema();
    for part in shape::ALL.into_iter().chain([&shape::INPUT, &shape::NEED]) {
        let properties = schema["definitions"][name_of(part)]["properties"].as_object().unwrap();
        let mut keys = part.keys.to_vec();
        keys.sort_unstable();
        assert_eq!(properties.keys().map(String::as_str).collect::<Vec<_>>(), keys, "{}", part.what);
    }
}
