//! The texts of a first pipeline and its environment.

use super::languages::Finding;

/// `.sidings.yml`: a job for each finding; one called `test` if there is only one.
pub(super) fn pipeline(findings: &[Finding]) -> String {
    let jobs: String = match findings {
        [] => job("test", &[], &[("hello", vec!["echo 'replace this by what checks the project'".to_owned()])]),
        [only] => job("test", &only.environment, &only.steps),
        several => several.iter().map(|finding| job(finding.job, &finding.environment, &finding.steps)).collect(),
    };
    format!(
        "# What is to be run for each commit. `sidings lint` checks this file, `sidings run` runs it here.\n\
         \n\
         # The environment of every job: the Dockerfile next to this file.\n\
         build: .\n\
         \n\
         # Jobs run at once, each with its own copy of the files; `needs: [other]` makes one wait. Each step is a\n\
         # container of its own: the files go on from one to the next, and the first that fails ends the job.\n\
         jobs:\n{jobs}"
    )
}

fn job(name: &str, environment: &[(&str, &str)], steps: &[(&str, Vec<String>)]) -> String {
    let variables: Vec<String> = environment.iter().map(|(name, value)| format!("{name}: {}", quoted(value))).collect();
    let environment =
        if variables.is_empty() { String::new() } else { format!("    environment: {{ {} }}\n", variables.join(", ")) };
    let steps: String = steps.iter().map(|(name, commands)| step(name, commands)).collect();
    format!("  {name}:\n    timeout: 15m\n{environment}    steps:\n{steps}")
}

fn step(name: &str, commands: &[String]) -> String {
    match commands {
        [only] => format!("      - name: {name}\n        run: {}\n", quoted(only)),
        several => {
            let lines: String = several.iter().map(|command| format!("          - {}\n", quoted(command))).collect();
            format!("      - name: {name}\n        commands:\n{lines}")
        }
    }
}

/// A text as YAML: in quotes where it would be something else without.
fn quoted(text: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || " ./-_=$@+,".contains(char);
    let begins = text.starts_with(|char: char| char.is_ascii_alphabetic() || "./$".contains(char));
    if begins && text.chars().all(plain) && !text.ends_with(' ') {
        return text.to_owned();
    }
    let is_printable = !text.chars().any(char::is_control);
    if is_printable && !text.contains(['"', '\\']) {
        return format!("\"{text}\"");
    }
    if is_printable {
        return format!("'{}'", text.replace('\'', "''"));
    }
    // JSON is YAML.
    serde_json::Value::String(text.to_owned()).to_string()
}

/// The environment: Debian's packages, and a user who is not root.
pub(super) fn dockerfile(findings: &[Finding]) -> String {
    let mut packages: Vec<&str> = findings.iter().flat_map(|finding| finding.packages.iter().copied()).collect();
    packages.sort_unstable();
    packages.dedup();
    let lines: String = packages.iter().map(|package| format!("        {package} \\\n")).collect();
    let install = if packages.is_empty() {
        String::new()
    } else {
        format!(
            "\nRUN apt-get update \\\n && apt-get install -y --no-install-recommends \\\n{lines} && rm -rf /var/lib/apt/lists/*\n"
        )
    };
    let setup: Vec<&str> = findings.iter().flat_map(|finding| finding.setup.iter().map(String::as_str)).collect();
    let setup = if setup.is_empty() { String::new() } else { format!("\n{}\n", setup.join("\n")) };
    format!(
        "# What the steps of .sidings.yml find installed. The sources are mounted where a step runs.\n\
         FROM debian:bookworm-slim\n{install}\
         \n# Tests need no root.\nRUN useradd --create-home build\n{setup}USER build\n"
    )
}

/// What the Dockerfile does not copy does not count for the image either.
pub(super) fn dockerignore(findings: &[Finding]) -> String {
    let copied = findings.iter().flat_map(|finding| &finding.copied).map(|name| format!("!{name}\n"));
    format!("# The image is made of what the Dockerfile copies, nothing else.\n*\n{}", copied.collect::<String>())
}
