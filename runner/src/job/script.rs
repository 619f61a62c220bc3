//! The program of a step or service: what its command means as arguments.

use crate::engine::ImageFacts;
use sidings_proto::step::{BIN_MOUNT, WORKSPACE};
use sidings_proto::{Command, Service, Step};

/// The program and its arguments; empty when the step leaves it to an image that has none.
pub(super) fn argv(step: &Step, image: &ImageFacts) -> Vec<String> {
    let shell = |script| given_to(&step.shell, script);
    match &step.command {
        Command::Run { script } => shell(script.clone()),
        Command::Commands { commands } => shell(commands.iter().map(|command| printed_and_run(command)).collect()),
        Command::Tests => vec![format!("{BIN_MOUNT}/sidings"), "split".to_owned(), "work".to_owned()],
        Command::Image => image.entrypoint.iter().chain(&image.command).cloned().collect(),
    }
}

/// The program of a service: what the plan says in place of the image's; by Docker's rule an entry point of its own
/// leaves the image's command out.
pub(super) fn service_argv(service: &Service, image: &ImageFacts) -> Vec<String> {
    let command = match (&service.command, &service.entrypoint) {
        (Some(command), _) => command,
        (None, Some(_)) => &Vec::new(),
        (None, None) => &image.command,
    };
    service.entrypoint.as_ref().unwrap_or(&image.entrypoint).iter().chain(command).cloned().collect()
}

/// An absolute path in the container.
pub(super) fn working_directory(of_step: Option<&str>) -> String {
    match of_step {
        None | Some("" | ".") => WORKSPACE.to_owned(),
        Some(absolute) if absolute.starts_with('/') => absolute.to_owned(),
        Some(relative) => format!("{WORKSPACE}/{}", relative.trim_start_matches("./")),
    }
}

fn given_to(shell: &[String], script: String) -> Vec<String> {
    shell_of(shell).into_iter().chain([script]).collect()
}

/// What scripts are given to where a step's shell is this.
pub(super) fn shell_of(shell: &[String]) -> Vec<String> {
    if shell.is_empty() { ["sh", "-e", "-c"].map(str::to_owned).to_vec() } else { shell.to_vec() }
}

/// `printf` and not `echo`, which would take a leading `-n` or a backslash for more than text.
fn printed_and_run(command: &str) -> String {
    let quoted = format!("$ {}", command.trim_end()).replace('\'', r"'\''");
    format!("printf '%s\\n' '{quoted}'\n{command}\n")
}
