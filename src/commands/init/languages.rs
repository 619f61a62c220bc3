//! What a project is made with, by its files, and how such projects are tested.
//!
//! Environments begin with Debian and have its packages: these are there for every architecture and stay the same
//! for years. Who needs another version of a language takes another image.

use super::tree::Tree;
use serde_json::Value;

/// A part of a project that is tested on its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Finding {
    /// The file that tells: `package.json`.
    pub(super) sign: String,
    pub(super) language: &'static str,
    /// The job's name.
    pub(super) job: &'static str,
    /// What its commands call.
    pub(super) tools: &'static [&'static str],
    /// Packages of Debian.
    pub(super) packages: Vec<&'static str>,
    /// Files that the Dockerfile copies, and what it does with them.
    pub(super) copied: Vec<String>,
    pub(super) setup: Vec<String>,
    pub(super) environment: Vec<(&'static str, &'static str)>,
    /// Names and commands; the last one tests.
    pub(super) steps: Vec<(&'static str, Vec<String>)>,
}

impl Finding {
    pub(super) fn test(&self) -> &str {
        self.steps.last().and_then(|(_, commands)| commands.last()).map_or("", String::as_str)
    }

    fn step(mut self, name: &'static str, commands: &[&str]) -> Finding {
        self.steps.push((name, commands.iter().map(|&command| command.to_owned()).collect()));
        self
    }
}

/// All that is found; make is looked for only where nothing else tells.
pub(super) fn found(tree: &Tree) -> Vec<Finding> {
    let all = [rust(tree), go(tree), node(tree), python(tree), java(tree), ruby(tree), php(tree), cmake(tree)];
    let mut found: Vec<Finding> = all.into_iter().flatten().collect();
    if found.is_empty() {
        found.extend(make(tree));
    }
    found
}

fn rust(tree: &Tree) -> Option<Finding> {
    tree.has("Cargo.toml").then(|| {
        let locked = if tree.has("Cargo.lock") { "cargo test --locked" } else { "cargo test" };
        Finding {
            sign: "Cargo.toml".to_owned(),
            language: "Rust",
            job: "rust",
            tools: &["cargo"],
            packages: vec!["ca-certificates", "cargo", "gcc", "libc6-dev", "rustc"],
            ..Finding::default()
        }
        .step("test", &[locked])
    })
}

fn go(tree: &Tree) -> Option<Finding> {
    tree.has("go.mod").then(|| {
        Finding {
            sign: "go.mod".to_owned(),
            language: "Go",
            job: "go",
            tools: &["go"],
            packages: vec!["ca-certificates", "golang-go"],
            environment: vec![("CGO_ENABLED", "0")],
            ..Finding::default()
        }
        .step("test", &["go vet ./...", "go test ./..."])
    })
}

fn node(tree: &Tree) -> Option<Finding> {
    let text = tree.has("package.json").then(|| tree.text("package.json"))?;
    let package: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    let some = |key: &str| package[key].as_object().is_some_and(|map| !map.is_empty());
    let script = package["scripts"]["test"].as_str();
    let finding = Finding { sign: "package.json".to_owned(), language: "Node", job: "node", ..Finding::default() };
    let bare = Finding { tools: &["node"], packages: vec!["nodejs"], ..finding.clone() };
    if !some("dependencies") && !some("devDependencies") {
        // Debian's npm brings hundreds of packages; what it would run needs none of them.
        let own = script.filter(|script| script.starts_with("node ") && !script.contains("npm"));
        if let Some(command) = own.or(script.is_none().then_some("node --test")) {
            return Some(bare.step("test", &[command]));
        }
    }
    let install = match tree.first(&["pnpm-lock.yaml", "yarn.lock", "package-lock.json", "npm-shrinkwrap.json"]) {
        Some("pnpm-lock.yaml") => "npx --yes pnpm@9 install --frozen-lockfile",
        Some("yarn.lock") => "npx --yes yarn@1 install --frozen-lockfile",
        Some(_) => "npm ci",
        None => "npm install",
    };
    let test = if script.is_some() { "npm test" } else { "node --test" };
    let packages = vec!["ca-certificates", "nodejs", "npm"];
    Some(Finding { tools: &["node", "npm"], packages, ..finding }.step("install", &[install]).step("test", &[test]))
}

