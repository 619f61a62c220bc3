use super::*;
use sidings_proto::compared::SeenImage;
use sidings_proto::{JobSpec, Stage, Step};

fn used(reference: &str, key: Option<&str>) -> ImageUse {
    ImageUse { reference: reference.to_owned(), key: key.map(str::to_owned), ..ImageUse::default() }
}

fn job(environments: Vec<Environment>) -> PlannedJob {
    let steps = environments.into_iter().map(|image| Step { image, ..Step::default() }).collect();
    let spec = JobSpec { stages: vec![Stage { steps, ..Stage::default() }], ..JobSpec::default() };
    PlannedJob { spec, ..PlannedJob::default() }
}

fn built(context: &str, args: &[(&str, &str)]) -> Environment {
    Environment::Build {
        context: context.to_owned(),
        dockerfile: "ci/Dockerfile".to_owned(),
        target: None,
        args: args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        secrets: BTreeMap::new(),
        refresh_ms: None,
    }
}

fn image(key: Option<(&str, &str)>) -> ComparedImage {
    let seen = |key: Option<&str>| SeenImage {
        reference: "debian:12".to_owned(),
        key: key.map(str::to_owned),
        digest: "sha256:1".to_owned(),
    };
    let (before, now) = key.unzip();
    ComparedImage { now: seen(now), before: Some(seen(before)), causes: Vec::new(), packages: None }
}

fn digests(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter().map(|(reference, digest)| ((*reference).to_owned(), (*digest).to_owned())).collect()
}

#[test]
fn images_of_the_same_repository_are_a_pair_and_those_that_are_built_too() {
    let now = [used("debian:13", None), used("sidings/web:bb", Some("bb")), used("host:5000/a/redis:8", None)];
    let before =
        [used("sidings/web:aa", Some("aa")), used("debian:12", None), used("host:5000/a/redis@sha256:1", None)];
    let pairs: Vec<_> = in_pairs(&now, &before).into_iter().map(|(_, it)| it.map(|it| it.reference.as_str())).collect();
    assert_eq!(pairs, [Some("debian:12"), Some("sidings/web:aa"), Some("host:5000/a/redis@sha256:1")]);
    assert_eq!(in_pairs(&now, &[])[0].1, None);
}

#[test]
fn arguments_places_and_bases_are_told() {
    let (was, is) =
        (job(vec![built(".", &[("A", "1"), ("B", "1")])]), job(vec![built("app", &[("A", "2"), ("C", "")])]));
    let (before, now) =
        (digests(&[("debian:12", "sha256:1"), ("x:1", "sha256:5")]), digests(&[("debian:12", "sha256:2")]));
    let (before, now) = (Side { planned: &was, digests: &before }, Side { planned: &is, digests: &now });
    let told = serde_json::to_value(causes(&image(Some(("aa", "bb"))), &before, &now)).unwrap();
    assert_eq!(
        told,
        serde_json::json!([
            {"kind": "place", "before": "ci/Dockerfile in .", "now": "ci/Dockerfile in app"},
            {"kind": "argument", "name": "A", "before": "1", "now": "2"},
            {"kind": "argument", "name": "B", "before": "1", "now": null},
            {"kind": "argument", "name": "C", "before": null, "now": ""},
            {"kind": "digest", "reference": "debian:12", "before": "sha256:1", "now": "sha256:2"},
        ])
    );
}

#[test]
fn of_a_job_with_several_builds_nothing_is_guessed() {
    let (was, is) =
        (job(vec![built(".", &[("A", "1")]), built("x", &[])]), job(vec![built(".", &[]), built("x", &[])]));
    let none = digests(&[]);
    let (before, now) = (Side { planned: &was, digests: &none }, Side { planned: &is, digests: &none });
    assert_eq!(causes(&image(Some(("aa", "bb"))), &before, &now), []);
}

#[test]
fn the_commits_tell_of_the_dockerfile_and_of_files_below_the_context() {
    let paths = ["ci/Dockerfile", "app/a.py", "application/b.py", "README.md"].map(str::to_owned);
    let told = |context: &str, key, paths: Option<&[String]>| {
        let mut image = image(key);
        add_paths(&mut image, &job(vec![built(context, &[])]), paths);
        image.causes
    };
    let dockerfile = EnvironmentCause::Dockerfile { path: "ci/Dockerfile".to_owned() };
    let context = |paths: &[&str]| {
        let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
        EnvironmentCause::Context { count: paths.len() as u64, paths }
    };
    let keys = Some(("aa", "bb"));
    assert_eq!(told("app", keys, Some(&paths)), [dockerfile.clone(), context(&["app/a.py"])]);
    let all = context(&["app/a.py", "application/b.py", "README.md"]);
    assert_eq!(told(".", keys, Some(&paths)), [dockerfile, all]);
    assert_eq!(told(".", keys, None), []);
    assert_eq!(told(".", None, Some(&paths)), [], "one by name is made of no files");
}
