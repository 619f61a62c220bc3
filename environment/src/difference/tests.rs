use super::*;
use crate::account::Form;

fn account(inputs: &[(Kind, &str, &str)]) -> Account {
    let input = |(kind, name, value): &(Kind, &str, &str)| Input {
        kind: *kind,
        name: (*name).to_owned(),
        value: Value::Text((*value).to_owned()),
        line: None,
    };
    let inputs: Vec<Input> = inputs.iter().map(input).collect();
    let mut form = Form::new();
    inputs.iter().for_each(|input| form.put(input.kind, input.name.as_bytes(), input.value.shown().as_bytes()));
    Account { key: form.finish(), inputs, unpinned: Vec::new() }
}

#[track_caller]
fn check(before: &[(Kind, &str, &str)], after: &[(Kind, &str, &str)], expected: &[&str]) {
    let shown = |input: &Option<Input>| input.as_ref().map_or("nothing".to_owned(), |input| input.value.shown());
    let changes = differences(&account(before), &account(after));
    let changes: Vec<String> = changes
        .iter()
        .map(|change| {
            let one = change.before.as_ref().or(change.after.as_ref()).unwrap();
            format!("{} {}: {} -> {}", one.kind.as_str(), one.name, shown(&change.before), shown(&change.after))
        })
        .collect();
    assert_eq!(changes, expected);
}

#[test]
fn equal_accounts_do_not_differ() {
    let same = [(Kind::Base, "a:1", "x"), (Kind::Instruction, "0", "RUN a"), (Kind::Instruction, "0", "RUN a")];
    check(&same, &same, &[]);
}

#[test]
fn what_has_another_value_is_one_change() {
    check(&[(Kind::Base, "a:1", "x")], &[(Kind::Base, "a:1", "y")], &["base a:1: x -> y"]);
    check(&[(Kind::File, "f", "x")], &[(Kind::File, "f", "y")], &["file f: x -> y"]);
}

#[test]
fn instructions_are_told_apart_by_their_texts() {
    let before = [(Kind::Instruction, "0", "RUN a"), (Kind::Instruction, "0", "RUN b")];
    let after = [(Kind::Instruction, "0", "RUN new"), (Kind::Instruction, "0", "RUN a")];
    check(&before, &after, &["instruction 0: RUN b -> nothing", "instruction 0: nothing -> RUN new"]);
}

#[test]
fn instructions_in_another_order_differ() {
    let before = [(Kind::Instruction, "0", "RUN a"), (Kind::Instruction, "0", "RUN b")];
    let after = [(Kind::Instruction, "0", "RUN b"), (Kind::Instruction, "0", "RUN a")];
    let expected = ["instruction 0: RUN a -> RUN b"];
    check(&before, &after, &expected);
}

#[test]
fn a_file_that_became_executable_is_gone_and_new() {
    let expected = ["file f: x -> nothing", "program f: nothing -> x"];
    check(&[(Kind::File, "f", "x")], &[(Kind::Program, "f", "x")], &expected);
}