const PYTHON: [&str; 7] =
    ["pyproject.toml", "requirements.txt", "setup.py", "setup.cfg", "pytest.ini", "tox.ini", "Pipfile"];
/// Files that name what tests need beside what the program does.
const REQUIREMENTS: [&str; 5] = [
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-test.txt",
    "dev-requirements.txt",
    "test-requirements.txt",
];

fn python(tree: &Tree) -> Option<Finding> {
    let tests = || tree.ending(".py").filter(|path| path.rsplit('/').next().is_some_and(is_test_of_python));
    let sign = tree.first(&PYTHON).map(str::to_owned).or_else(|| tests().next().map(str::to_owned))?;
    let requirements: Vec<&str> = REQUIREMENTS.into_iter().filter(|name| tree.has(name)).collect();
    let described: String = PYTHON.iter().chain(&REQUIREMENTS).map(|name| tree.text(name)).collect();
    let has_functions = || tests().take(50).any(|path| uses_pytest(&tree.text(path)));
    let is_pytest = described.contains("pytest") || has_functions() || tests().next().is_none();
    let test = if is_pytest { "python3 -m pytest" } else { "python3 -m unittest discover" };
    let finding = Finding {
        sign,
        language: "Python",
        job: "python",
        tools: if is_pytest { &["python3", "pytest"] } else { &["python3"] },
        environment: vec![("PYTHONDONTWRITEBYTECODE", "1")],
        ..Finding::default()
    };
    let is_package = tree.text("pyproject.toml").contains("[project]") || tree.has("setup.py");
    if requirements.is_empty() && !is_package {
        let packages = if is_pytest { vec!["python3", "python3-pytest"] } else { vec!["python3"] };
        return Some(Finding { packages, ..finding }.step("test", &[test]));
    }
    Some(with_venv(finding, tree, &requirements, is_package, is_pytest).step("test", &[test]))
}

fn is_test_of_python(name: &str) -> bool {
    name.starts_with("test_") || name.ends_with("_test.py") || name == "tests.py"
}

fn uses_pytest(text: &str) -> bool {
    text.lines().any(|line| {
        line.starts_with("import pytest") || line.starts_with("from pytest") || line.starts_with("def test_")
    })
}

/// Packages from the index are installed beside Debian's own, into the image if files of their own name them.
fn with_venv(finding: Finding, tree: &Tree, requirements: &[&str], is_package: bool, is_pytest: bool) -> Finding {
    let mut setup = vec!["RUN python3 -m venv /opt/venv && chown -R build /opt/venv".to_owned()];
    setup.push("ENV PATH=/opt/venv/bin:$PATH".to_owned());
    let files: Vec<String> = requirements.iter().map(|name| format!("-r /tmp/{name}")).collect();
    let tools = [files, is_pytest.then(|| "pytest".to_owned()).into_iter().collect()].concat();
    if !requirements.is_empty() {
        setup.push(format!("COPY {} /tmp/", requirements.join(" ")));
    }
    if !tools.is_empty() {
        setup.push(format!("RUN pip install --no-cache-dir {}", tools.join(" ")));
    }
    let mut finding = Finding {
        packages: vec!["ca-certificates", "python3", "python3-venv"],
        copied: requirements.iter().map(|&name| name.to_owned()).collect(),
        setup,
        ..finding
    };
    if is_package {
        // What is installed outside of the workspace is gone in the next step, so this one tests as well.
        let extra = ["test", "tests", "dev"].into_iter().find(|name| has_extra(&tree.text("pyproject.toml"), name));
        let extra = extra.map(|name| format!("[{name}]")).unwrap_or_default();
        finding.environment.push(("PYTHONPATH", "/workspace/.packages"));
        finding.steps.push(("install", vec![format!("pip install --target .packages \".{extra}\"")]));
    }
    finding
}

