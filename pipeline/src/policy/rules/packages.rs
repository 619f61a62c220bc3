//! What the commands of a `RUN` install: what package managers leave behind, compilers, and versions that nobody named.

use crate::policy::{Finding, Rule};
use crate::source::Span;

/// A package manager, and how it is told to leave nothing behind.
struct Manager {
    /// The words that install, options between them left out.
    installs: &'static [&'static str],
    /// Any of these in the same `RUN` keeps its layer clean.
    cleans: &'static [&'static str],
    /// A variable that does the same, anywhere in the file.
    variable: Option<&'static str>,
    /// Where a cache mount would do the same.
    cache: &'static [&'static str],
    /// What stands in the name of a package with its version; none where this is not looked at.
    version: Option<&'static str>,
    help: &'static str,
}

const MANAGERS: [Manager; 4] = [
    Manager {
        installs: &["apt-get install", "apt install"],
        cleans: &["/var/lib/apt/lists"],
        variable: None,
        cache: &["/var/lib/apt", "/var/cache/apt"],
        version: Some("="),
        help: "end the same `RUN` with `&& rm -rf /var/lib/apt/lists/*`",
    },
    Manager {
        installs: &["apk add"],
        cleans: &["--no-cache", "/var/cache/apk"],
        variable: None,
        cache: &["/var/cache/apk", "/etc/apk/cache"],
        version: Some("="),
        help: "write `apk add --no-cache`",
    },
    Manager {
        installs: &["dnf install", "yum install", "microdnf install"],
        cleans: &["clean all", "/var/cache/dnf", "/var/cache/yum"],
        variable: None,
        cache: &["/var/cache/dnf", "/var/cache/yum"],
        version: None,
        help: "end the same `RUN` with `&& dnf clean all`",
    },
    Manager {
        installs: &["pip install", "pip3 install"],
        cleans: &["--no-cache-dir"],
        variable: Some("PIP_NO_CACHE_DIR"),
        cache: &["/root/.cache"],
        version: Some("=="),
        help: "write `pip install --no-cache-dir`, or mount a cache: `RUN --mount=type=cache,target=/root/.cache/pip`",
    },
];

/// Packages that make programs and run none.
const BUILD_TOOLS: [&str; 9] =
    ["build-essential", "build-base", "gcc", "g++", "clang", "make", "cmake", "golang", "rustc"];

/// What is to be said of a command in a Dockerfile with this text.
pub(in crate::policy) fn look(text: &str, command: &str, mounts: &[String], span: &Span) -> Vec<Finding> {
    let command = command.replace("\\\n", " ");
    let mut found = Vec::new();
    for manager in &MANAGERS {
        let installed = installed(&command, manager);
        let Some(packages) = installed else { continue };
        if !is_clean(&command, mounts, manager) && !manager.variable.is_some_and(|name| text.contains(name)) {
            found.push(Finding {
                rule: Rule::PackageCache,
                span: span.clone(),
                message: format!("`{}` leaves its cache in the image", manager.installs[0]),
                why: "megabytes in a layer that nothing reads",
                help: manager.help.to_owned(),
            });
        }
        found.extend(versions(manager, &packages, span));
        found.extend(tools(&packages, span));
    }
    found
}

/// The packages that are named; none where nothing is installed.
fn installed(command: &str, manager: &Manager) -> Option<Vec<String>> {
    let parts = command.split(['&', '|', ';', '\n']);
    let lists = parts.filter_map(|part| {
        let words: Vec<&str> = part.split_whitespace().filter(|word| !word.starts_with('-')).collect();
        let at =
            words.windows(2).position(|pair| manager.installs.contains(&format!("{} {}", pair[0], pair[1]).as_str()));
        at.map(|at| words[at + 2..].iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    });
    let lists: Vec<Vec<String>> = lists.collect();
    (!lists.is_empty()).then(|| lists.concat())
}

fn is_clean(command: &str, mounts: &[String], manager: &Manager) -> bool {
    let cached =
        |mount: &String| mount.contains("type=cache") && manager.cache.iter().any(|place| mount.contains(place));
    manager.cleans.iter().any(|word| command.contains(word)) || mounts.iter().any(cached)
}

fn versions(manager: &Manager, packages: &[String], span: &Span) -> Option<Finding> {
    let mark = manager.version?;
    let loose: Vec<&str> = packages.iter().filter(|name| is_loose(name, mark)).map(String::as_str).collect();
    (!loose.is_empty()).then(|| Finding {
        rule: Rule::UnpinnedPackages,
        span: span.clone(),
        message: format!("no version is named of {}", shortened(&loose)),
        why: "whichever version there is on the day of the build",
        help: format!("name it: `{}{mark}1.2.3`", loose[0]),
    })
}

/// A file of requirements, a path or a variable may name versions itself.
fn is_loose(package: &str, mark: &str) -> bool {
    !package.contains(mark) && !package.contains(['$', '/', '<', '>', '~']) && !package.ends_with(".txt")
}

fn tools(packages: &[String], span: &Span) -> Option<Finding> {
    let tools: Vec<&str> = packages
        .iter()
        .filter(|name| BUILD_TOOLS.contains(&name.split('=').next().unwrap_or(name)))
        .map(String::as_str)
        .collect();
    (!tools.is_empty()).then(|| Finding {
        rule: Rule::BuildTools,
        span: span.clone(),
        message: format!("the image has tools to build with: {}", shortened(&tools)),
        why: "large, and of use to who breaks in",
        help: "build in a stage of its own, and take what it made by `COPY --from`".to_owned(),
    })
}

fn shortened(names: &[&str]) -> String {
    let shown = names.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(3) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
