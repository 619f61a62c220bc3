use super::wanted::of_mentions;
use super::*;

const ONE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const TWO: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

fn wanted(references: &[&str]) -> BTreeMap<String, Wanted> {
    try_wanted(references).unwrap()
}

fn try_wanted(references: &[&str]) -> anyhow::Result<BTreeMap<String, Wanted>> {
    let at = |(line, reference): (usize, &&str)| ((*reference).to_owned(), format!("Dockerfile:{}", line + 1));
    of_mentions(&references.iter().enumerate().map(at).collect::<Vec<_>>())
}

fn locked(entries: &[(&str, &str)]) -> Lock {
    Lock { digests: entries.iter().map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned())).collect() }
}

#[test]
fn a_digest_that_nobody_asks_for_stays() {
    let (wanted, before) = (wanted(&["a:1", "b:1"]), locked(&[("a:1", ONE), ("gone:1", ONE)]));
    assert_eq!(asked(&wanted, &before, None).unwrap(), BTreeSet::from(["b:1".to_owned()]));
    let after = after(&wanted, &before, BTreeMap::from([("b:1".to_owned(), TWO.to_owned())]));
    assert_eq!(after, locked(&[("a:1", ONE), ("b:1", TWO)]));
    assert_eq!(told(&before, &after), format!("+ b:1  {TWO}\n- gone:1\n.sidings.lock: 2 images\n"));
}

#[test]
fn an_update_is_of_all_or_of_those_that_are_named() {
    let (wanted, before) = (wanted(&["a:1", "b:1", "c:1"]), locked(&[("a:1", ONE), ("b:1", ONE)]));
    let names = |update: &[&str]| {
        let update: Vec<String> = update.iter().map(|name| (*name).to_owned()).collect();
        asked(&wanted, &before, Some(&update)).map(|names| names.into_iter().collect::<Vec<_>>().join(" "))
    };
    assert_eq!(names(&[]).unwrap(), "a:1 b:1 c:1");
    assert_eq!(names(&["a:1"]).unwrap(), "a:1 c:1");
    let error = names(&["d:1"]).unwrap_err();
    assert!(error.to_string().ends_with("names \"d:1\" without a digest: a:1, b:1, c:1"), "{error}");
    assert_eq!(crate::exit::exit_of(&error), Exit::Usage);
}

#[test]
fn what_a_registry_does_not_tell_is_not_lost() {
    let (wanted, before) = (wanted(&["a:1", "b:1"]), locked(&[("a:1", ONE)]));
    let after = after(&wanted, &before, BTreeMap::new());
    assert_eq!(after, before);
    let gone = Unresolved::NotThere("manifest unknown".to_owned());
    assert_eq!(tell_refused(&[("b:1".to_owned(), gone)], &wanted, &after), Exit::Failed);
    assert_eq!(tell_refused(&[], &wanted, &after), Exit::Passed);
}

#[test]
fn a_name_means_one_image_however_often_it_is_written() {
    let pinned = format!("a:1@{ONE}");
    assert_eq!(wanted(&[&pinned]), BTreeMap::new(), "there is nothing to lock");
    let both = wanted(&["a:1", &pinned]);
    assert_eq!(both["a:1"].written.as_deref(), Some(ONE));
    assert_eq!(asked(&both, &locked(&[("a:1", TWO)]), None).unwrap().len(), 1);
    assert_eq!(asked(&both, &locked(&[("a:1", ONE)]), None).unwrap().len(), 0);
    let error = try_wanted(&["a:1", &pinned, &format!("a:1@{TWO}")]).unwrap_err();
    assert!(error.to_string().starts_with("Dockerfile:1: a:1 stands here without a digest"), "{error}");
}

#[test]
fn a_check_finds_what_is_missing_superfluous_or_contradicted() {
    let wanted = wanted(&["a:1", "b:1", "c:1", &format!("c:1@{ONE}")]);
    let lock = locked(&[("b:1", ONE), ("c:1", TWO), ("d:1", ONE)]);
    let found = findings(&wanted, &lock);
    let expected = [
        "Dockerfile:1: a:1 is not locked".to_owned(),
        format!("Dockerfile:3: c:1 is written with {ONE}, and locked to {TWO}"),
        "d:1 is locked, and nothing names it".to_owned(),
    ];
    assert_eq!(found, expected);
    assert_eq!(check(&wanted, Some(&lock)).unwrap(), Exit::Failed);
    assert_eq!(check(&wanted, None).unwrap(), Exit::Failed);
    let whole = locked(&[("a:1", ONE), ("b:1", ONE), ("c:1", ONE)]);
    assert_eq!(check(&wanted, Some(&whole)).unwrap(), Exit::Passed);
}