fn has_extra(pyproject: &str, name: &str) -> bool {
    let extras = pyproject.split("[project.optional-dependencies]").nth(1).unwrap_or_default();
    let extras = extras.split("\n[").next().unwrap_or_default();
    extras.lines().any(|line| line.split('=').next().is_some_and(|key| key.trim() == name))
}

fn java(tree: &Tree) -> Option<Finding> {
    let finding = Finding { language: "Java", job: "java", ..Finding::default() };
    if tree.has("pom.xml") {
        let packages = vec!["ca-certificates", "default-jdk-headless", "maven"];
        let sign = "pom.xml".to_owned();
        return Some(Finding { sign, tools: &["mvn"], packages, ..finding }.step("test", &["mvn --batch-mode verify"]));
    }
    let sign = tree.first(&["build.gradle", "build.gradle.kts"])?.to_owned();
    let packages = vec!["ca-certificates", "default-jdk-headless"];
    tree.has("gradlew")
        .then(|| Finding { sign, tools: &["java"], packages, ..finding }.step("test", &["./gradlew test"]))
}

fn ruby(tree: &Tree) -> Option<Finding> {
    tree.has("Gemfile").then(|| {
        let test = match (tree.has_folder("spec"), tree.has("Rakefile")) {
            (true, _) => "bundle exec rspec",
            (false, true) => "bundle exec rake test",
            (false, false) => "bundle exec ruby -Itest -e 'Dir[\"./test/**/*_test.rb\"].each { |file| require file }'",
        };
        Finding {
            sign: "Gemfile".to_owned(),
            language: "Ruby",
            job: "ruby",
            tools: &["ruby", "bundle"],
            packages: vec!["ca-certificates", "g++", "gcc", "git", "make", "ruby", "ruby-bundler", "ruby-dev"],
            environment: vec![("BUNDLE_PATH", "vendor/bundle")],
            ..Finding::default()
        }
        .step("install", &["bundle install"])
        .step("test", &[test])
    })
}

fn php(tree: &Tree) -> Option<Finding> {
    let text = tree.has("composer.json").then(|| tree.text("composer.json"))?;
    let package: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    let test = if package["scripts"].get("test").is_some() { "composer test" } else { "vendor/bin/phpunit" };
    let finding = Finding {
        sign: "composer.json".to_owned(),
        language: "PHP",
        job: "php",
        tools: &["php", "composer"],
        packages: vec!["ca-certificates", "composer", "git", "php-cli", "php-mbstring", "php-xml", "unzip"],
        ..Finding::default()
    };
    Some(finding.step("install", &["composer install --no-interaction --no-progress"]).step("test", &[test]))
}

fn cmake(tree: &Tree) -> Option<Finding> {
    tree.has("CMakeLists.txt").then(|| {
        Finding {
            sign: "CMakeLists.txt".to_owned(),
            language: "C or C++ with CMake",
            job: "cmake",
            tools: &["cmake", "gcc", "make"],
            packages: vec!["cmake", "g++", "gcc", "make"],
            ..Finding::default()
        }
        .step("build", &["cmake -S . -B out", "cmake --build out"])
        .step("test", &["ctest --test-dir out --output-on-failure"])
    })
}

fn make(tree: &Tree) -> Option<Finding> {
    let sign = tree.first(&["GNUmakefile", "makefile", "Makefile"])?;
    let text = tree.text(sign);
    let target =
        ["test", "check"].into_iter().find(|target| text.lines().any(|line| line.starts_with(&format!("{target}:"))));
    let finding = Finding {
        sign: sign.to_owned(),
        language: "a project with make",
        job: "make",
        tools: &["make", "gcc"],
        packages: vec!["g++", "gcc", "make"],
        ..Finding::default()
    };
    Some(match target {
        Some(target) => finding.step("build", &["make"]).step("test", &[&format!("make {target}")]),
        None => finding.step("build", &["make"]),
    })
}
