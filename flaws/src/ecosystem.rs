//! Under which ecosystem and name entries speak of a package. Distributions list flaws by release, and most by the source
//! that a package was built from.

use crate::order::Order;
use sidings_inventory::{Distribution, Kind, Package};

/// What to look for, and how to compare what is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sought {
    pub(crate) ecosystem: String,
    pub(crate) names: Vec<String>,
    /// Of what `names` calls.
    pub(crate) version: String,
    pub(crate) order: Order,
}

/// Why a package cannot be looked for.
pub(crate) fn sought(package: &Package, distribution: Option<&Distribution>) -> Result<Sought, String> {
    if package.version.is_empty() {
        return Err("the package does not tell its version".to_owned());
    }
    let own = |ecosystem: &str, order| (ecosystem.to_owned(), order);
    let (ecosystem, order) = match package.kind {
        Kind::Cargo => own("crates.io", Order::SemVer),
        Kind::Gem => own("RubyGems", Order::Gem),
        Kind::Go => own("Go", Order::SemVer),
        Kind::Npm => own("npm", Order::SemVer),
        Kind::Python => own("PyPI", Order::Pep440),
        Kind::Maven if !package.name.contains(':') => return Err("its group is not known".to_owned()),
        Kind::Maven => own("Maven", Order::Maven),
        Kind::Apk => (release(distribution)?, Order::Apk),
        Kind::Deb => (release(distribution)?, Order::Deb),
        Kind::Rpm => (release(distribution)?, Order::Rpm),
    };
    let source = package.source.as_ref().filter(|_| is_of_a_distribution(package.kind));
    let names = match (package.kind, source) {
        // There, entries may be about either.
        (Kind::Rpm, Some(source)) => vec![package.name.clone(), source.name.clone()],
        (_, Some(source)) => vec![source.name.clone()],
        (_, None) => vec![package.name.clone()],
    };
    let version = match (package.kind, source.and_then(|source| source.version.as_ref())) {
        (Kind::Deb, Some(version)) => version.clone(),
        _ => package.version.clone(),
    };
    let names = names.iter().map(|name| key(&ecosystem, name)).collect();
    Ok(Sought { ecosystem, names, version, order })
}

/// A name as it is looked up: Python's are the same in several spellings.
pub(crate) fn key(ecosystem: &str, name: &str) -> String {
    if ecosystem != "PyPI" {
        return name.to_owned();
    }
    let parts: Vec<String> =
        name.split(['-', '_', '.']).filter(|part| !part.is_empty()).map(str::to_ascii_lowercase).collect();
    parts.join("-")
}

/// Whether an entry's ecosystem is the one that is sought, or a part of it: `Ubuntu:22.04:LTS` of `Ubuntu:22.04`.
pub(crate) fn covers(sought: &str, told: &str) -> bool {
    told.strip_prefix(sought).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

fn is_of_a_distribution(kind: Kind) -> bool {
    match kind {
        Kind::Apk | Kind::Deb | Kind::Rpm => true,
        Kind::Cargo | Kind::Gem | Kind::Go | Kind::Maven | Kind::Npm | Kind::Python => false,
    }
}

/// The distribution's release, as the schema calls it.
fn release(distribution: Option<&Distribution>) -> Result<String, String> {
    let Some(it) = distribution else { return Err("the image does not tell its distribution".to_owned()) };
    let mut numbers = it.version.split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    if major.is_empty() {
        return Err(format!("the image does not tell which release of {} it is", it.id));
    }
    match it.id.as_str() {
        "debian" => Ok(format!("Debian:{major}")),
        "ubuntu" => Ok(format!("Ubuntu:{major}.{minor}")),
        "alpine" => Ok(format!("Alpine:v{major}.{minor}")),
        "almalinux" => Ok(format!("AlmaLinux:{major}")),
        "rocky" => Ok(format!("Rocky Linux:{major}")),
        "rhel" => Ok(format!("Red Hat:enterprise_linux:{major}")),
        "opensuse-leap" => Ok(format!("openSUSE:Leap {major}.{minor}")),
        id => Err(format!("it is not known here how flaws of {id} {} are listed", it.version)),
    }
}
