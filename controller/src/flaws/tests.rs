use super::*;
use expect_test::{Expect, expect};
use sidings_inventory::Kind;
use sidings_proto::flaws::IgnoredFlaw;

const TODAY: Date = jiff::civil::date(2026, 11, 23);

fn finding(severity: Severity, id: &str, package: &str) -> Finding {
    Finding {
        severity,
        score: None,
        id: id.to_owned(),
        aliases: vec![format!("ALIAS-{id}")],
        kind: Kind::Deb,
        package: package.to_owned(),
        version: "1.0".to_owned(),
        fixed: Some("1.1".to_owned()),
        summary: String::new(),
        layer: 1,
        line: Some(3),
        ignored_until: None,
    }
}

/// One critical and one high flaw.
fn audit() -> Audit {
    let findings = vec![finding(Severity::Critical, "CVE-1", "openssl"), finding(Severity::High, "CVE-2", "zlib")];
    Audit { findings, entries: 2, ..Audit::default() }
}

/// Limits as `warn, deny`, with one flaw ignored to some day.
fn limits(levels: [Option<FlawSeverity>; 2], ignored: Option<(&str, &str)>) -> FlawLimits {
    let entry = |(id, until): (&str, &str)| IgnoredFlaw {
        id: id.to_owned(),
        package: None,
        reason: "not reachable".to_owned(),
        until: until.to_owned(),
    };
    FlawLimits { warn: levels[0], deny: levels[1], ignore: ignored.map(entry).into_iter().collect() }
}

#[track_caller]
fn check(limits: &[FlawLimits], expected: Expect) {
    let FlawsJudged { denied, warnings } = judged(&audit(), limits, TODAY);
    let lines = denied.map(|why| format!("denied: {why}\n")).into_iter();
    expected.assert_eq(&lines.chain(warnings.into_iter().map(|it| format!("warning: {it}\n"))).collect::<String>());
}

use FlawSeverity::{Critical, High};

#[test]
fn an_image_is_refused_from_one_severity_on_and_told_of_from_another() {
    check(
        &[limits([Some(High), None], None)],
        expect![[r#"
            warning: the image has flaws that are high or worse: critical CVE-1 in openssl 1.0, line 3, fixed in 1.1; high CVE-2 in zlib 1.0, line 3, fixed in 1.1
        "#]],
    );
    check(
        &[limits([Some(High), Some(Critical)], None)],
        expect![[r#"
            denied: the policy (`flaws`) allows no critical flaws, and it has critical CVE-1 in openssl 1.0, line 3, fixed in 1.1
        "#]],
    );
    check(
        &[limits([Some(High), Some(Critical)], Some(("CVE-1", "2026-11-23")))],
        expect![[r#"
            warning: the image has flaws that are high or worse: high CVE-2 in zlib 1.0, line 3, fixed in 1.1
        "#]],
    );
}

#[test]
fn a_flaw_is_ignored_by_any_of_its_names_to_its_last_day() {
    check(&[limits([None, Some(Critical)], Some(("ALIAS-CVE-1", "2026-11-23")))], expect![]);
    check(
        &[limits([None, Some(Critical)], Some(("CVE-1", "2026-11-22")))],
        expect![[r#"
            denied: the policy (`flaws`) allows no critical flaws, and it has critical CVE-1 in openssl 1.0, line 3, fixed in 1.1
        "#]],
    );
}

#[test]
fn what_a_project_ignores_counts_for_its_own_policy_alone() {
    let (operator, project) =
        (limits([None, Some(Critical)], None), limits([None, Some(High)], Some(("CVE-1", "2027-01-01"))));
    check(
        &[operator, project.clone()],
        expect![[r#"
            denied: the policy (`flaws`) allows no critical flaws, and it has critical CVE-1 in openssl 1.0, line 3, fixed in 1.1
        "#]],
    );
    check(
        &[limits([Some(High), None], None), project],
        expect![[r#"
            denied: the policy (`flaws`) allows no flaws that are high or worse, and it has high CVE-2 in zlib 1.0, line 3, fixed in 1.1
            warning: the image has flaws that are high or worse: critical CVE-1 in openssl 1.0, line 3, fixed in 1.1; high CVE-2 in zlib 1.0, line 3, fixed in 1.1
        "#]],
    );
}

#[test]
fn what_could_not_be_looked_up_is_told() {
    let left = sidings_flaws::NotLooked {
        kind: Kind::Npm,
        why: "the dump has no entry of npm".to_owned(),
        packages: vec!["left-pad 1.3.0".to_owned()],
    };
    let audit = Audit { entries: 1, not_looked: vec![left], ..Audit::default() };
    let told = judged(&audit, &[limits([Some(High), None], None)], TODAY);
    let wanted = "1 package was not looked up for known flaws, the first because the dump has no entry of npm";
    assert_eq!((told.denied, told.warnings), (None, vec![wanted.to_owned()]));
}

#[test]
fn without_a_dump_a_fleet_uses_no_image_that_a_policy_would_refuse() {
    let denied = |limits: &[FlawLimits], fleet| without_dump(limits, fleet).denied.is_some();
    assert!(denied(&[limits([None, Some(High)], None)], true));
    assert!(!denied(&[limits([None, Some(High)], None)], false) && !denied(&[limits([Some(High), None], None)], true));
}
