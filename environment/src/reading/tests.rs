use super::*;
use crate::account::{Form, Input, Kind};
use crate::ignore::Patterns;
use proptest::prelude::*;
use std::fs;

fn order(text: &str, target: Option<&str>, args: &[(&str, &str)]) -> Order {
    Order {
        dockerfile: "Dockerfile".to_owned(),
        text: text.to_owned(),
        target: target.map(str::to_owned),
        args: args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        epoch: Some(1_700_000_000),
        platform: "linux/arm64".to_owned(),
        period: None,
    }
}

fn account(order: Order, bases: &[(&str, &str)]) -> Account {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("a"), "").unwrap();
    let listing = Listing::of_folder(root.path(), &Patterns::default()).unwrap();
    let base = |(name, id): &(&str, &str)| ((*name).to_owned(), Base { id: (*id).to_owned(), ..Base::default() });
    let bases = bases.iter().map(base).collect();
    let reading = Reading::new(order).unwrap();
    let account = reading.account(&listing, &bases, &Contents::default()).unwrap();
    assert_eq!(reading.weigh(&listing, &bases, &Contents::default()).unwrap().key, account.key);
    account
}

fn bases(text: &str, target: Option<&str>, args: &[(&str, &str)]) -> Vec<String> {
    Reading::new(order(text, target, args)).unwrap().bases().into_iter().collect()
}

#[track_caller]
fn check_bases(text: &str, target: Option<&str>, args: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(bases(text, target, args), expected, "{text}");
}

const STAGES: &str = "FROM golang:1.22 AS build\nRUN make\n\
    FROM node:20 AS pages\nRUN build\n\
    FROM debian:12\nCOPY --from=build /a /a\nCOPY --from=busybox:1 /bin/sh /sh\n";

#[test]
fn bases_are_those_of_the_stages_that_the_target_needs() {
    check_bases("FROM debian:12\n", None, &[], &["debian:12"]);
    check_bases(STAGES, None, &[], &["busybox:1", "debian:12", "golang:1.22"]);
    check_bases(STAGES, Some("pages"), &[], &["node:20"]);
    check_bases(STAGES, Some("BUILD"), &[], &["golang:1.22"]);
    check_bases(STAGES, Some("1"), &[], &["node:20"]);
    check_bases("FROM a:1 AS x\nFROM x\nCOPY --from=0 /a /a\n", None, &[], &["a:1"]);
    check_bases("FROM scratch\nCOPY a /\n", None, &[], &[]);
    check_bases("FROM --platform=$BUILDPLATFORM a:1\n", None, &[], &["a:1"]);
    check_bases("FROM a:1\nRUN --mount=type=bind,from=b:2,target=/b true\n", None, &[], &["a:1", "b:2"]);
    check_bases("FROM a:1\nRUN --mount=type=cache,from=b:2,target=/b true\n", None, &[], &["a:1", "b:2"]);
}

#[test]
fn arguments_before_the_first_stage_are_filled_in() {
    check_bases("ARG V=12\nFROM debian:$V\n", None, &[], &["debian:12"]);
    check_bases("ARG V=12\nFROM debian:${V}-slim\n", None, &[("V", "13")], &["debian:13-slim"]);
    check_bases("ARG V\nFROM debian:${V:-11}\n", None, &[], &["debian:11"]);
    check_bases("ARG S=1\nFROM debian:12${S:+-slim}\n", None, &[], &["debian:12-slim"]);
    check_bases("ARG B=debian\nARG I=\"${B}:12\"\nFROM ${I}\n", None, &[("B", "ubuntu")], &["ubuntu:12"]);
    check_bases("FROM tools-${TARGETARCH}:1\n", None, &[], &["tools-arm64:1"]);
    check_bases("ARG STAGE=build\nFROM golang:1 AS build\nFROM $STAGE\n", None, &[], &["golang:1"]);
}

#[test]
fn a_target_that_is_missing_names_those_there_are() {
    let error = Reading::new(order(STAGES, Some("ghost"), &[])).unwrap_err();
    assert_eq!(error.to_string(), "Dockerfile: there is no stage \"ghost\" to build (known: build, pages)");
}

