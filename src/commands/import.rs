//! `sidings import`: another CI's pipeline file -> `.sidings.yml`; what could not be carried over is told on stderr.
//! It writes only what is not there.

use super::output::{print, write_new};
use crate::args::{ImportArgs, ImportOrigin};
use crate::exit::{Exit, Refusal};
use anyhow::Context;
use sidings_import::{Imported, Kind, Origin};
use sidings_pipeline::{FILE, place};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Longer is no pipeline.
const MOST: u64 = 1024 * 1024;

pub(super) fn import(args: &ImportArgs) -> anyhow::Result<Exit> {
    let file = args.file.clone().map_or_else(found, Ok)?;
    let text = read(&file)?;
    let shown = if is_stream(&file) { "the standard input".to_owned() } else { file.display().to_string() };
    let known = args.from.map(ImportOrigin::origin).or_else(|| Origin::of(&shown, &text));
    let Some(origin) = known else {
        return Err(Refusal::usage(format!(
            "{shown} does not tell whose it is: say `--from gitlab`, `github` or `woodpecker`"
        )));
    };
    let imported =
        sidings_import::import(origin, &text).map_err(|error| Refusal::configuration(format!("{shown}, {error}")))?;
    fits(&args.output)?;
    if is_stream(&args.output) {
        print(&imported.text)?;
    } else if !write_new(&args.output, &imported.text)? {
        return Err(Refusal::configuration(format!("{} is there already and stays as it is", args.output.display())));
    }
    tell(&imported, &args.output);
    Ok(Exit::Passed)
}

fn is_stream(path: &Path) -> bool {
    path == Path::new("-")
}

/// The only pipeline file of another CI in this folder.
fn found() -> anyhow::Result<PathBuf> {
    let mut all: Vec<PathBuf> = [".gitlab-ci.yml", ".woodpecker.yml", ".woodpecker.yaml"].map(PathBuf::from).to_vec();
    all.retain(|path| path.is_file());
    for folder in [".github/workflows", ".woodpecker"] {
        let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
        all.extend(entries.filter(|path| path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml")));
    }
    all.sort();
    match all.as_slice() {
        [only] => Ok(only.clone()),
        [] => {
            Err(Refusal::usage("there is no .gitlab-ci.yml, .github/workflows or .woodpecker.yml here: name the file"))
        }
        several => {
            let names: Vec<String> = several.iter().map(|path| path.display().to_string()).collect();
            Err(Refusal::usage(format!("there are several, name one: {}", names.join(", "))))
        }
    }
}

/// Reads one byte more than may be there at most: the importer refuses what is too long.
fn read(file: &Path) -> anyhow::Result<String> {
    let bytes = if is_stream(file) {
        let mut bytes = Vec::new();
        io::stdin().take(MOST + 1).read_to_end(&mut bytes).context("reading the standard input")?;
        bytes
    } else {
        regular(file)?
    };
    String::from_utf8(bytes).map_err(|_| Refusal::configuration(format!("{} is not UTF-8", file.display())))
}

/// A file that is one: a pipe could make us wait for ever, and a device has no end.
fn regular(file: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = file.display();
    match super::lint::read_regular(file, MOST + 1) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Refusal::usage(format!("there is no {shown}"))),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            Err(Refusal::configuration(format!("{shown} is no regular file")))
        }
        bytes => bytes.with_context(|| format!("reading {shown}")),
    }
}

/// Refuses to write the one file beside a folder of pipelines: with both of them nothing runs.
fn fits(output: &Path) -> anyhow::Result<()> {
    if output.file_name().is_none_or(|name| name != FILE) {
        return Ok(());
    }
    let root = output.parent().unwrap_or(Path::new(""));
    let folder = root.join(place::FOLDER);
    let entries = std::fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
    let has_pipelines = entries.map(|entry| entry.path()).any(|path| path.extension().is_some_and(|it| it == "yml"));
    if !has_pipelines {
        return Ok(());
    }
    Err(Refusal::configuration(format!(
        "there are pipelines in {}, and with {FILE} beside them nothing runs: say `--output {}/NAME.yml`",
        folder.display(),
        place::FOLDER
    )))
}

fn tell(imported: &Imported, output: &Path) {
    for note in &imported.notes {
        anstream::eprintln!("{note}");
    }
    let count = |kind: Kind| imported.notes.iter().filter(|note| note.kind == kind).count();
    let (left, changed) = (count(Kind::Left), count(Kind::Changed));
    let place = if is_stream(output) { String::new() } else { format!("wrote {}: ", output.display()) };
    anstream::eprintln!("{place}{left} not carried over, {changed} changed; each is a comment in the file as well");
    if imported.needs_dockerfile && !Path::new("Dockerfile").exists() {
        anstream::eprintln!(
            "it runs in the image of a Dockerfile, and there is none: `sidings init` writes a first one"
        );
    }
    if output.ends_with(FILE) {
        anstream::eprintln!("look at it, then check it: sidings lint");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(folder: &Path, file: &str, text: &str) -> ImportArgs {
        std::fs::write(folder.join(file), text).unwrap();
        ImportArgs { file: Some(folder.join(file)), from: None, output: folder.join(FILE) }
    }

    #[test]
    fn a_pipeline_is_written_once_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let args = arguments(folder.path(), ".gitlab-ci.yml", "test:\n  image: alpine:3.20\n  script: make\n");
        assert_eq!(import(&args).unwrap(), Exit::Passed);
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(text.contains("image: alpine:3.20") && text.contains("run: make"), "{text}");
        std::fs::write(folder.path().join(FILE), "mine").unwrap();
        assert_eq!(crate::exit::exit_of(&import(&args).unwrap_err()), Exit::Configuration);
        assert_eq!(std::fs::read_to_string(folder.path().join(FILE)).unwrap(), "mine");
    }

    #[test]
    fn what_cannot_be_read_is_told_and_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let unknown = arguments(folder.path(), "values.yml", "a: 1\n");
        assert!(import(&unknown).unwrap_err().to_string().contains("--from gitlab"));
        let broken = arguments(folder.path(), ".woodpecker.yml", "steps: [\n");
        assert!(import(&broken).unwrap_err().to_string().contains("line "));
        let missing =
            ImportArgs { file: Some(folder.path().join("none")), from: None, output: folder.path().join(FILE) };
        assert!(import(&missing).unwrap_err().to_string().contains("there is no"));
        assert_eq!(crate::exit::exit_of(&import(&missing).unwrap_err()), Exit::Usage);
        let no_file = ImportArgs { file: Some(folder.path().to_owned()), ..missing };
        let error = import(&no_file).unwrap_err();
        assert_eq!(crate::exit::exit_of(&error), Exit::Configuration, "{error:#}");
        assert!(!folder.path().join(FILE).exists());
    }

    #[test]
    fn beside_a_folder_of_pipelines_it_asks_where_to_write() {
        let folder = tempfile::tempdir().unwrap();
        let mut args = arguments(folder.path(), ".gitlab-ci.yml", "test:\n  image: alpine:3.20\n  script: make\n");
        std::fs::create_dir(folder.path().join(place::FOLDER)).unwrap();
        std::fs::write(folder.path().join(".sidings/ci.yml"), "jobs: {}\n").unwrap();
        assert!(import(&args).unwrap_err().to_string().contains("--output .sidings/NAME.yml"));
        assert!(!folder.path().join(FILE).exists());
        args.output = folder.path().join(".sidings/old.yml");
        assert_eq!(import(&args).unwrap(), Exit::Passed);
    }
}
