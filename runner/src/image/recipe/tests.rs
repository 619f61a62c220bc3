use super::*;
use sidings_proto::Timestamp;

fn order(target: Option<&str>, args: &[(&str, &str)]) -> Order {
    Order {
        root: "/".into(),
        context: ".".into(),
        dockerfile: "Dockerfile".into(),
        target: target.map(str::to_owned),
        args: args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        platform: "linux/arm64".into(),
        commit_time: Timestamp(0),
    }
}

fn bases(source: &str, target: Option<&str>, args: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let recipe = Recipe::read(source, "Dockerfile", &order(target, args)).unwrap();
    (recipe.bases.into_iter().collect(), recipe.unknown_bases.into_iter().collect())
}

#[track_caller]
fn check(source: &str, target: Option<&str>, args: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(bases(source, target, args), (expected.iter().map(|it| (*it).to_owned()).collect(), vec![]), "{source}");
}

const STAGES: &str = "FROM golang:1.22 AS build\nRUN make\n\
    FROM node:20 AS pages\nRUN build\n\
    FROM debian:12\nCOPY --from=build /a /a\nCOPY --from=busybox:1 /bin/sh /sh\n";

#[test]
fn bases_are_those_of_the_stages_that_the_target_needs() {
    check("FROM debian:12\n", None, &[], &["debian:12"]);
    check(STAGES, None, &[], &["busybox:1", "debian:12", "golang:1.22"]);
    check(STAGES, Some("pages"), &[], &["node:20"]);
    check(STAGES, Some("BUILD"), &[], &["golang:1.22"]);
    check(STAGES, Some("1"), &[], &["node:20"]);
    check("FROM a:1 AS x\nFROM x\nCOPY --from=0 /a /a\n", None, &[], &["a:1"]);
    check("FROM scratch\nCOPY a /\n", None, &[], &[]);
    check("FROM --platform=$BUILDPLATFORM a:1\n", None, &[], &["a:1"]);
    check("FROM a:1\nRUN --mount=type=bind,from=b:2,target=/b true\n", None, &[], &["a:1", "b:2"]);
}

#[test]
fn arguments_before_the_first_stage_are_filled_in() {
    check("ARG V=12\nFROM debian:$V\n", None, &[], &["debian:12"]);
    check("ARG V=12\nFROM debian:${V}-slim\n", None, &[("V", "13")], &["debian:13-slim"]);
    check("ARG V\nFROM debian:${V:-11}\n", None, &[], &["debian:11"]);
    check("ARG S=1\nFROM debian:12${S:+-slim}\n", None, &[], &["debian:12-slim"]);
    check("ARG B=debian\nARG I=\"${B}:12\"\nFROM ${I}\n", None, &[("B", "ubuntu")], &["ubuntu:12"]);
    check("FROM tools-${TARGETARCH}:1\n", None, &[], &["tools-arm64:1"]);
    check("ARG STAGE=build\nFROM golang:1 AS build\nFROM $STAGE\n", None, &[], &["golang:1"]);
}

#[test]
fn a_base_without_a_value_is_told() {
    assert_eq!(bases("ARG V\nFROM debian:$V\n", None, &[]), (vec![], vec!["debian:$V".to_owned()]));
}

#[test]
fn a_target_that_is_missing_names_those_there_are() {
    let error = Recipe::read(STAGES, "Dockerfile", &order(Some("ghost"), &[])).unwrap_err();
    assert_eq!(error, "Dockerfile: there is no stage \"ghost\" to build (known: build, pages)");
}

#[test]
fn the_file_is_copied_into_the_last_stage() {
    let recipe = Recipe::read("FROM a:1\nRUN x", "docker/Dockerfile", &order(None, &[])).unwrap();
    let added = "# Added by Sidings:\nCOPY [\"docker/Dockerfile\", \"/usr/share/sidings/Dockerfile\"]\n";
    assert_eq!((recipe.text, recipe.target), (format!("FROM a:1\nRUN x\n{added}"), None));
    assert_eq!(recipe.final_base.as_deref(), Some("a:1"));
}

#[test]
fn an_earlier_target_gets_a_stage_behind_it() {
    let recipe = Recipe::read(STAGES, "Dockerfile", &order(Some("build"), &[])).unwrap();
    assert!(
        recipe
            .text
            .ends_with("FROM build AS sidings-image\nCOPY [\"Dockerfile\", \"/usr/share/sidings/Dockerfile\"]\n")
    );
    assert_eq!((recipe.target.as_deref(), recipe.final_base.as_deref()), (Some("sidings-image"), Some("golang:1.22")));
}

#[test]
fn a_file_that_nothing_can_be_added_to_stays_as_it_is() {
    for (source, target) in
        [("FROM a:1\nRUN x \\", None), ("FRM a:1\n", None), ("", None), ("FROM a:1\nFROM b:2\n", Some("0"))]
    {
        let recipe = Recipe::read(source, "Dockerfile", &order(target, &[])).unwrap();
        assert_eq!((recipe.text.as_str(), recipe.target.as_deref()), (source, target));
    }
    let recipe = Recipe::read("FROM a:1\n", "odd[1]/Dockerfile", &order(None, &[])).unwrap();
    assert_eq!(recipe.text, "FROM a:1\n");
}