#[test]
fn a_base_counts_by_what_it_is() {
    let key = |bases: &[(&str, &str)]| account(order("FROM debian:12\n", None, &[]), bases).key;
    assert_eq!(key(&[("debian:12", "sha256:1")]), key(&[("debian:12", "sha256:1"), ("other:1", "x")]));
    assert_ne!(key(&[("debian:12", "sha256:1")]), key(&[("debian:12", "sha256:2")]));
    assert_ne!(key(&[("debian:12", "sha256:1")]), key(&[]));
}

#[test]
fn the_platform_counts() {
    let other = Order { platform: "linux/amd64".to_owned(), ..order("FROM a:1\n", None, &[]) };
    assert_ne!(account(order("FROM a:1\n", None, &[]), &[]).key, account(other, &[]).key);
}

#[test]
fn the_commits_time_counts_only_where_it_is_looked_at() {
    let at = |text: &str, epoch: u64| account(Order { epoch: Some(epoch), ..order(text, None, &[]) }, &[]).key;
    assert_eq!(at("FROM a:1\n", 1), at("FROM a:1\n", 2));
    let looking = "FROM a:1\nARG SOURCE_DATE_EPOCH\n";
    assert_ne!(at(looking, 1), at(looking, 2));
    let aside = "FROM a:1 AS x\nARG SOURCE_DATE_EPOCH\nFROM b:1\n";
    assert_eq!(at(aside, 1), at(aside, 2));
    let unreadable = "FRM a:1\nARG SOURCE_DATE_EPOCH\n";
    assert_ne!(at(unreadable, 1), at(unreadable, 2));
}

#[test]
fn arguments_for_the_builder_itself_count_without_being_taken_up() {
    let key = |args: &[(&str, &str)]| account(order("FROM a:1\n", None, args), &[]).key;
    assert_eq!(key(&[]), key(&[("OTHER", "1")]));
    assert_ne!(key(&[]), key(&[("BUILDKIT_SANDBOX_HOSTNAME", "x")]));
    assert_ne!(key(&[]), key(&[("SOURCE_DATE_EPOCH", "1")]));
}

fn unpinned(text: &str) -> Vec<(Option<usize>, String)> {
    let found = account(order(text, None, &[]), &[("a:1", "x")]).unpinned;
    found.into_iter().map(|unpinned| (unpinned.line, unpinned.what)).collect()
}

#[test]
fn what_the_network_gives_is_told() {
    let told = |line, what: &str| vec![(Some(line), what.to_owned())];
    assert_eq!(unpinned("FROM b:1\n"), told(1, "which image b:1 is, and its ONBUILD"));
    let packages = told(2, "the versions of packages of apt");
    assert_eq!(unpinned("FROM a:1\nRUN apt-get update && apt-get -y install \\\n  git\n"), packages);
    assert_eq!(unpinned("FROM a:1\nRUN apt-get install git=1:2.39\n"), vec![]);
    assert_eq!(unpinned("FROM a:1\nRUN pip install -r requirements.txt\n"), vec![]);
    assert_eq!(unpinned("FROM a:1\nRUN curl -O https://x/y\n"), told(2, "the content of what curl fetches"));
    assert_eq!(unpinned("FROM a:1\nRUN curl -O https://x/y && sha256sum -c y.sum\n"), vec![]);
    assert_eq!(unpinned("FROM a:1\nADD https://x/y /\n"), told(2, "what https://x/y gives"));
    assert_eq!(unpinned("FROM a:1\nADD --checksum=sha256:1 https://x/y /\n"), vec![]);
    assert_eq!(unpinned("FROM a:1\nADD https://x/y.git#main /\n"), told(2, "what https://x/y.git#main gives"));
    assert_eq!(unpinned(&format!("FROM a:1\nADD https://x/y.git#{} /\n", "ab".repeat(20))), vec![]);
    assert_eq!(unpinned("FROM a:1 AS x\nRUN curl y\nFROM a:1\n"), vec![], "a stage that is not reached");
}

