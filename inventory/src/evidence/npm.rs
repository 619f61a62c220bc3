//! `package.json` of packages that are installed, not of the sources that somebody copied.

use super::{Found, Reading, told};
use crate::model::Kind;
use serde_json::Value;

/// Beneath npm's own folder, or Debian's.
pub(super) fn is_installed(folder: &str) -> bool {
    let beneath_modules = folder.split('/').any(|part| part == "node_modules");
    beneath_modules || folder.starts_with("usr/share/nodejs/") || folder.starts_with("usr/lib/nodejs/")
}

/// Without a name or version it is a setting of a folder inside of a package.
pub(super) fn package(content: &[u8]) -> Reading {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let package: Value = match serde_json::from_slice(content) {
        Ok(package) => package,
        Err(error) => return Reading::remark(format!("it is no JSON: {error}")),
    };
    let text = |key: &str| package.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (Some(name), Some(version)) = (text("name"), text("version")) else { return Reading::default() };
    Reading::of(vec![Found::new(Kind::Npm, name, version).licensed(licences(&package))])
}

/// `"MIT"`, and the forms before it: `{"type": "MIT"}` and lists of both.
fn licences(package: &Value) -> Vec<String> {
    let one = |value: &Value| value.as_str().or_else(|| value.get("type")?.as_str()).map(str::to_owned);
    let all = |value: &Value| match value.as_array() {
        Some(list) => list.iter().filter_map(one).collect::<Vec<_>>(),
        None => one(value).into_iter().collect(),
    };
    told(["license", "licenses"].iter().filter_map(|key| package.get(*key)).flat_map(all))
}
