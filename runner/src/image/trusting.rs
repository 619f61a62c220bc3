//! A Dockerfile as it is built on a host whose operator trusts further authorities: every `RUN` sees them, and the
//! image keeps nothing of it.
//!
//! They are mounted as secrets of the build, below `/dev`: a builder that makes the place for a mount leaves it in the
//! image, but not there, where a container has a file system in memory. The variables that tell tools where to look
//! are arguments of each stage, which no container has that is made of the image. The user's words stay on their lines
//! and in their order; where that cannot be made sure of, nothing is put in.

use crate::engine::Additions;
use crate::trust::{settings, variables};
use parse_dockerfile::{Dockerfile, FromInstruction, Instruction};
use sidings_proto::Secret;
use std::collections::BTreeMap;

/// The Dockerfile in the context that is built instead of the user's own, which stays what it is for `COPY`.
pub(super) const DOCKERFILE: &str = ".sidings.trusting.Dockerfile";
/// Before the name of each file: where it is, and the mount's id, which no pipeline can give to a secret of its own.
const PLACE: &str = "/dev/sidings-";
const ID: &str = "sidings/";
const PEM: &str = "ca.pem";
/// Frontends that know `RUN --mount=type=secret`.
const FRONTENDS: [&str; 2] = ["docker/dockerfile", "docker/dockerfile-upstream"];

/// A Dockerfile with what was put into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trusting {
    pub(super) text: String,
    pub(super) additions: Additions,
}

/// Puts the mounts and the variables in. The error says why that is not possible.
pub(super) fn trusting(text: &str) -> Result<Trusting, String> {
    let unreadable = || "this Dockerfile could not be read".to_owned();
    let file = parse_dockerfile::parse(text).map_err(|_| unreadable())?;
    known_frontend(&file)?;
    let mounts = mounts();
    let mut inserts: Vec<(usize, String)> = Vec::new();
    for stage in file.stages() {
        let runs: Vec<usize> = stage.instructions.iter().filter_map(end_of_run).collect();
        if !runs.is_empty() {
            inserts.push((next_line(text, stage.from).ok_or_else(unreadable)?, arguments()));
        }
        inserts.extend(runs.into_iter().map(|at| (at, mounts.clone())));
    }
    let lines = lines(text, &inserts);
    let added = lines.len();
    let text = inserted(text, inserts);
    let stands = parse_dockerfile::parse(&text)
        .is_ok_and(|now| now.instructions.len() == file.instructions.len() + added && all_have(&now, &mounts));
    let additions = Additions { texts: vec![mounts], lines };
    if stands { Ok(Trusting { text, additions }) } else { Err(unreadable()) }
}

/// The secrets of the build that are mounted.
pub(super) fn secrets(pem: &str) -> BTreeMap<String, Secret> {
    let of_settings = settings(&place(PEM)).map(|of| (of.name, of.text));
    let files = [(PEM, pem.to_owned())].into_iter().chain(of_settings);
    files.map(|(name, text)| (format!("{ID}{name}"), Secret::new(text))).collect()
}

/// With a space before, as it stands behind `RUN`.
fn mounts() -> String {
    let names = [PEM].into_iter().chain(settings(PEM).map(|of| of.name));
    names.map(|name| format!(" --mount=type=secret,id={ID}{name},target={},mode=0444", place(name))).collect()
}

fn arguments() -> String {
    let of_settings = settings(PEM).map(|of| (of.variable.to_owned(), place(of.name)));
    let all = variables(&place(PEM)).chain(of_settings).map(|(name, value)| format!(" {name}={value}"));
    format!("ARG{}\n", all.collect::<String>())
}

fn place(name: &str) -> String {
    format!("{PLACE}{name}")
}

/// Another frontend may read the file in any way.
fn known_frontend(file: &Dockerfile<'_>) -> Result<(), String> {
    let Some(syntax) = &file.parser_directives.syntax else { return Ok(()) };
    let named = syntax.value.value;
    let image = named.split('@').next().unwrap_or_default();
    let (name, tag) = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).unwrap_or((image, "latest"));
    let name = name.trim_start_matches("docker.io/");
    let old = ["1.0", "1.1"].iter().any(|old| tag == *old || tag.starts_with(&format!("{old}.")));
    if FRONTENDS.contains(&name) && !old {
        return Ok(());
    }
    Err(format!("the frontend {named} may not know mounts of secrets"))
}

fn end_of_run(instruction: &Instruction<'_>) -> Option<usize> {
    if let Instruction::Run(run) = instruction { Some(run.run.span.end) } else { None }
}

/// Where the line after a stage's beginning begins; none where something unknown stands behind it.
fn next_line(text: &str, from: &FromInstruction<'_>) -> Option<usize> {
    let end = from.as_.as_ref().map_or(from.image.span.end, |(_, name)| name.span.end);
    let rest = text[end..].split_inclusive('\n').next()?;
    (rest.ends_with('\n') && rest.trim().is_empty()).then_some(end + rest.len())
}

/// The numbers, in the text that is built, of the lines that are put in.
fn lines(text: &str, inserts: &[(usize, String)]) -> Vec<usize> {
    let whole = inserts.iter().filter(|(_, insert)| insert.ends_with('\n'));
    whole.enumerate().map(|(before, (at, _))| text[..*at].matches('\n').count() + before + 1).collect()
}

/// The places are in order.
fn inserted(text: &str, inserts: Vec<(usize, String)>) -> String {
    let (mut out, mut from) = (String::with_capacity(text.len() * 2), 0);
    for (at, insert) in inserts {
        out.push_str(&text[from..at]);
        out.push_str(&insert);
        from = at;
    }
    out + &text[from..]
}

