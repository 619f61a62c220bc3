//! What a pipeline needs to know of a Dockerfile: whether it can be read, and which stages it has.

use parse_dockerfile::Dockerfile as Parsed;
use sidings_proto::plan::DOCKERFILE_MAX;

/// What is at a path.
#[derive(Clone, Debug)]
pub(crate) enum Dockerfile {
    /// No file.
    Missing,
    /// It cannot be built.
    Invalid {
        /// From 1; none when it is about the file as a whole.
        line: Option<usize>,
        why: String,
    },
    /// The names of its stages, none for those without, in order.
    Stages(Vec<Option<String>>),
    /// It is written for another frontend, which alone can read it.
    Foreign,
}

/// Looks at a Dockerfile's text.
pub(crate) fn look(text: Option<String>) -> Dockerfile {
    let Some(text) = text else { return Dockerfile::Missing };
    if text.len() as u64 > DOCKERFILE_MAX {
        let why = format!("it has more than {} KiB", DOCKERFILE_MAX / 1024);
        return Dockerfile::Invalid { line: None, why };
    }
    if is_foreign(&text) {
        return Dockerfile::Foreign;
    }
    match parse_dockerfile::parse(&text) {
        Ok(parsed) => Dockerfile::Stages(stages(&parsed)),
        Err(error) => {
            let line = Some(error.line()).filter(|line| *line > 0);
            Dockerfile::Invalid { line, why: format!("{error:#}") }
        }
    }
}

fn stages(parsed: &Parsed<'_>) -> Vec<Option<String>> {
    parsed.stages().map(|stage| stage.from.as_.as_ref().map(|(_, name)| name.value.to_string())).collect()
}

/// `# syntax=` at the top, with anything but Docker's own frontend.
fn is_foreign(text: &str) -> bool {
    let comments = text.trim_start_matches('\u{feff}').lines().map_while(|line| line.trim().strip_prefix('#'));
    comments
        .filter_map(|comment| comment.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("syntax"))
        .any(|(_, frontend)| !is_dockers(frontend.trim()))
}

/// Whether a frontend is Docker's own.
pub(crate) fn is_dockers(frontend: &str) -> bool {
    let frontend = frontend.strip_prefix("docker.io/").unwrap_or(frontend);
    ["docker/dockerfile", "docker/dockerfile-upstream"]
        .iter()
        .any(|own| frontend.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@'])))
}
