//! Where a project has its pipelines: in one file, or in a folder that has a file for each.
//!
//! A pipeline of the folder goes by its file's name without the ending. The one of a single file has no name.

/// The one file of a project with one pipeline, below its root.
pub const FILE: &str = ".sidings.yml";
/// The folder of a project with several, below its root.
pub const FOLDER: &str = ".sidings";
/// How the folder's files end that are pipelines.
const ENDING: &str = ".yml";
/// Files of the folder that say which tests are in quarantine, and what is wanted of Dockerfiles: they are no pipelines.
const OTHERS: [&str; 2] = ["quarantine.yml", "policy.yml"];
/// A longer name is for nobody.
const NAME_MAX: usize = 100;

/// The path of a pipeline, below the project's root.
pub fn path_of(name: Option<&str>) -> String {
    name.map_or_else(|| FILE.to_owned(), |name| format!("{FOLDER}/{name}{ENDING}"))
}

/// Whether a pipeline may be called so.
pub fn is_name(name: &str) -> bool {
    let allowed = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    name.len() <= NAME_MAX && name.starts_with(|char: char| char.is_ascii_alphanumeric()) && name.chars().all(allowed)
}

/// The names of a project's pipelines in order, by the paths of [`FILE`] and of what is in [`FOLDER`] as far as they are
/// there. Other paths do not matter.
///
/// # Errors
/// A sentence that says what is wrong with where they are.
pub fn names<'p>(paths: impl IntoIterator<Item = &'p str>) -> Result<Vec<Option<String>>, String> {
    let (mut single, mut names) = (false, Vec::new());
    for path in paths {
        single |= path == FILE;
        let Some(file) = path.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/')) else { continue };
        // Editors put theirs beside what they edit.
        if !file.contains('/') && !file.starts_with('.') && !OTHERS.contains(&file) {
            names.extend(name_of(file)?);
        }
    }
    match (single, names.is_empty()) {
        (true, false) => Err(format!(
            "there are both {FILE} and pipelines in {FOLDER}/: move {FILE} into {FOLDER}/, by a name of its own, or remove it"
        )),
        (true, true) => Ok(vec![None]),
        (false, _) => {
            names.sort();
            Ok(names.into_iter().map(Some).collect())
        }
    }
}

/// None for a file that is no pipeline.
fn name_of(file: &str) -> Result<Option<String>, String> {
    if file.ends_with(".yaml") {
        return Err(format!("{FOLDER}/{file}: the file of a pipeline ends with `{ENDING}`: rename it"));
    }
    match file.strip_suffix(ENDING) {
        None => Ok(None),
        Some(name) if is_name(name) => Ok(Some(name.to_owned())),
        Some(_) => Err(format!(
            "{FOLDER}/{file}: the name of a pipeline has letters, digits, `-`, `_` and `.`, begins with a letter or \
             digit, and has at most {NAME_MAX} characters"
        )),
    }
}

/// The one pipeline that is meant. Where there is none at all it is [`FILE`], which then is missing.
///
/// # Errors
/// A sentence that says which there are.
pub fn pick(names: &[Option<String>], wanted: Option<&str>) -> Result<Option<String>, String> {
    let listed = || names.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", ");
    match (wanted, names) {
        (None, []) => Ok(None),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(format!("there are several pipelines: {}; say which with --pipeline", listed())),
        (Some(name), [None]) => Err(format!("there is no pipeline `{name}`: {FILE} is the only one, and has no name")),
        (Some(name), []) => Err(format!("there is no pipeline `{name}`: it would be {}", path_of(Some(name)))),
        (Some(name), _) if names.iter().flatten().any(|known| known == name) => Ok(Some(name.to_owned())),
        (Some(name), _) => Err(format!("there is no pipeline `{name}`; there are: {}", listed())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&str]) -> String {
        match names(paths.iter().copied()) {
            Ok(names) => names.iter().map(|name| path_of(name.as_deref())).collect::<Vec<_>>().join(" "),
            Err(wrong) => wrong,
        }
    }

    #[test]
    fn pipelines_are_in_a_file_or_in_a_folder() {
        assert_eq!(found(&[]), "");
        assert_eq!(found(&[".sidings.yml", "src/a", ".sidings/README.md"]), ".sidings.yml");
        assert_eq!(found(&[".sidings.yml", ".sidings/quarantine.yml", ".sidings/policy.yml"]), ".sidings.yml");
        assert_eq!(found(&[".sidings/test.yml", ".sidings/docs.yml"]), ".sidings/docs.yml .sidings/test.yml");
        assert_eq!(found(&[".sidings/.#docs.yml", ".sidings/deeper/x.yml", ".sidings.lock"]), "");
    }

    #[test]
    fn never_in_both_and_never_by_another_ending() {
        expect_test::expect![
            "there are both .sidings.yml and pipelines in .sidings/: move .sidings.yml into .sidings/, by a name of its own, or remove it"
        ]
        .assert_eq(&found(&[".sidings.yml", ".sidings/test.yml"]));
        expect_test::expect![".sidings/test.yaml: the file of a pipeline ends with `.yml`: rename it"]
            .assert_eq(&found(&[".sidings/test.yaml"]));
        assert!(found(&[".sidings/my tests.yml"]).starts_with(".sidings/my tests.yml: the name of a pipeline has"));
    }

    #[test]
    fn one_is_meant() {
        let some = |names: &[&str]| names.iter().map(|name| Some((*name).to_owned())).collect::<Vec<_>>();
        assert_eq!(pick(&[None], None), Ok(None));
        assert_eq!(pick(&[], None), Ok(None));
        assert_eq!(pick(&some(&["test"]), None), Ok(Some("test".to_owned())));
        assert_eq!(pick(&some(&["docs", "test"]), Some("docs")), Ok(Some("docs".to_owned())));
        let refused = |names: &[Option<String>], wanted| pick(names, wanted).unwrap_err();
        let several = "there are several pipelines: docs, test; say which with --pipeline";
        assert_eq!(refused(&some(&["docs", "test"]), None), several);
        assert_eq!(refused(&some(&["docs"]), Some("dosc")), "there is no pipeline `dosc`; there are: docs");
        let single = "there is no pipeline `test`: .sidings.yml is the only one, and has no name";
        assert_eq!(refused(&[None], Some("test")), single);
        assert_eq!(refused(&[], Some("test")), "there is no pipeline `test`: it would be .sidings/test.yml");
    }
}