fn all_have(file: &Dockerfile<'_>, mounts: &str) -> bool {
    let count = mounts.matches("--mount=").count();
    file.instructions.iter().all(|instruction| {
        let Instruction::Run(run) = instruction else { return true };
        let values = run.options.iter().filter_map(|flag| flag.value.as_ref()).map(|value| value.value.as_ref());
        values.filter(|value: &&str| !value.is_empty() && mounts.contains(value)).count() == count
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::EngineFacts;
    use crate::engine::dummy::Dummy;
    use crate::image::{BuildMeta, Images};
    use crate::setup_log::SetupLog;
    use crate::trust::Bundle;
    use sidings_proto::{Commit, Environment, RunId};
    use std::sync::Arc;

    /// The text that is built, with the long insertions shortened.
    fn shown(text: &str) -> String {
        let made = trusting(text).unwrap().text;
        made.replace(&mounts(), " M").replace(&arguments(), "ARG …\n")
    }

    #[test]
    fn every_run_gets_the_mounts_on_its_own_line() {
        assert_eq!(shown("FROM a:1\nRUN x\n"), "FROM a:1\nARG …\nRUN M x\n");
        assert_eq!(
            shown("# one\nFROM a:1 AS b\nrun --network=none x\nCOPY . .\nRUN [\"x\", \"y\"]\n"),
            "# one\nFROM a:1 AS b\nARG …\nrun M --network=none x\nCOPY . .\nRUN M [\"x\", \"y\"]\n"
        );
        assert_eq!(
            shown("FROM a:1\nRUN x && \\\n  # why\n  RUN y\n"),
            "FROM a:1\nARG …\nRUN M x && \\\n  # why\n  RUN y\n"
        );
        assert_eq!(shown("FROM a:1\r\nRUN x\r\n"), "FROM a:1\r\nARG …\nRUN M x\r\n");
        assert_eq!(shown("# escape=`\nFROM a:1\nRUN x `\n y\n"), "# escape=`\nFROM a:1\nARG …\nRUN M x `\n y\n");
    }

    #[test]
    fn what_is_no_instruction_of_this_build_stays() {
        let heredoc = "FROM a:1\nRUN <<END\nRUN x\nFROM y\nEND\nONBUILD RUN z\n";
        assert_eq!(shown(heredoc), "FROM a:1\nARG …\nRUN M <<END\nRUN x\nFROM y\nEND\nONBUILD RUN z\n");
        assert_eq!(shown("FROM a:1\nCMD x\n"), "FROM a:1\nCMD x\n");
    }

    #[test]
    fn each_stage_that_runs_something_gets_the_variables() {
        let made = trusting("FROM a:1 AS a\nRUN x\nFROM b:1\nCOPY --from=a / /\n\nFROM c:1\n\nRUN y\n").unwrap();
        assert_eq!(made.additions.lines, [2, 8]);
        let lines: Vec<&str> = made.text.lines().collect();
        assert!(made.additions.lines.iter().all(|line| lines[line - 1].starts_with("ARG SSL_CERT_FILE=/dev/")));
        assert_eq!(made.additions.texts, [mounts()]);
    }

    #[test]
    fn a_frontend_that_may_not_know_mounts_is_left_alone() {
        let with = |syntax: &str| trusting(&format!("# syntax={syntax}\nFROM a:1\nRUN x\n"));
        for known in ["docker/dockerfile:1", "docker/dockerfile:1.7-labs", "docker.io/docker/dockerfile:1.2@sha256:ab"]
        {
            assert!(with(known).is_ok(), "{known}");
        }
        for other in ["docker/dockerfile:1.0", "docker/dockerfile:1.1.7", "example.com/docker/dockerfile:1", "r2d4/llb"]
        {
            assert_eq!(with(other), Err(format!("the frontend {other} may not know mounts of secrets")));
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_left_alone() {
        assert!(trusting("FRM a:1\nRUN x\n").is_err());
    }

    #[tokio::test]
    async fn a_builder_without_mounts_builds_without_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        std::fs::create_dir(&source).unwrap();
        std::fs::write(source.join("Dockerfile"), "FROM scratch\nRUN x\n").unwrap();
        let bundle = Bundle::of_text(folder.path(), "-----BEGIN CERTIFICATE-----\n");
        let facts = EngineFacts { os: "linux".to_owned(), arch: "amd64".to_owned(), ..EngineFacts::default() };
        let images = Images::new(Arc::new(Dummy::default()), facts, folder.path().to_owned()).trusting(Some(bundle));
        let environment = Environment::Build {
            context: ".".to_owned(),
            dockerfile: "Dockerfile".to_owned(),
            target: None,
            args: BTreeMap::new(),
            secrets: BTreeMap::new(),
            refresh_ms: None,
        };
        let meta = BuildMeta {
            project: "test".to_owned(),
            run: RunId::new(),
            commit: Commit::default(),
            repo_url: String::new(),
            checked_out: false,
            locked: BTreeMap::new(),
        };
        let place = folder.path().join("log");
        let log = SetupLog::create(&place).unwrap();
        images.ready(&environment, &source, &meta, &BTreeMap::new(), None, &log).await.unwrap();
        let said = String::from_utf8_lossy(&std::fs::read(place).unwrap()).into_owned();
        assert!(
            said.contains("this build does not trust the certificates of --ca-bundle: that needs an engine"),
            "{said}"
        );
    }
}
