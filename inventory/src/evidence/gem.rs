//! `.gemspec` files of gems that are installed. They are programs of Ruby, so only what RubyGems itself writes into them
//! for other programs is read: `# stub: rake 13.0.6 ruby lib`.

use super::{Found, Reading, told};
use crate::model::Kind;

const STUB: &str = "# stub: ";

/// In the folder that RubyGems loads from, not one of somebody's sources.
pub(super) fn is_installed(folder: &str, name: &str) -> bool {
    let folder = folder.strip_suffix("/default").unwrap_or(folder);
    name.ends_with(".gemspec") && folder.ends_with("/specifications")
}

pub(super) fn package(path: &str, text: &str) -> Reading {
    let stub = text.lines().find_map(|line| line.strip_prefix(STUB)).map(str::to_owned);
    let Some(stub) = stub.or_else(|| named(path)) else {
        return Reading::remark("it tells neither a name nor a version");
    };
    let mut words = stub.split(' ');
    match (words.next(), words.next()) {
        (Some(name), Some(version)) => Reading::of(vec![Found::new(Kind::Gem, name, version).licensed(licences(text))]),
        _ => Reading::remark(format!("its stub is {stub:?}, which is no name and version")),
    }
}

/// `net-http-0.3.0-java`: a version begins with the first digit after a dash, and has no dash.
fn named(path: &str) -> Option<String> {
    let file = path.rsplit('/').next()?.strip_suffix(".gemspec")?;
    let dash = file.match_indices('-').find(|(at, _)| file[at + 1..].starts_with(|c: char| c.is_ascii_digit()))?.0;
    let version = file[dash + 1..].split('-').next()?;
    Some(format!("{} {version}", &file[..dash]))
}

/// `s.licenses = ["Ruby".freeze, "BSD-2-Clause".freeze]`
fn licences(text: &str) -> Vec<String> {
    let list = text.lines().find_map(|line| line.trim().strip_prefix("s.licenses = ["));
    let quoted = list.into_iter().flat_map(|list| list.split('"').skip(1).step_by(2));
    told(quoted.map(str::to_owned))
}
