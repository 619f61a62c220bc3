//! Dialogues about one key, and what is forgotten.

use super::book::Book;
use super::claims::{Asked, Claim, Failed, Holder, State, Told};
use super::{Name, expiry, wrong_about};
use crate::core::tests::dialogue::{id, name};
use crate::store::stored::StoredImage;
use expect_test::{Expect, expect};
use sidings_proto::image::{BlobSize, ImageLayer, ImageOutcome, ImagePlace, SharedImage};
use sidings_proto::{AttemptId, JobId, RunnerId, Timestamp};
use std::collections::BTreeSet;

/// Attempts are named by their job; each runs on a runner of its own.
fn holder(job: &str) -> Holder {
    let attempt = AttemptId { job: JobId(id(job)), fence: 1 };
    Holder { attempt, runner: RunnerId(id(&format!("on {job}"))) }
}

fn in_registry(id: &str) -> SharedImage {
    SharedImage { id: id.to_owned(), place: ImagePlace::Registry { reference: format!("reg/{id}") } }
}

enum Line {
    Asks(&'static str, Option<u64>),
    Shares(&'static str, u64),
    Fails(&'static str, u64),
    GivesUp(&'static str, u64),
    Stays(&'static str, u64),
    /// Its attempt is over, or was lost with its runner.
    Gone(&'static str),
    /// The controller is killed and starts again from what it kept.
    Restart,
    /// A part of the image is gone.
    Lost,
}

use Line::{Asks, Fails, GivesUp, Gone, Lost, Restart, Shares, Stays};

#[derive(Default)]
struct Stage {
    claim: Claim,
    gone: BTreeSet<AttemptId>,
}

impl Stage {
    fn hears(&mut self, line: &Line) -> String {
        match line {
            Asks(who, waited) => {
                let waiting = waited.map(|number| format!(", waiting for {number}")).unwrap_or_default();
                format!("{who} asks{waiting} => {}", self.asked(who, *waited))
            }
            Shares(who, number) => self.told(who, *number, ImageOutcome::Shared { image: in_registry(who) }),
            Fails(who, number) => self.told(who, *number, ImageOutcome::Failed { message: "line 3".to_owned() }),
            GivesUp(who, number) => self.told(who, *number, ImageOutcome::GivenUp),
            Stays(who, number) => self.told(who, *number, ImageOutcome::Stays { reason: "it is large".to_owned() }),
            Gone(who) => {
                self.gone.insert(holder(who).attempt);
                format!("{who} is gone")
            }
            Restart => {
                let kept = serde_json::to_string(&self.claim).unwrap();
                self.claim = serde_json::from_str(&kept).unwrap();
                "restart".to_owned()
            }
            Lost => {
                self.claim = self.claim.lost();
                "a part is gone".to_owned()
            }
        }
    }

    fn asked(&mut self, who: &str, waited: Option<u64>) -> String {
        let is_current = |attempt| !self.gone.contains(&attempt);
        match self.claim.ask(Timestamp(1000), holder(who), waited, is_current) {
            Asked::Ready(by, image) => format!("ready, {} of {}", image.id, name(by.attempt.job.0)),
            Asked::Yours(claim) => {
                self.claim = claim;
                format!("yours, {}", self.claim.number)
            }
            Asked::Wait { number, holder, .. } => format!("wait for {number} of {}", name(holder.attempt.job.0)),
            Asked::Failed(Failed { number, message, .. }) => format!("{number} failed: {message}"),
            Asked::Alone(reason) => format!("alone: {reason}"),
        }
    }

    fn told(&mut self, who: &str, number: u64, outcome: ImageOutcome) -> String {
        let what = match &outcome {
            ImageOutcome::Shared { .. } => "shares",
            ImageOutcome::Failed { .. } => "fails",
            ImageOutcome::GivenUp => "gives up",
            ImageOutcome::Stays { .. } => "keeps for itself",
        };
        let answer = match self.claim.told(holder(who).attempt, number, outcome) {
            Told::Now(claim) => {
                self.claim = claim;
                "kept"
            }
            Told::Already => "already",
            Told::Stale => "stale",
        };
        format!("{who} {what} {number} => {answer}")
    }
}

fn check(lines: &[Line], expected: Expect) {
    let mut stage = Stage::default();
    let heard: Vec<String> = lines.iter().map(|line| stage.hears(line)).collect();
    expected.assert_eq(&(heard.join("\n") + "\n"));
}

#[test]
fn one_builds_and_the_others_wait_until_it_is_ready() {
    check(
        &[Asks("a", None), Asks("b", None), Asks("b", Some(1)), Shares("a", 1), Asks("b", Some(1)), Asks("c", None)],
        expect![[r#"
            a asks => yours, 1
            b asks => wait for 1 of a
            b asks, waiting for 1 => wait for 1 of a
            a shares 1 => kept
            b asks, waiting for 1 => ready, a of a
            c asks => ready, a of a
        "#]],
    );
}

#[test]
fn a_lost_answer_is_given_again() {
    check(
        &[Asks("a", None), Asks("a", None), Shares("a", 1), Shares("a", 1), Asks("a", None)],
        expect![[r#"
            a asks => yours, 1
            a asks => yours, 1
            a shares 1 => kept
            a shares 1 => already
            a asks => ready, a of a
        "#]],
    );
}

#[test]
fn a_dead_builders_claim_passes_on_and_what_it_tells_then_changes_nothing() {
    check(
        &[
            Asks("a", None),
            Asks("b", None),
            Asks("c", None),
            Gone("a"),
            Asks("b", Some(1)),
            Asks("c", Some(1)),
            Shares("a", 1),
            Fails("a", 1),
            Shares("a", 2),
            Shares("b", 1),
            Shares("b", 2),
            Fails("a", 1),
            Asks("c", Some(2)),
        ],
        expect![[r#"
            a asks => yours, 1
            b asks => wait for 1 of a
            c asks => wait for 1 of a
            a is gone
            b asks, waiting for 1 => yours, 2
            c asks, waiting for 1 => wait for 2 of b
            a shares 1 => stale
            a fails 1 => stale
            a shares 2 => stale
            b shares 1 => stale
            b shares 2 => kept
            a fails 1 => stale
            c asks, waiting for 2 => ready, b of b
        "#]],
    );
}

#[test]
fn a_failed_build_fails_all_who_waited_and_nobody_who_comes_later() {
    check(
        &[
            Asks("a", None),
            Asks("b", None),
            Asks("c", None),
            Fails("a", 1),
            Fails("a", 1),
            Asks("b", Some(1)),
            Asks("d", None),
            Asks("c", Some(1)),
            Asks("e", None),
            Shares("a", 1),
            Shares("d", 2),
        ],
        expect![[r#"
            a asks => yours, 1
            b asks => wait for 1 of a
            c asks => wait for 1 of a
            a fails 1 => kept
            a fails 1 => already
            b asks, waiting for 1 => 1 failed: line 3
            d asks => yours, 2
            c asks, waiting for 1 => 1 failed: line 3
            e asks => wait for 2 of d
            a shares 1 => stale
            d shares 2 => kept
        "#]],
    );
}

#[test]
fn where_our_own_part_failed_the_next_one_builds() {
    check(
        &[Asks("a", None), Asks("b", None), GivesUp("a", 1), GivesUp("a", 1), Asks("b", Some(1)), Asks("a", None)],
        expect![[r#"
            a asks => yours, 1
            b asks => wait for 1 of a
            a gives up 1 => kept
            a gives up 1 => stale
            b asks, waiting for 1 => yours, 2
            a asks => wait for 2 of b
        "#]],
    );
}

#[test]
fn what_cannot_travel_is_built_by_everybody() {
    check(
        &[Asks("a", None), Asks("b", None), Stays("a", 1), Asks("b", Some(1)), Asks("c", None)],
        expect![[r#"
            a asks => yours, 1
            b asks => wait for 1 of a
            a keeps for itself 1 => kept
            b asks, waiting for 1 => alone: it is large
            c asks => alone: it is large
        "#]],
    );
}

#[test]
fn a_restart_forgets_neither_a_claim_nor_a_failure_nor_a_number() {
    check(
        &[
            Asks("a", None),
            Restart,
            Asks("b", None),
            Fails("a", 1),
            Restart,
            Asks("b", Some(1)),
            Asks("c", None),
            Gone("c"),
            Restart,
            Asks("d", None),
            Shares("c", 2),
            Shares("d", 3),
            Restart,
            Asks("e", None),
        ],
        expect![[r#"
            a asks => yours, 1
            restart
            b asks => wait for 1 of a
            a fails 1 => kept
            restart
            b asks, waiting for 1 => 1 failed: line 3
            c asks => yours, 2
            c is gone
            restart
            d asks => yours, 3
            c shares 2 => stale
            d shares 3 => kept
            restart
            e asks => ready, d of d
        "#]],
    );
}

#[test]
fn an_image_of_which_a_part_is_gone_is_built_again() {
    check(
        &[Asks("a", None), Shares("a", 1), Lost, Shares("a", 1), Asks("b", None), Shares("b", 2)],
        expect![[r#"
            a asks => yours, 1
            a shares 1 => kept
            a part is gone
            a shares 1 => stale
            b asks => yours, 2
            b shares 2 => kept
        "#]],
    );
}

fn blob(digit: char, bytes: u64) -> BlobSize {
    BlobSize { blob: digit.to_string().repeat(64).try_into().unwrap(), bytes }
}

fn of_layers(layers: &[BlobSize]) -> SharedImage {
    let layer = |packed: &BlobSize| ImageLayer {
        diff: format!("sha256:{}", packed.blob),
        bytes: packed.bytes,
        packed: Some(packed.clone()),
    };
    let place = ImagePlace::Controller { config: blob('c', 100), layers: layers.iter().map(layer).collect() };
    SharedImage { id: format!("sha256:{}", "1".repeat(64)), place }
}

fn kept(key: &str, used: i64, state: State) -> StoredImage {
    let name = Name { project: "p".to_owned(), scope: String::new(), key: key.to_owned() };
    StoredImage { name, claim: Claim { number: 1, state, failed: None }, used: Timestamp(used) }
}

#[test]
fn the_longest_unused_images_go_first_and_shared_layers_count_once() {
    const GIB: u64 = 1 << 30;
    const DAY: i64 = 24 * 3_600_000;
    let ready = |layers: &[BlobSize]| State::Ready { holder: holder("a"), image: of_layers(layers) };
    let images = [
        kept("old", 0, ready(&[blob('a', 9 * GIB)])),
        kept("new", 14 * DAY, ready(&[blob('a', 9 * GIB), blob('b', 9 * GIB)])),
        kept("newer", 15 * DAY, ready(&[blob('a', 9 * GIB)])),
        kept("large", 13 * DAY, ready(&[blob('d', 9 * GIB)])),
        kept("failed", 0, State::Open),
        kept("built", 0, State::Building { holder: holder("a"), since: Timestamp(0) }),
    ];
    let gone = expiry::superfluous(images.iter(), Timestamp(15 * DAY));
    assert_eq!(gone.iter().map(|name| name.key.as_str()).collect::<Vec<_>>(), ["large", "old", "failed"]);
}

#[test]
fn what_cannot_be_an_image_is_refused() {
    assert_eq!(wrong_about(&of_layers(&[blob('a', 7)])), None);
    let huge = wrong_about(&of_layers(&[blob('a', 6 << 30), blob('b', 6 << 30)]));
    assert_eq!(huge, Some("the image is too large"));
    assert_eq!(wrong_about(&in_registry("sha256:1")), Some("that is no image's id"));
    let named = |reference: String| SharedImage { place: ImagePlace::Registry { reference }, ..of_layers(&[]) };
    assert!(wrong_about(&named("reg/p:tag".to_owned())).is_some(), "a tag may be moved");
    assert_eq!(wrong_about(&named(format!("reg/p@sha256:{}", "a".repeat(64)))), None);
}

#[test]
fn the_images_that_may_serve_a_build_are_the_projects_in_a_registry_and_trusted_the_last_used_first() {
    let image = |project: &str, scope: &str, key: &str, used, place| {
        let name = Name { project: project.to_owned(), scope: scope.to_owned(), key: key.to_owned() };
        let image = SharedImage { id: key.to_owned(), place };
        let claim = Claim { number: 1, state: State::Ready { holder: holder("a"), image }, failed: None };
        StoredImage { name, claim, used: Timestamp(used) }
    };
    let at = |key: &str| in_registry(key).place;
    let config = BlobSize { blob: blake3::hash(b"{}").to_hex().to_string().try_into().unwrap(), bytes: 2 };
    let book = Book::of(vec![
        image("web", "", "old", 1, at("old")),
        image("web", "", "new", 3, at("new")),
        image("web", "pull request", "asked", 2, at("asked")),
        image("web", "", "here", 4, ImagePlace::Controller { config, layers: vec![] }),
        image("shop", "", "foreign", 5, at("foreign")),
    ]);
    assert_eq!(book.in_registry("web", ["", ""]), ["reg/new", "reg/old"]);
    assert_eq!(book.in_registry("web", ["", "pull request"]), ["reg/new", "reg/asked", "reg/old"]);
}
