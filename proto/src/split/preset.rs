//! Test runners that are known, and how each is asked.

use serde::{Deserialize, Serialize};

/// What is known of a test runner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Tests are lines; a result is of the test whose line is its name, its suite and name, or its file.
    #[default]
    Lines,
    /// pytest, by a plugin that comes with the step.
    Pytest,
    /// `cargo test`, a process for each test.
    Cargo,
    /// CTest.
    Ctest,
    /// `go test`.
    Go,
    /// Gradle, by classes.
    Gradle,
    /// Jest, by files.
    Jest,
    /// Maven's Surefire, by classes.
    Maven,
    /// Node.js' own test runner, by files.
    Node,
    /// PHPUnit.
    Phpunit,
    /// Playwright, by files.
    Playwright,
    /// RSpec.
    Rspec,
    /// Vitest, by files.
    Vitest,
}

impl Preset {
    /// All of them.
    pub const ALL: [Preset; 13] = [
        Preset::Lines,
        Preset::Pytest,
        Preset::Cargo,
        Preset::Ctest,
        Preset::Go,
        Preset::Gradle,
        Preset::Jest,
        Preset::Maven,
        Preset::Node,
        Preset::Phpunit,
        Preset::Playwright,
        Preset::Rspec,
        Preset::Vitest,
    ];

    /// As pipelines say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Preset::Lines => "lines",
            Preset::Pytest => "pytest",
            Preset::Cargo => "cargo",
            Preset::Ctest => "ctest",
            Preset::Go => "go",
            Preset::Gradle => "gradle",
            Preset::Jest => "jest",
            Preset::Maven => "maven",
            Preset::Node => "node",
            Preset::Phpunit => "phpunit",
            Preset::Playwright => "playwright",
            Preset::Rspec => "rspec",
            Preset::Vitest => "vitest",
        }
    }

    /// Whether it can stay alive between batches.
    pub fn can_stream(self) -> bool {
        matches!(self, Preset::Lines | Preset::Pytest)
    }

    /// Scripts that list and run its tests; none where only the project can know.
    pub fn scripts(self) -> Option<(String, String)> {
        match self {
            Preset::Lines => None,
            Preset::Pytest => Some(("python3 -m pytest --collect-only -q".to_owned(), "python3 -m pytest".to_owned())),
            // The step's helper asks these.
            Preset::Cargo
            | Preset::Ctest
            | Preset::Go
            | Preset::Gradle
            | Preset::Jest
            | Preset::Maven
            | Preset::Node
            | Preset::Phpunit
            | Preset::Playwright
            | Preset::Rspec
            | Preset::Vitest => {
                let runner = self.as_str();
                Some((format!("sidings split list {runner}"), format!("sidings split run {runner}")))
            }
        }
    }
}
