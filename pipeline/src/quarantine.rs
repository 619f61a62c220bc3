//! `.sidings/quarantine.yml`: tests that are still run and do not gate, each with somebody who looks after it and a day
//! from which on it gates again.
//!
//! What it says is the commit's: whoever may change the tests may say so, and everybody reads it beside them.

use crate::diagnostic::Diagnostics;
use crate::report::Report;
use crate::source::Source;
use crate::{Files, read, yaml};
use sidings_proto::split::Quarantined;

/// The file, below a project's root.
pub const FILE: &str = ".sidings/quarantine.yml";
/// Entries of a project. More is no exception any more.
pub(crate) const MOST: usize = 200;
/// How long an entry may last.
pub(crate) const DAYS_MAX: i64 = 14;

/// Reads its text.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(file: &str, text: &str) -> Result<Vec<Quarantined>, Diagnostics> {
    let mut report = Report::new(Source::new(file, text));
    let entries = yaml::parse(text, &mut report).and_then(|tree| read::quarantine(&tree, &mut report));
    let found = report.into_diagnostics();
    if found.has_errors() { Err(found) } else { Ok(entries.unwrap_or_default()) }
}

/// The project's, if it has one.
pub(crate) fn of(files: &dyn Files) -> Result<Vec<Quarantined>, Diagnostics> {
    files.read(FILE).map_or_else(|| Ok(Vec::new()), |text| read(FILE, &text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(text: &str, expect: Expect) {
        let told = match read(FILE, text) {
            Ok(entries) => format!("{entries:#?}\n"),
            Err(found) => found.render(false),
        };
        expect.assert_eq(&told);
    }

    #[test]
    fn entries_say_who_looks_after_them_and_for_how_long() {
        let text = "- { id: \"tests/a.py::b\", owner: eva, since: 2026-11-20, expires: 2026-11-30, issue: \"#12\" }\n";
        check(
            text,
            expect![[r##"
            [
                Quarantined {
                    id: "tests/a.py::b",
                    owner: "eva",
                    since: Timestamp(
                        1795132800000,
                    ),
                    expires: Timestamp(
                        1795996800000,
                    ),
                    issue: Some(
                        "#12",
                    ),
                },
            ]
        "##]],
        );
        check(
            "",
            expect![[r#"
            []
        "#]],
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let text = "\
- { id: a, owner: eva, since: 2026-11-20, expires: 2026-12-20 }
- { id: a, owner: eva, since: yesterday, expires: 2026-11-21 }
- { test: b, owner: \"\" }
- { id: c, owner: eva, since: 2026-11-20, expires: 2026-11-19 }
";
        check(
            text,
            expect![[r#"
                error[bad_value]: it would last 30 days
                 --> .sidings/quarantine.yml:1:52
                  |
                1 | - { id: a, owner: eva, since: 2026-11-20, expires: 2026-12-20 }
                  |                                                    ^^^^^^^^^^ 1 to 14 days after `since`
                  |
                  = help: a test that nobody mends in that time gates again, or is taken out

                error[bad_value]: `yesterday` is no day
                 --> .sidings/quarantine.yml:2:31
                  |
                2 | - { id: a, owner: eva, since: yesterday, expires: 2026-11-21 }
                  |                               ^^^^^^^^^ a day, such as `2026-11-22`

                error[missing_key]: this entry has no `id`
                 --> .sidings/quarantine.yml:3:3
                  |
                3 | - { test: b, owner: "" }
                  |   ^^^^^^^^^^^^^^^^^^^^^^
                  |
                  = help: add `id:` with the test, as its runner calls it

                error[missing_key]: this entry has no `since`
                 --> .sidings/quarantine.yml:3:3
                  |
                3 | - { test: b, owner: "" }
                  |   ^^^^^^^^^^^^^^^^^^^^^^
                  |
                  = help: add `since:` with a day, such as `2026-11-22`

                error[missing_key]: this entry has no `expires`
                 --> .sidings/quarantine.yml:3:3
                  |
                3 | - { test: b, owner: "" }
                  |   ^^^^^^^^^^^^^^^^^^^^^^
                  |
                  = help: add `expires:` with a day, such as `2026-11-22`

                error[unknown_key]: `test` is not a key of an entry of a quarantine
                 --> .sidings/quarantine.yml:3:5
                  |
                3 | - { test: b, owner: "" }
                  |     ^^^^
                  |
                  = help: `test` stands under `healthcheck`

                error[bad_value]: `owner` is empty
                 --> .sidings/quarantine.yml:3:21
                  |
                3 | - { test: b, owner: "" }
                  |                     ^^
                  |
                  = help: write who looks after it

                error[bad_value]: it ends before it begins
                 --> .sidings/quarantine.yml:4:52
                  |
                4 | - { id: c, owner: eva, since: 2026-11-20, expires: 2026-11-19 }
                  |                                                    ^^^^^^^^^^ 1 to 14 days after `since`
                  |
                  = help: a test that nobody mends in that time gates again, or is taken out

                8 errors in .sidings/quarantine.yml
            "#]],
        );
    }
}
