use super::*;
use sidings_environment::Order as KeyOrder;
use sidings_proto::Timestamp;

fn recipe(source: &str, place: &str, target: Option<&str>) -> Recipe {
    let order = Order {
        root: "/".into(),
        context: ".".into(),
        dockerfile: "Dockerfile".into(),
        target: target.map(str::to_owned),
        args: Default::default(),
        platform: "linux/arm64".into(),
        period: None,
        commit_time: Timestamp(0),
        checked_out: false,
    };
    let key = KeyOrder { text: source.to_owned(), target: order.target.clone(), ..KeyOrder::default() };
    Recipe::of(&Reading::new(key).unwrap(), source, place, &order)
}

const STAGES: &str = "FROM golang:1.22 AS build\nRUN make\n\
    FROM node:20 AS pages\nRUN build\n\
    FROM debian:12\nCOPY --from=build /a /a\nCOPY --from=busybox:1 /bin/sh /sh\n";

#[test]
fn the_file_is_copied_into_the_last_stage() {
    let recipe = recipe("FROM a:1\nRUN x", "docker/Dockerfile", None);
    let added = "# Added by Sidings:\nCOPY [\"docker/Dockerfile\", \"/usr/share/sidings/Dockerfile\"]\n";
    assert_eq!((recipe.text, recipe.target), (format!("FROM a:1\nRUN x\n{added}"), None));
    assert_eq!(recipe.final_base.as_deref(), Some("a:1"));
}

#[test]
fn a_last_line_that_goes_on_does_not_go_on_with_what_is_added() {
    for (source, end) in [
        ("FROM a:1\nRUN x \\", "RUN x \n"),
        ("FROM a:1\nRUN x \\\n", "RUN x \n"),
        ("# escape=`\nFROM a:1\nRUN x `\n", "RUN x \n"),
        ("FROM a:1\nRUN echo `x`\n", "RUN echo `x`\n"),
    ] {
        let text = recipe(source, "Dockerfile", None).text;
        let (before, _) =
            text.split_once("# Added by Sidings:").unwrap_or_else(|| panic!("nothing is added: {source}"));
        assert!(before.ends_with(end), "{text}");
    }
}

#[test]
fn an_earlier_target_gets_a_stage_behind_it() {
    let recipe = recipe(STAGES, "Dockerfile", Some("build"));
    assert!(
        recipe
            .text
            .ends_with("FROM build AS sidings-image\nCOPY [\"Dockerfile\", \"/usr/share/sidings/Dockerfile\"]\n")
    );
    assert_eq!((recipe.target.as_deref(), recipe.final_base.as_deref()), (Some("sidings-image"), Some("golang:1.22")));
}

#[test]
fn a_file_that_nothing_can_be_added_to_stays_as_it_is() {
    for (source, target) in [("FRM a:1\n", None), ("", None), ("FROM a:1\nFROM b:2\n", Some("0"))] {
        let recipe = recipe(source, "Dockerfile", target);
        assert_eq!((recipe.text.as_str(), recipe.target.as_deref()), (source, target));
    }
    let recipe = recipe("FROM a:1\n", "odd[1]/Dockerfile", None);
    assert_eq!(recipe.text, "FROM a:1\n");
}
