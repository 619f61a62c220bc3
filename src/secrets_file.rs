//! A file of secrets on this machine: a `NAME=value` a line, so that the pipeline of the fleet runs on a laptop.
//!
//! Empty lines and those that begin with `#` mean nothing, `export ` before a name neither. A value in double quotes may
//! have `\n`, `\"` and `\\` in it, one in single quotes is taken as it is. Refused are files that others can read, and
//! files that would go along as a part of the project.

use crate::exit::Refusal;
use sidings_proto::secret::{PutSecret, is_secret_name, refused_value};
use sidings_proto::{Secret, SecretRules, SecretScope};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The secrets of a file, each for all projects.
pub(crate) fn read(file: &Path) -> anyhow::Result<Vec<PutSecret>> {
    let shown = file.display();
    let unread = |error: std::io::Error| Refusal::usage(format!("the secrets file {shown} cannot be read: {error}"));
    let mode = std::fs::metadata(file).map_err(unread)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Refusal::configuration(format!("{shown} can be read by others: `chmod 600 {shown}`")));
    }
    let text = std::fs::read_to_string(file).map_err(unread)?;
    let wrong = |(line, why): (usize, String)| Refusal::configuration(format!("{shown}:{line}: {why}"));
    parse(&text).map_err(wrong)
}

/// Refuses a file that is one of these of a project: it would be sent with them.
pub(crate) fn is_no_part_of(file: &Path, root: &Path, files: &[PathBuf]) -> anyhow::Result<()> {
    let place = file
        .canonicalize()
        .map_err(|error| Refusal::usage(format!("the secrets file {} cannot be read: {error}", file.display())))?;
    let within = root.canonicalize().ok().and_then(|root| place.strip_prefix(root).ok().map(Path::to_owned));
    if within.is_some_and(|within| files.contains(&within)) {
        let why = "is one of the project's files and would go along: name it in .gitignore, or put it elsewhere";
        return Err(Refusal::configuration(format!("{} {why}", file.display())));
    }
    Ok(())
}

fn parse(text: &str) -> Result<Vec<PutSecret>, (usize, String)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let said = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    said.map(|(number, line)| secret(line).map_err(|why| (number, why))).collect()
}

/// No message has anything of a value in it.
fn secret(line: &str) -> Result<PutSecret, String> {
    let (name, value) = line.split_once('=').ok_or("expected NAME=value")?;
    let name = name.trim_start_matches("export ").trim();
    if !is_secret_name(name) {
        return Err("a name has letters, digits, `_`, `-` and `.`, and begins with a letter or `_`".to_owned());
    }
    let value = unquoted(value.trim()).ok_or_else(|| format!("the quote of {name} is not closed at the line's end"))?;
    if let Some(why) = refused_value(&value) {
        return Err(format!("the value of {name} is refused: {why}"));
    }
    let (scope, rules) = (SecretScope::All, SecretRules::default());
    Ok(PutSecret { name: name.to_owned(), scope, rules, value: Secret::new(value) })
}

fn unquoted(value: &str) -> Option<String> {
    if let Some(rest) = value.strip_prefix('\'') {
        return rest.strip_suffix('\'').map(str::to_owned);
    }
    let Some(rest) = value.strip_prefix('"') else { return Some(value.to_owned()) };
    let (mut out, mut chars) = (String::new(), rest.chars());
    loop {
        match chars.next()? {
            '"' => return chars.next().is_none().then_some(out),
            '\\' => match chars.next()? {
                'n' => out.push('\n'),
                other => out.push(other),
            },
            plain => out.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_of(text: &str) -> Result<Vec<(String, String)>, String> {
        let secrets = parse(text).map_err(|(line, why)| format!("{line}: {why}"))?;
        Ok(secrets.into_iter().map(|secret| (secret.name, secret.value.expose().to_owned())).collect())
    }

    #[test]
    fn names_and_values_are_read_as_shells_write_them() {
        let text = "# mine\n\nplain=with = and # in it\nexport dotted.name = 'single \\n \"quoted\"'\nkey=\"a\\nb \\\"c\\\\\"\r\n";
        let expected =
            [("plain", "with = and # in it"), ("dotted.name", "single \\n \"quoted\""), ("key", "a\nb \"c\\")];
        assert_eq!(read_of(text).unwrap(), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_without_the_value() {
        let told = |text: &str| read_of(text).unwrap_err();
        assert_eq!(told("a=long enough\nhunter22"), "2: expected NAME=value");
        assert!(told("1a=hunter22").starts_with("1: a name has letters"));
        assert_eq!(told("a=\"hunter22"), "1: the quote of a is not closed at the line's end");
        assert_eq!(told("a='hunter22"), "1: the quote of a is not closed at the line's end");
        assert!(told("a=hunte").contains("it is shorter than 6 bytes"));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secrets");
        std::fs::write(&file, "token=hunter22\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read(&file).unwrap_err().to_string().contains("chmod 600"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read(&file).unwrap().len(), 1);
    }

    #[test]
    fn a_file_of_the_project_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        std::fs::write(&file, "").unwrap();
        let part = |files: &[&str]| {
            let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
            is_no_part_of(&file, folder.path(), &files)
        };
        assert!(part(&["Makefile", ".env"]).unwrap_err().to_string().contains(".gitignore"));
        part(&["Makefile"]).unwrap();
    }
}
