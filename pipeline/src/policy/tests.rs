use super::*;
use expect_test::{Expect, expect};

/// All rules, each told of.
fn strict() -> Policy {
    Policy { levels: Rule::ALL.map(|(rule, ..)| (rule, Level::Warn)).into(), ..Policy::default() }
}

fn check(policy: &Policy, target: Option<&str>, text: &str, expected: Expect) {
    let found = policy.look_at(
        "Dockerfile",
        text,
        &BTreeSet::from([Build { target: target.map(str::to_owned), ..Build::default() }]),
        &Lock::default(),
    );
    let lines: Vec<String> =
        found.0.iter().map(|it| format!("{}: {}: {}\n", it.place.line, it.code.as_str(), it.message)).collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn what_is_wrong_with_a_usual_dockerfile_is_told_as_other_mistakes_are() {
    let text = "FROM debian\nENV API_TOKEN=abc\nRUN apt-get update && apt-get install -y git\nADD https://example.org/x.tar /x.tar\n";
    let found = Policy::default().look_at("Dockerfile", text, &BTreeSet::from([Build::default()]), &Lock::default());
    expect![[r#"
        warning[latest_tag]: the base image `debian` has no version
         --> Dockerfile:1:6
          |
        1 | FROM debian
          |      ^^^^^^ another image tomorrow, with nothing changed here
          |
          = help: name a version, such as `debian:1.2`

        warning[secret_in_image]: `ENV` `API_TOKEN` looks like a secret
         --> Dockerfile:2:5
          |
        2 | ENV API_TOKEN=abc
          |     ^^^^^^^^^^^^^ who has the image can read it
          |
          = help: name it under `build: { secrets: … }` and read it by `RUN --mount=type=secret,id=api_token`; steps get secrets by `from_secret`

        warning[package_cache]: `apt-get install` leaves its cache in the image
         --> Dockerfile:3:1
          |
        3 | RUN apt-get update && apt-get install -y git
          | ^^^ megabytes in a layer that nothing reads
          |
          = help: end the same `RUN` with `&& rm -rf /var/lib/apt/lists/*`

        warning[unchecked_download]: `https://example.org/x.tar` is added without a checksum
         --> Dockerfile:4:5
          |
        4 | ADD https://example.org/x.tar /x.tar
          |     ^^^^^^^^^^^^^^^^^^^^^^^^^ whatever the address gives on the day of the build
          |
          = help: write `ADD --checksum=sha256:… https://example.org/x.tar`
    "#]].assert_eq(&found.to_string());
}

#[test]
fn a_project_may_want_smaller_images_and_not_allow_larger_ones() {
    let policy = |text: &str| Policy::read("policy.yml", text).unwrap();
    let budget = |operator: &str, project: &str| {
        let ImageBudget { warn, deny } = policy(operator).tightened(&policy(project)).image_budget();
        (warn >> 20, deny.map(|bytes| bytes >> 20))
    };
    assert_eq!(budget("{}", "{}"), (1_500_000_000 >> 20, None));
    assert_eq!(budget("image_size: { warn: 3GiB, deny: 4GiB }", "{}"), (3072, Some(4096)));
    assert_eq!(
        budget("image_size: { warn: 3GiB, deny: 4GiB }", "image_size: { warn: 2GiB, deny: 5GiB }"),
        (2048, Some(4096))
    );
    assert_eq!(budget("{}", "image_size: { warn: 3GiB, deny: 2GiB }"), (1_500_000_000 >> 20, Some(2048)));
    let wrong = Policy::read("policy.yml", "image_size: { most: 1, deny: 4GB }").unwrap_err().to_string();
    assert!(wrong.contains("`image_size`") && wrong.contains("is not a size"), "{wrong}");
}

#[test]
fn stages_that_are_not_built_do_not_count_and_those_that_are_left_behind_may_hold_what_they_like() {
    let text = "\
FROM debian AS unused
FROM golang:1.22 AS build
RUN apt-get install -y gcc
COPY --from=busybox /bin/sh /sh
FROM debian:12@sha256:0123456789012345678901234567890123456789012345678901234567890123 AS final
COPY --from=build /x /x
USER app
";
    check(
        &strict(),
        None,
        text,
        expect![[r#"
        2: undigested_base: the base image `golang:1.22` has no digest
        4: latest_tag: the base image `busybox` has no version
        4: undigested_base: the base image `busybox` has no digest
    "#]],
    );
    check(
        &strict(),
        Some("build"),
        text,
        expect![[r#"
        2: undigested_base: the base image `golang:1.22` has no digest
        2: root_user: no `USER` is named, so that steps run as what the base image says, mostly root
        3: package_cache: `apt-get install` leaves its cache in the image
        3: unpinned_packages: no version is named of gcc
        3: build_tools: the image has tools to build with: gcc
        4: latest_tag: the base image `busybox` has no version
        4: undigested_base: the base image `busybox` has no digest
    "#]],
    );
}

#[test]
fn package_managers_are_asked_to_leave_nothing() {
    let text = "\
FROM debian:12
RUN apt-get update \\
    && apt-get install -y --no-install-recommends make=4.3-4.1 git \\
    && rm -rf /var/lib/apt/lists/*
RUN --mount=type=cache,target=/var/cache/apt apt-get -y install python3
RUN apk add curl; pip install -r requirements.txt
RUN <<EOF
dnf -y install cmake
EOF
RUN [\"pip\", \"install\", \"--no-cache-dir\", \"flask==3.0\", \"$more\"]
USER root
";
    check(
        &strict(),
        None,
        text,
        expect![[r#"
        1: undigested_base: the base image `debian:12` has no digest
        2: unpinned_packages: no version is named of git
        2: build_tools: the image has tools to build with: make=4.3-4.1
        5: unpinned_packages: no version is named of python3
        6: package_cache: `apk add` leaves its cache in the image
        6: unpinned_packages: no version is named of curl
        6: package_cache: `pip install` leaves its cache in the image
        7: package_cache: `dnf install` leaves its cache in the image
        7: build_tools: the image has tools to build with: cmake
        11: root_user: steps run as root
    "#]],
    );
}

#[test]
fn secrets_are_seen_by_their_names() {
    let text = "\
FROM debian:12
ARG NPM_TOKEN
ENV DB_PASSWORD=\"a b\" PORT=80 TOKEN_FILE=/run/x
ENV SECRET_KEY_BASE one two
ENV PASSWORD=
COPY .env id_rsa src/.aws/config app.key notes.txt /
COPY --from=0 .env /
";
    let policy = Policy { levels: [(Rule::SecretInImage, Level::Deny)].into(), ..Policy::default() };
    check(
        &policy,
        None,
        text,
        expect![[r#"
        2: secret_in_image: `ARG` `NPM_TOKEN` looks like a secret
        3: secret_in_image: `ENV` `DB_PASSWORD` looks like a secret
        4: secret_in_image: `ENV` `SECRET_KEY_BASE` looks like a secret
        6: secret_in_image: `.env` looks like a secret
        6: secret_in_image: `id_rsa` looks like a secret
        6: secret_in_image: `src/.aws/config` looks like a secret
        6: secret_in_image: `app.key` looks like a secret
        7: latest_tag: the base image `0` has no version
    "#]],
    );
}

#[test]
fn bases_come_from_where_they_may() {
    let text = "\
ARG VERSION=12
FROM debian:${VERSION}
COPY --from=registry.example.org/team/tool:1 /a /a
COPY --from=registry.example.org.evil.net/team/tool:1 /a /a
RUN --mount=type=bind,from=ghcr.io/other/tool,target=/t true
FROM $UNKNOWN AS unknown
FROM debian:${VERSION}
COPY --from=unknown /a /a
COPY --from=0 /a /a
";
    let registries = Some(["docker.io/library", "registry.example.org/team"].map(str::to_owned).to_vec());
    check(
        &Policy { registries, ..Policy::default() },
        None,
        text,
        expect![[r#"
            4: foreign_registry: the base image `registry.example.org.evil.net/team/tool:1` is from a registry that the policy does not name
            5: latest_tag: the base image `ghcr.io/other/tool` has no version
            5: foreign_registry: the base image `ghcr.io/other/tool` is from a registry that the policy does not name
            6: foreign_registry: which image `$UNKNOWN` is cannot be told from the file
        "#]],
    );
}

#[test]
fn what_a_build_is_given_counts() {
    let text = "# syntax=docker/dockerfile:1\nARG BASE=debian:12\nFROM $BASE\n";
    let policy = Policy { registries: Some(vec!["docker.io/library/debian".to_owned()]), ..Policy::default() };
    let given = |args: &[(&str, &str)]| {
        let args = args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let builds = BTreeSet::from([Build { target: None, args }]);
        policy
            .look_at("Dockerfile", text, &builds, &Lock::default())
            .0
            .into_iter()
            .map(|it| it.message)
            .collect::<Vec<_>>()
    };
    assert_eq!(given(&[]), [""; 0]);
    let foreign = "the base image `evil.net/debian:12` is from a registry that the policy does not name";
    assert_eq!(given(&[("BASE", "evil.net/debian:12")]), [foreign]);
    let frontend = "the frontend `evil.net/frontend` may begin from any image";
    assert_eq!(given(&[("BUILDKIT_SYNTAX", "evil.net/frontend")]), [frontend]);
}

#[test]
fn a_project_is_only_ever_stricter() {
    let read = |text: &str| Policy::read("policy.yml", text).unwrap();
    let operator = read("rules: { latest_tag: deny, package_cache: allow }\nregistries: [docker.io, ghcr.io/team]\n");
    let project = read(
        "rules: { latest_tag: allow, root_user: deny, package_cache: warn }\nregistries: [docker.io/library, quay.io]\n",
    );
    let both = operator.tightened(&project);
    let levels =
        [Rule::LatestTag, Rule::RootUser, Rule::PackageCache, Rule::SecretInImage].map(|rule| both.level(rule));
    assert_eq!(levels, [Level::Deny, Level::Deny, Level::Warn, Level::Warn]);
    assert_eq!(both.registries.as_deref(), Some(["docker.io/library".to_owned()].as_slice()));
    assert_eq!(operator.tightened(&Policy::default()), operator);
}

#[test]
fn a_wrong_policy_says_what_is_wrong() {
    let text = "rules:\n  latest: deny\n  root_user: forbid\n  build_tools: denny\nregistry: docker.io\n";
    let found = Policy::read("policy.yml", text).unwrap_err();
    expect![[r#"
        error[unknown_key]: `latest` is not a key of a rule
         --> policy.yml:2:3
          |
        2 |   latest: deny
          |   ^^^^^^
          |
          = help: a rule has `latest_tag`, `undigested_base`, `foreign_registry`, `root_user`, `package_cache`, `build_tools`, `secret_in_image`, `unchecked_download` and `unpinned_packages`

        error[bad_value]: `forbid` is no level of a rule
         --> policy.yml:3:14
          |
        3 |   root_user: forbid
          |              ^^^^^^
          |
          = help: write `allow`, `warn` or `deny`

        error[bad_value]: `denny` is no level of a rule
         --> policy.yml:4:16
          |
        4 |   build_tools: denny
          |                ^^^^^
          |
          = help: did you mean `deny`?

        error[unknown_key]: `registry` is not a key of a policy
         --> policy.yml:5:1
          |
        5 | registry: docker.io
          | ^^^^^^^^
          |
          = help: a policy has `rules`, `registries`, `image_size` and `flaws`

        4 errors in policy.yml
    "#]].assert_eq(&found.to_string());
    assert_eq!(Policy::read("policy.yml", "").unwrap(), Policy::default());
}

#[test]
fn a_base_that_is_locked_is_one_image_whatever_its_tag() {
    let text = "ARG V=12\nFROM debian:${V}\nCOPY --from=busybox /bin/sh /sh\nUSER app\n";
    let digest = format!("sha256:{}", "0".repeat(64));
    let lock = |names: &[&str]| Lock { digests: names.iter().map(|&name| (name.to_owned(), digest.clone())).collect() };
    let builds = BTreeSet::from([Build::default()]);
    let found = |lock: Lock| strict().look_at("Dockerfile", text, &builds, &lock).0.into_iter().map(|it| it.code);
    assert_eq!(found(lock(&["debian:12", "busybox"])).count(), 0);
    let left: Vec<Code> = found(lock(&["busybox", "debian:11"])).collect();
    assert_eq!(left, [Code::UndigestedBase]);
}

#[test]
fn what_is_said_of_flaws_is_read_with_its_exceptions_each_for_itself() {
    let operator = Policy::read("p.yml", "flaws: { warn: high, deny: critical }\n").unwrap();
    let project = "flaws:\n  deny: high\n  ignore:\n    - { id: CVE-2024-1, package: libssl3, reason: not reachable, until: 2027-01-31 }\n";
    let project = Policy::read("p.yml", project).unwrap();
    let both = operator.tightened(&project);
    assert_eq!(both.flaw_limits().len(), 2);
    assert_eq!(both.flaw_limits()[0], operator.flaw_limits()[0]);
    assert_eq!(both.flaw_limits()[1].ignore[0].until, "2027-01-31");

    let wrong = "flaws:\n  warn: severe\n  deny: hihg\n  ignore:\n    - { id: CVE-1, until: soon }\n    - { id: CVE-2, reason: none, until: 2027-01-31, for: ever }\n  severity: low\n";
    let found = Policy::read("policy.yml", wrong).unwrap_err();
    expect![[r#"
        error[bad_value]: `severe` is no severity
         --> policy.yml:2:9
          |
        2 |   warn: severe
          |         ^^^^^^
          |
          = help: write `low`, `medium`, `high` or `critical`

        error[bad_value]: `hihg` is no severity
         --> policy.yml:3:9
          |
        3 |   deny: hihg
          |         ^^^^
          |
          = help: did you mean `high`?

        error[missing_key]: this entry has no `reason`
         --> policy.yml:5:7
          |
        5 |     - { id: CVE-1, until: soon }
          |       ^^^^^^^^^^^^^^^^^^^^^^^^^^
          |
          = help: add `reason:` with why one can live with it

        error[bad_value]: `soon` is no day
         --> policy.yml:5:27
          |
        5 |     - { id: CVE-1, until: soon }
          |                           ^^^^ a day, such as `2026-11-22`

        error[unknown_key]: `for` is not a key of an ignored flaw
         --> policy.yml:6:53
          |
        6 |     - { id: CVE-2, reason: none, until: 2027-01-31, for: ever }
          |                                                     ^^^
          |
          = help: an ignored flaw has `id`, `package`, `reason` and `until`

        error[unknown_key]: `severity` is not a key of `flaws`
         --> policy.yml:7:3
          |
        7 |   severity: low
          |   ^^^^^^^^
          |
          = help: `flaws` has `warn`, `deny` and `ignore`

        6 errors in policy.yml
    "#]]
    .assert_eq(&found.to_string());
}
