use crate::{Order, Reading};
use std::collections::BTreeMap;

/// With `@D` behind each image that the target needs.
fn named(text: &str, args: &[(&str, &str)]) -> Option<String> {
    let args = args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let order = Order { text: text.to_owned(), args, platform: "linux/amd64".to_owned(), ..Order::default() };
    let reading = Reading::new(order).unwrap();
    let names: BTreeMap<String, String> =
        reading.bases().into_iter().map(|name| (name.clone(), format!("{name}@D"))).collect();
    reading.with_names(&names)
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(named(text, &[]).as_deref(), Some(expected));
}

#[test]
fn images_get_their_digests_where_they_stand() {
    check("# one\nFROM a:1 AS b\n\nRUN x\n", "# one\nFROM a:1@D AS b\n\nRUN x\n");
    check("from --platform=linux/amd64 a:1\r\nRUN x\r\n", "from --platform=linux/amd64 a:1@D\r\nRUN x\r\n");
    check("FROM \\\n  a:1 \\\n  AS b\n", "FROM \\\n  a:1@D \\\n  AS b\n");
    check("# escape=`\nFROM `\n  a:1\n", "# escape=`\nFROM `\n  a:1@D\n");
    check("FROM \"a:1\"\n", "FROM a:1@D\n");
    check("FROM a:1", "FROM a:1@D");
}

#[test]
fn a_stage_is_no_image_whatever_it_is_called() {
    check("FROM a:1 AS debian\nFROM debian\n", "FROM a:1@D AS debian\nFROM debian\n");
    check("FROM debian AS debian\nFROM Debian\n", "FROM debian@D AS debian\nFROM Debian\n");
    check("FROM a:1\nFROM b:1\nCOPY --from=0 / /\n", "FROM a:1@D\nFROM b:1@D\nCOPY --from=0 / /\n");
    check("FROM scratch\nCOPY --from=b:1 / /\n", "FROM scratch\nCOPY --from=b:1@D / /\n");
    check("FROM x:1 AS unused\nFROM a:1\n", "FROM x:1 AS unused\nFROM a:1@D\n");
}

#[test]
fn arguments_are_filled_in() {
    let text = "ARG NAME=a\nARG TAG\nFROM ${NAME}:${TAG:-1}\nRUN echo $NAME\n";
    check(text, "ARG NAME=a\nARG TAG\nFROM a:1@D\nRUN echo $NAME\n");
    let given = named(text, &[("NAME", "b"), ("TAG", "2")]);
    assert_eq!(given.as_deref(), Some("ARG NAME=a\nARG TAG\nFROM b:2@D\nRUN echo $NAME\n"));
}

#[test]
fn what_is_copied_or_mounted_from_is_named_as_well() {
    check(
        "FROM a:1\nCOPY --chown=1 --from=b:1 /b:1 /b\nRUN --mount=type=bind,from=c:1,target=/c:1 --mount=type=cache,target=/d x\n",
        "FROM a:1@D\nCOPY --chown=1 --from=b:1@D /b:1 /b\nRUN --mount=type=bind,from=c:1@D,target=/c:1 --mount=type=cache,target=/d x\n",
    );
    check(
        "FROM a:1\nCOPY <<E /x\nFROM a:1\nCOPY --from=a:1 x y\nE\n",
        "FROM a:1@D\nCOPY <<E /x\nFROM a:1\nCOPY --from=a:1 x y\nE\n",
    );
}

#[test]
fn a_digest_that_is_written_stays() {
    let order = Order { text: "FROM a:1@sha256:1\n".to_owned(), ..Order::default() };
    let reading = Reading::new(order).unwrap();
    assert_eq!(reading.with_names(&BTreeMap::new()).as_deref(), Some("FROM a:1@sha256:1\n"));
}

#[test]
fn what_is_not_sure_is_left_alone() {
    check("ARG A=a\nFROM ${A%x} AS s\n", "ARG A=a\nFROM ${A%x} AS s\n");
    assert_eq!(named("FRM a:1\n", &[]), None);
    let foreign = |syntax: &str| {
        let text = format!("# syntax={syntax}\nFROM a:1\n");
        Reading::new(Order { text, ..Order::default() }).unwrap().can_be_named()
    };
    assert!(foreign("docker/dockerfile:1") && foreign("docker.io/docker/dockerfile:1@sha256:1"));
    assert!(!foreign("example.com/mine:1"));
}
