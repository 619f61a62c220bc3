//! Names that are like one that nobody has.

use std::collections::BTreeSet;

/// Names that are proposed.
const MEANT: usize = 3;
/// How like a name must be, from 0 to 1.
const LIKE: f64 = 0.6;

/// What is wrong, and what may have been meant.
pub(crate) fn meant(wrong: String, written: &str, names: &BTreeSet<String>) -> String {
    match near(written, names).as_slice() {
        [] => wrong,
        some => format!("{wrong}: did you mean {}?", some.join(" or ")),
    }
}

/// The likest first.
fn near<'n>(written: &str, names: &'n BTreeSet<String>) -> Vec<&'n str> {
    let like = |name: &str| strsim::normalized_levenshtein(written, name).max(strsim::jaro(written, name) - 0.1);
    let mut alike: Vec<(f64, &str)> = names.iter().map(|name| (like(name), name.as_str())).collect();
    alike.retain(|(like, name)| *like >= LIKE || name.contains(written));
    alike.sort_by(|one, other| other.0.total_cmp(&one.0));
    alike.into_iter().take(MEANT).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_near_are_proposed_and_no_others() {
        let names: BTreeSet<String> = ["test_delay", "test_rush_hour", "checks"].map(str::to_owned).into();
        let told = |written| meant("no".to_owned(), written, &names);
        assert_eq!(told("test_dela"), "no: did you mean test_delay?");
        assert_eq!(told("rush"), "no: did you mean test_rush_hour?");
        assert_eq!(told("zzz"), "no");
    }
}
