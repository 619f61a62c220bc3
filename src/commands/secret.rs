//! `sidings secret`: values go in and are never shown again.

use super::output::{print, print_as};
use super::submit::chosen;
use crate::args::{For, SecretArgs, SecretCommand, SecretRemove, SecretSet};
use crate::client::Client;
use crate::exit::{Exit, Refusal};
use crate::render::lists;
use anyhow::Context;
use sidings_proto::secret::{PutSecret, refused_value};
use sidings_proto::{Secret, SecretRules, SecretScope};
use std::io::{IsTerminal, Read};
use std::path::Path;

pub(super) async fn secret(args: SecretArgs) -> anyhow::Result<Exit> {
    match args.command {
        SecretCommand::Set(args) => set(args).await,
        SecretCommand::List(args) => {
            let secrets = Client::new(&args.remote)?.secrets(args.project.as_deref()).await?;
            print_as(args.json, &secrets, lists::secrets)
        }
        SecretCommand::Rm(args) => remove(args).await,
    }
}

async fn set(args: SecretSet) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    let scope = scope(&args.kept_for).await?;
    let value = value(args.from_file.as_deref())?;
    if let Some(why) = refused_value(value.expose()) {
        return Err(Refusal::usage(format!("the value is refused: {why}")));
    }
    let rules = SecretRules { events: args.events, branches: args.branches };
    let kept = client.put_secret(&PutSecret { name: args.name, scope, rules, value }).await?;
    print_as(args.json, &kept, |kept| format!("secret {} is kept for {}\n", kept.name, kept.scope))
}

async fn remove(args: SecretRemove) -> anyhow::Result<Exit> {
    let scope = scope(&args.kept_for).await?;
    Client::new(&args.remote)?.remove_secret(&scope, &args.name).await?;
    print(&format!("secret {} of {scope} is gone; what runs already has it\n", args.name))?;
    Ok(Exit::Passed)
}

async fn scope(of: &For) -> anyhow::Result<SecretScope> {
    Ok(match (&of.group, of.all_projects) {
        (Some(group), _) => SecretScope::Group(group.clone()),
        (None, true) => SecretScope::All,
        (None, false) => SecretScope::Project(chosen(&of.project).await?.name),
    })
}

/// More than any secret may have; what is longer is refused by its length.
const VALUE_MAX: u64 = 1 << 20;

fn value(file: Option<&Path>) -> anyhow::Result<Secret> {
    let text = match file {
        Some(file) => {
            let unread = |error: std::io::Error| Refusal::usage(format!("{} cannot be read: {error}", file.display()));
            let mut text = Vec::new();
            std::fs::File::open(file).and_then(|file| file.take(VALUE_MAX).read_to_end(&mut text)).map_err(unread)?;
            text
        }
        None if std::io::stdin().is_terminal() => asked_for()?.into_bytes(),
        None => {
            let mut text = Vec::new();
            std::io::stdin().lock().take(VALUE_MAX).read_to_end(&mut text).context("reading stdin")?;
            text
        }
    };
    let text = String::from_utf8(text);
    let text =
        text.map_err(|_| Refusal::usage("the value is not UTF-8: keep it as base64, and decode it in the step"))?;
    Ok(Secret::new(without_its_line_end(&text)))
}

fn asked_for() -> anyhow::Result<String> {
    anstream::eprint!("value (not shown): ");
    console::Term::stderr().read_secure_line().context("reading the value")
}

/// `echo VALUE | sidings secret set` means the value; a key file needs its last line end.
fn without_its_line_end(text: &str) -> &str {
    let line = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if line.contains('\n') { text } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_line_loses_its_end_and_a_key_file_keeps_it() {
        assert_eq!(without_its_line_end("token\n"), "token");
        assert_eq!(without_its_line_end("token\r\n"), "token");
        assert_eq!(without_its_line_end("token"), "token");
        assert_eq!(without_its_line_end("-----BEGIN\nkey\n-----END\n"), "-----BEGIN\nkey\n-----END\n");
    }
}