#[test]
fn each_input_names_the_line_that_makes_it_count() {
    let text = "# what this is\nARG V=1\nFROM a:1\nARG V\nCOPY a /\n";
    let account = account(order(text, None, &[]), &[("a:1", "id")]);
    let shown =
        |input: &Input| format!("{:?} {} {} {}", input.line, input.kind.as_str(), input.name, input.value.shown());
    let empty = blake3::hash(b"").to_hex().to_string();
    let expected = [
        "None platform  linux/arm64".to_owned(),
        "Some(3) stage 0 image a:1".to_owned(),
        "Some(4) instruction 0 ARG V".to_owned(),
        "Some(4) argument V =1".to_owned(),
        "Some(5) instruction 0 COPY a /".to_owned(),
        "Some(3) target  0".to_owned(),
        "Some(3) base a:1 id".to_owned(),
        format!("Some(5) file a {empty}"),
    ];
    assert_eq!(account.inputs.iter().map(shown).collect::<Vec<_>>(), expected);
}

#[test]
fn parts_cannot_be_moved_from_one_input_to_the_next() {
    let key = |name: &str, value: &str| {
        let mut form = Form::new();
        form.put(Kind::Argument, name.as_bytes(), value.as_bytes());
        form.finish()
    };
    assert_ne!(key("A", "B=c"), key("AB", "=c"));
}

/// Files by their number, some in folders.
fn path(number: u8) -> String {
    format!("{}{}", ["", "src/", "src/deep/", "docs/"][usize::from(number % 4)], number / 4)
}

fn key_of(text: &str, files: &BTreeMap<String, String>) -> Account {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let listing = Listing::of_folder(root.path(), &Patterns::default()).unwrap();
    Reading::new(order(text, None, &[])).unwrap().account(&listing, &BTreeMap::new(), &Contents::default()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// A file that is no input may be changed or made; one that is may not.
    #[test]
    fn the_key_changes_with_the_files_that_are_its_inputs_and_no_others(
        sources in prop::collection::vec(prop::sample::select(vec!["src", "src/deep", "docs/*", "*", "0", "src/?", "[0-3]"]), 1..3),
        numbers in prop::collection::btree_set(0..40u8, 1..12),
        touched in 0..40u8,
    ) {
        let text = format!("FROM scratch\nCOPY {} /to/\n", sources.join(" "));
        let mut files: BTreeMap<String, String> = numbers.iter().map(|n| (path(*n), "one".to_owned())).collect();
        let before = key_of(&text, &files);
        files.insert(path(touched), "two".to_owned());
        let after = key_of(&text, &files);
        let counts = after.inputs.iter().any(|input| input.kind == Kind::File && input.name == path(touched));
        // A folder that appears with its first file may count by itself.
        let inputs = |account: &Account| account.inputs.iter().map(|input| (input.kind, input.name.clone())).collect::<Vec<_>>();
        if counts {
            prop_assert_ne!(before.key, after.key);
        } else if inputs(&before) == inputs(&after) {
            prop_assert_eq!(before.key, after.key);
        } else {
            prop_assert!(inputs(&after).iter().any(|(kind, _)| *kind == Kind::Folder));
        }
    }

    /// Whatever text there is, it is read or widens.
    #[test]
    fn no_text_is_too_strange(text in "(FROM|COPY|RUN|ARG|ENV|ADD|ONBUILD|#| |\\$|\\{|\\}|<<|\"|'|\\\\|=|,|--mount=|--from=|a|[0-9]|\n){0,40}") {
        if let Ok(reading) = Reading::new(order(&text, None, &[])) {
            let root = tempfile::tempdir().unwrap();
            let listing = Listing::of_folder(root.path(), &Patterns::default()).unwrap();
            reading.account(&listing, &BTreeMap::new(), &Contents::default()).unwrap();
        }
    }
}

#[test]
fn a_key_holds_for_a_period_where_one_is_asked_for() {
    let at = |period| account(Order { period, ..order("FROM a:1\n", None, &[]) }, &[("a:1", "1")]).key;
    let week = |day: i64| Some(Period::at(sidings_proto::Timestamp(day * 86_400_000), 7 * 86_400_000));
    assert_eq!(at(week(7)), at(week(13)));
    assert_ne!(at(week(13)), at(week(14)));
    assert_ne!(at(week(7)), at(None));
}
