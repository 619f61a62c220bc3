//! `cache:`, folders that go from run to run.

use super::fields::At;
use super::{Reader, shape};
use crate::diagnostic::Code;
use crate::pipeline::Named;
use crate::report::Problem;
use crate::suggest::{did_you_mean, quoted};
use crate::yaml::Value;
use sidings_proto::cache::{Cache, KeyPart, KeyTemplate};
use sidings_proto::pattern::Pattern;

const MAX_CACHES: usize = 10;
const MAX_PATHS: usize = 20;
const MAX_RESTORE_KEYS: usize = 10;
const MAX_KEY: usize = 200;
const BEGIN: &str = "${checksum(";
/// Folders that are not the pipeline's to replace.
const NOT_THESE: [&str; 7] = ["/sidings", "/proc", "/sys", "/dev", "/etc", "/run/sidings", "/workspace"];

impl Reader<'_> {
    /// A map, or a list of them.
    pub(super) fn caches(&mut self, at: &At<'_, '_>) -> Vec<Cache> {
        let caches: Vec<Option<Cache>> = match &at.node.value {
            Value::Map(_) => vec![self.cache(at)],
            Value::List(items) if items.len() <= MAX_CACHES => {
                items.iter().map(|item| self.cache(&At::item(item, "an entry of `cache`"))).collect()
            }
            Value::List(items) => {
                let message = format!("a job has {} caches", items.len());
                self.error(Code::Limit, &at.span, message, format!("at most {MAX_CACHES}; one has many paths"));
                Vec::new()
            }
            Value::Scalar(_) | Value::Broken => {
                let help =
                    "for example `cache: { key: \"pip-${checksum(requirements.txt)}\", paths: [/root/.cache/pip] }`";
                self.wrong_type(at, "a map with `key` and `paths`, or a list of them", Some(help.to_owned()));
                Vec::new()
            }
        };
        let caches: Vec<Cache> = caches.into_iter().flatten().collect();
        self.paths_of_two(at, &caches);
        let size = caches.iter().map(size).sum();
        if self.spend(size, &at.span) { caches } else { Vec::new() }
    }

    fn cache(&mut self, at: &At<'_, '_>) -> Option<Cache> {
        let fields = self.fields(at, &shape::CACHE)?;
        for (key, help) in [
            ("key", "add `key`: `key: \"pip-${checksum(requirements.txt)}\"`"),
            ("paths", "add `paths`, folders: `paths: [/root/.cache/pip]`"),
        ] {
            if !fields.has_or_meant(key) {
                self.error(Code::MissingKey, fields.span(), format!("this cache has no `{key}`"), help);
            }
        }
        let key = fields.get("key").and_then(|at| Some((self.named(&at)?, at.span.clone())));
        let key = key.and_then(|(named, _)| self.key(&named));
        let restore_keys =
            fields.get("restore_keys").and_then(|at| self.texts(&at, "the beginning of a key, or a list"));
        let restore_keys = restore_keys.unwrap_or_default();
        if restore_keys.len() > MAX_RESTORE_KEYS {
            let message = format!("these are {} `restore_keys`", restore_keys.len());
            self.error(Code::Limit, fields.span(), message, format!("at most {MAX_RESTORE_KEYS}"));
        }
        let restore_keys: Vec<Option<KeyTemplate>> = restore_keys.iter().map(|named| self.key(named)).collect();
        let paths = fields.get("paths").and_then(|at| self.cached_paths(&at));
        Some(Cache { key: key?, restore_keys: restore_keys.into_iter().collect::<Option<_>>()?, paths: paths? })
    }

    /// Texts, and `${checksum(FILE, …)}` between them.
    fn key(&mut self, named: &Named) -> Option<KeyTemplate> {
        let text = &named.text;
        if text.is_empty() || text.len() > MAX_KEY || text.contains(char::is_control) {
            let message = format!("{} cannot be the key of a cache", quoted(text));
            self.error(Code::BadValue, &named.span, message, "one line of 1 to 200 characters");
            return None;
        }
        let (mut parts, mut rest) = (Vec::new(), text.as_str());
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at);
            parts.extend((!before.is_empty()).then(|| KeyPart::Text { text: before.to_owned() }));
            let inner = from.strip_prefix(BEGIN).and_then(|inner| inner.split_once(")}"));
            let Some((files, after)) = inner else { return self.no_such_part(named) };
            parts.push(KeyPart::Checksum { files: self.checksum_files(named, files)? });
            rest = after;
        }
        parts.extend((!rest.is_empty()).then(|| KeyPart::Text { text: rest.to_owned() }));
        Some(KeyTemplate { parts })
    }

    fn no_such_part(&mut self, named: &Named) -> Option<KeyTemplate> {
        let message = format!("there is a `${{` in {} that begins nothing known", quoted(&named.text));
        let problem = Problem::new(Code::BadValue, &named.span, message).help(
            "a key has `${checksum(FILE)}`, in a matrix also `${matrix.NAME}`; caches of a branch are its own anyway",
        );
        self.report.add(problem);
        None
    }

    fn checksum_files(&mut self, named: &Named, files: &str) -> Option<Vec<String>> {
        let files = files.split(',').map(str::trim);
        let read: Vec<Option<String>> = files.map(|file| self.checksum_file(named, file)).collect();
        read.into_iter().collect()
    }

    fn checksum_file(&mut self, named: &Named, file: &str) -> Option<String> {
        let bare = file.trim_matches(['"', '\'']).trim_start_matches("./");
        let leads_out = file.starts_with('/') || file.split('/').any(|part| part == "..");
        if Pattern::parse(file).is_ok() && bare == file && !leads_out {
            return Some(file.to_owned());
        }
        let message = format!("{} is no file of the workspace", quoted(file));
        let problem = Problem::new(Code::BadPath, &named.span, message)
            .expected("`${checksum(FILE)}`, or several files with commas between");
        let help =
            (bare != file && !bare.is_empty() && !leads_out).then(|| did_you_mean(&format!("${{checksum({bare})}}")));
        self.report.add(problem.maybe_help(help));
        None
    }

    fn cached_paths(&mut self, at: &At<'_, '_>) -> Option<Vec<String>> {
        let names = self.texts(at, "a path, or a list of them")?;
        if names.is_empty() || names.len() > MAX_PATHS {
            let message = format!("this cache has {} paths", names.len());
            self.error(Code::BadValue, &at.span, message, format!("1 to {MAX_PATHS}"));
            return None;
        }
        let paths: Vec<Option<String>> = names.iter().map(|name| self.cached_path(name)).collect();
        paths.into_iter().collect()
    }

    /// Absolute in the container, or from the workspace's root; always plain names.
    fn cached_path(&mut self, name: &Named) -> Option<String> {
        let text = name.text.trim_end_matches('/');
        let inner = text.strip_prefix("/workspace/");
        let bare = inner.unwrap_or(text).trim_start_matches("./");
        let names = bare.strip_prefix('/').unwrap_or(bare);
        let plain = !names.is_empty() && names.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        let problem = |message: String| Problem::new(Code::BadPath, &name.span, message);
        if text.starts_with('~') || text.starts_with('$') {
            let message = format!("{} is not known before the container is there", quoted(text));
            self.report.add(problem(message).expected("an absolute path, such as `/root/.cache/pip`"));
        } else if text.contains(['*', '?', '\\', ':', ',']) || text.contains(char::is_control) {
            let message = format!("{} is a pattern, or has a character that no cached path has", quoted(text));
            self.report.add(problem(message).help("a cache has whole folders: name the folder"));
        } else if !plain || text.len() > 1000 {
            let message = format!("{} is no path that can be cached", quoted(&name.text));
            let expected = "a folder in the workspace, or an absolute one in the container";
            self.report.add(problem(message).expected(expected));
        } else if bare != text {
            let message = format!("{} lies in the workspace", quoted(text));
            self.report.add(problem(message).help(did_you_mean(bare)));
        } else if let Some(of) = NOT_THESE.iter().find(|of| text == **of || text.starts_with(&format!("{of}/"))) {
            let message = format!("{} cannot be cached: `{of}` belongs to the container", quoted(text));
            self.report.add(problem(message));
        } else {
            return Some(text.to_owned());
        }
        None
    }

    fn paths_of_two(&mut self, at: &At<'_, '_>, caches: &[Cache]) {
        let paths: Vec<&String> = caches.iter().flat_map(|cache| &cache.paths).collect();
        for (n, one) in paths.iter().enumerate() {
            let within = |other: &&&String| **other == *one || other.starts_with(&format!("{one}/"));
            let other = paths.iter().enumerate().filter(|(m, _)| *m != n).map(|(_, other)| other).find(within);
            if let Some(other) = other {
                let message = format!("{} is cached twice, as it lies in {}", quoted(other), quoted(one));
                self.error(Code::BadValue, &at.span, message, "each path belongs to one cache, once");
                return;
            }
        }
    }
}

fn size(cache: &Cache) -> usize {
    let keys = cache.restore_keys.iter().chain([&cache.key]).map(|key| key.parts.len() * 32 + 64);
    keys.sum::<usize>() + cache.paths.iter().map(|path| path.len() + 8).sum::<usize>()
}
