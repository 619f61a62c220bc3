//! What people see, from audits that are written here.

use super::*;
use expect_test::{Expect, expect};
use sidings_flaws::{BadFile, Ignored};
use sidings_inventory::Kind;

fn finding(severity: Severity, score: Option<f64>, id: &str, fixed: Option<&str>) -> Finding {
    Finding {
        severity,
        score,
        id: id.to_owned(),
        aliases: Vec::new(),
        kind: Kind::Deb,
        package: "libssl3\u{1b}[2J".to_owned(),
        version: "3.0.15-1".to_owned(),
        fixed: fixed.map(str::to_owned),
        summary: "a flaw".to_owned(),
        layer: 2,
        line: fixed.map(|_| 3),
        ignored_until: None,
    }
}

fn seen(audit: &Audit, expected: Expect) {
    expected.assert_eq(&anstream::adapter::strip_str(&listed(audit)).to_string());
}

fn audit() -> Audit {
    let mut over = finding(Severity::Unknown, None, "X-1", None);
    over.ignored_until = Some("2026-01-01".to_owned());
    over.summary = "long ".repeat(20);
    let ignored = Ignored {
        id: "CVE-2".to_owned(),
        package: "a".to_owned(),
        version: "1".to_owned(),
        reason: "not reachable".to_owned(),
        until: "2027-01-01".to_owned(),
    };
    let packages = (1..9).map(|number| format!("p{number} 1.0")).collect();
    Audit {
        findings: vec![finding(Severity::Critical, Some(9.8), "CVE-1", Some("3.0.16-1")), over],
        ignored: vec![ignored],
        not_looked: vec![NotLooked { kind: Kind::Npm, why: "the dump has no entry of npm".to_owned(), packages }],
        entries: 10,
        bad: vec![BadFile { name: "x.json".to_owned(), why: "it has no id".to_owned() }],
        bad_files: 3,
        ..Audit::default()
    }
}

#[test]
fn programs_are_told_the_same() {
    let text = crate::client::pretty(&audit()).unwrap();
    expect![[r#"
        {
          "findings": [
            {
              "severity": "critical",
              "score": 9.8,
              "id": "CVE-1",
              "aliases": [],
              "kind": "deb",
              "package": "libssl3\u001b[2J",
              "version": "3.0.15-1",
              "fixed": "3.0.16-1",
              "summary": "a flaw",
              "layer": 2,
              "line": 3,
              "ignored_until": null
            },
            {
              "severity": "unknown",
              "score": null,
              "id": "X-1",
              "aliases": [],
              "kind": "deb",
              "package": "libssl3\u001b[2J",
              "version": "3.0.15-1",
              "fixed": null,
              "summary": "long long long long long long long long long long long long long long long long long long long long ",
              "layer": 2,
              "line": null,
              "ignored_until": "2026-01-01"
            }
          ],
          "ignored": [
            {
              "id": "CVE-2",
              "package": "a",
              "version": "1",
              "reason": "not reachable",
              "until": "2027-01-01"
            }
          ],
          "not_looked": [
            {
              "kind": "npm",
              "why": "the dump has no entry of npm",
              "packages": [
                "p1 1.0",
                "p2 1.0",
                "p3 1.0",
                "p4 1.0",
                "p5 1.0",
                "p6 1.0",
                "p7 1.0",
                "p8 1.0"
              ]
            }
          ],
          "remarks": [],
          "entries": 10,
          "withdrawn": 0,
          "bad": [
            {
              "name": "x.json",
              "why": "it has no id"
            }
          ],
          "bad_files": 3
        }
    "#]].assert_eq(&text);
}

#[test]
fn findings_come_with_what_was_not_looked_at() {
    seen(
        &audit(),
        expect![[r#"
        1 critical, 1 unknown, of 10 entries

        severity      flaw   kind  package  version   fixed in  layer  line  summary
        critical 9.8  CVE-1  deb   libssl3  3.0.15-1  3.0.16-1  2      3     a flaw
        unknown       X-1    deb   libssl3  3.0.15-1            2            [ignored until 2026-01-01] long long long long long long long long long long long long…

        ignored: CVE-2 of a 1, until 2027-01-01: not reachable
        not looked at: 8 packages of npm (p1 1.0, p2 1.0, p3 1.0, p4 1.0, p5 1.0, …): the dump has no entry of npm
        no entry: x.json: it has no id
        no entry: 2 more files
    "#]],
    );
}

#[test]
fn where_nothing_is_known_it_says_of_how_much() {
    seen(
        &Audit { entries: 1, ..Audit::default() },
        expect![[r#"
        no known flaw, of 1 entry
    "#]],
    );
}
