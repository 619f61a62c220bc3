//! Histories as builders write them, and the lines they come from.

use super::*;

fn lines(dockerfile: &str, target: Option<&str>, history: &[&str]) -> Vec<String> {
    let layers = history.iter().map(|text| Layer { created_by: (*text).to_owned(), ..Layer::default() });
    let mut inventory = Inventory { layers: layers.collect(), ..Inventory::default() };
    inventory.trace(dockerfile, target);
    let told = |layer: &Layer| match &layer.made {
        Some(made) => format!("{} {:?}", made.line, made.sure),
        None => "-".to_owned(),
    };
    inventory.layers.iter().map(told).collect()
}

const DOCKERFILE: &str = "\
FROM debian AS base
ARG WHAT
RUN apt-get update \\
    # a comment inside
 && apt-get install -y \"$WHAT\"
COPY --chown=1:1 a b /to/
FROM base
WORKDIR /srv
RUN [\"make\", \"all\"]
RUN <<END
echo hi
END
";

#[test]
fn buildkits_history_is_laid_beside_the_instructions() {
    let history = [
        "/bin/sh -c #(nop) ADD file:1234 in / ",
        "RUN |1 WHAT=git /bin/sh -c apt-get update  && apt-get install -y \"$WHAT\" # buildkit",
        "COPY --chown=1:1 a b /to/ # buildkit",
        "WORKDIR /srv",
        "RUN make all # buildkit",
    ];
    assert_eq!(lines(DOCKERFILE, None, &history), ["-", "3 Text", "6 Text", "8 Text", "9 Text"]);
    assert_eq!(
        lines(DOCKERFILE, None, &history[..3]),
        ["-", "3 Text", "6 Text"],
        "all that was built is in both stages"
    );
    assert_eq!(lines(DOCKERFILE, Some("base"), &history[..3]), ["-", "3 Text", "6 Text"]);
}

#[test]
fn the_classic_builder_says_it_in_other_words() {
    let history = [
        "/bin/sh -c apt-get update  && apt-get install -y \"$WHAT\"",
        "/bin/sh -c #(nop) COPY multi:77 in /to/ ",
        "make all",
    ];
    // The third text is not told apart from a base image's; it is no layer of a sort that is known.
    assert_eq!(lines(DOCKERFILE, None, &history)[..1], ["3 Text"]);
    let copied = "FROM x\nRUN a\nCOPY f /f\nRUN b\n";
    let history = ["", "/bin/sh -c a", "/bin/sh -c #(nop) COPY file:55 in /f ", "/bin/sh -c b"];
    assert_eq!(lines(copied, None, &history), ["-", "2 Text", "3 Order", "4 Text"]);
}

#[test]
fn where_more_than_one_could_be_meant_no_line_is_told() {
    let two = "FROM x\nRUN a\nCOPY f /f\nCOPY g /g\nRUN b\n";
    let history = ["RUN /bin/sh -c a # buildkit", "COPY $F /f # buildkit", "RUN /bin/sh -c b # buildkit"];
    assert_eq!(lines(two, None, &history), ["2 Text", "-", "5 Text"]);
    assert_eq!(lines("FROM x\nRUN a\n", None, &["RUN /bin/sh -c z # buildkit"]), ["-"]);
    assert_eq!(lines("no Dockerfile", None, &["RUN /bin/sh -c z"]), ["-"]);
    assert_eq!(lines(two, Some("none"), &history), ["-", "-", "-"]);
}

#[test]
fn without_a_target_the_stage_that_fits_is_taken() {
    let two = "FROM x AS one\nRUN a\nRUN b\nFROM y\nRUN a\n";
    let history = ["RUN /bin/sh -c a # buildkit", "RUN /bin/sh -c b # buildkit"];
    assert_eq!(lines(two, None, &history), ["2 Text", "3 Text"]);
    assert_eq!(lines(two, None, &history[..1]), ["5 Text"]);
}

#[test]
fn of_two_that_are_the_same_the_last_are_the_dockerfiles() {
    let history = ["RUN /bin/sh -c a # buildkit", "RUN /bin/sh -c a # buildkit"];
    assert_eq!(lines("FROM x\nRUN a\n", None, &history), ["-", "2 Text"]);
}
