//! Which of two versions is the later one: each ecosystem has rules of its own, in a file of its own. A version is parsed
//! into what is compared, so that every order is a total one. What an ecosystem's rules do not know is no version: nothing
//! is guessed about it.

mod apk;
mod deb;
mod gem;
mod maven;
mod number;
mod pep440;
mod rpm;
mod semver;

/// The rules that versions are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Alpine.
    Apk,
    /// Debian and its family.
    Deb,
    /// Ruby.
    Gem,
    /// Maven.
    Maven,
    /// Python.
    Pep440,
    /// Red Hat, SUSE and their families.
    Rpm,
    /// npm, crates.io, Go.
    SemVer,
}

/// A version, to be compared with another one of the same order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(Parsed);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Parsed {
    Apk(apk::Version),
    Deb(deb::Version),
    Gem(gem::Version),
    Maven(maven::Version),
    Pep440(pep440::Version),
    Rpm(rpm::Version),
    SemVer(semver::Version),
}

/// Longer ones are no versions that anybody gave: comparing must not become work.
const LONGEST: usize = 512;

impl Order {
    /// None where the rules know no such version.
    pub fn parse(self, text: &str) -> Option<Version> {
        if text.len() > LONGEST {
            return None;
        }
        let parsed = match self {
            Order::Apk => Parsed::Apk(apk::parse(text)?),
            Order::Deb => Parsed::Deb(deb::parse(text)?),
            Order::Gem => Parsed::Gem(gem::parse(text)?),
            Order::Maven => Parsed::Maven(maven::parse(text)?),
            Order::Pep440 => Parsed::Pep440(pep440::parse(text)?),
            Order::Rpm => Parsed::Rpm(rpm::parse(text)?),
            Order::SemVer => Parsed::SemVer(semver::parse(text)?),
        };
        Some(Version(parsed))
    }
}

#[cfg(test)]
mod tests;
