use super::*;

fn worth(name: &str) -> Worth {
    match name {
        "A" => Some(Some("one".to_owned())),
        "EMPTY" => Some(Some(String::new())),
        "UNSURE" => None,
        _ => Some(None),
    }
}

#[track_caller]
fn check(text: &str, expected: impl Into<Option<&'static str>>) {
    assert_eq!(expand(text, &worth).as_deref(), expected.into(), "{text}");
}

#[test]
fn variables_are_filled_in() {
    check("plain/text.txt", "plain/text.txt");
    check("$A/${A}x", "one/onex");
    check("$A.txt", "one.txt");
    check("[$GONE]", "[]");
    check("${GONE:-two}${EMPTY:-three}${A:-four}", "twothreeone");
    check("${GONE:+two}${EMPTY:+three}${A:+four}", "four");
    check("${GONE:-${A}x}", "onex");
}

#[test]
fn quotes_are_taken_off() {
    check("\"a $A\"", "a one");
    check("'a $A'", "a $A");
    check("\"it's\"", "it's");
}

#[test]
fn what_is_not_sure_has_no_answer() {
    for text in ["$UNSURE", "${UNSURE:-x}", "a\\b", "a`b", "\"open", "'open", "${A", "${A%x}", "${A#x}", "${A/x/y}"] {
        check(text, None);
    }
    for text in ["$", "$1", "$$", "${A-x}", "${}", "${GONE:-$UNSURE}"] {
        check(text, None);
    }
}

#[test]
fn pairs_are_split_outside_of_quotes() {
    let pair = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
    let expected = vec![pair("A", Some("1")), pair("B", Some("\"x y\"")), pair("C", None)];
    assert_eq!(pairs("A=1  B=\"x y\" C"), Some(expected));
    assert_eq!(pairs("A=a\\ b"), None);
    assert_eq!(pairs("1A=b"), None);
    assert_eq!(old_pair("A  b c "), Some(("A".to_owned(), "b c".to_owned())));
    assert_eq!(old_pair("A"), None);
}
