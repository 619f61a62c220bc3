use super::*;

#[track_caller]
fn check(pattern: &str, matching: &[&str], others: &[&str]) {
    for name in matching {
        assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), Some(true), "{pattern} {name}");
    }
    for name in others {
        assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), Some(false), "{pattern} {name}");
    }
}

/// From the table of Go's own test of `filepath.Match`.
#[test]
fn names_match_as_in_go() {
    check("abc", &["abc"], &["abcd", "ab", ""]);
    check("*", &["abc", ""], &["a/b"]);
    check("*c", &["abc"], &["ab"]);
    check("a*", &["a", "abc"], &["ab/c"]);
    check("a*/b", &["abc/b"], &["a/c/b"]);
    check("a*b*c*d*e*/f", &["axbxcxdxe/f", "axbxcxdxexxx/f"], &["axbxcxdxe/xxx/f", "axbxcxdxexxx/fff"]);
    check("a*b?c*x", &["abxbbxdbxebxczzx"], &["abxbbxdbxebxczzy"]);
    check("ab[c]", &["abc"], &[]);
    check("ab[b-d]", &["abc"], &[]);
    check("ab[e-g]", &[], &["abc"]);
    check("ab[^c]", &[], &["abc"]);
    check("ab[^b-d]", &[], &["abc"]);
    check("ab[^e-g]", &["abc"], &[]);
    check("a\\*b", &["a*b"], &["ab"]);
    check("a?b", &["a☺b"], &[]);
    check("a[^a]b", &["a☺b"], &[]);
    check("a???b", &[], &["a☺b"]);
    check("[a-ζ]*", &["α"], &["A"]);
    check("*[a-ζ]", &[], &["A"]);
    check("a?b", &[], &["a/b"]);
    check("a*b", &[], &["a/b"]);
    check("[\\]a]", &["]"], &[]);
    check("[\\-]", &["-"], &[]);
    check("[x\\-]", &["x", "-"], &["z"]);
    check("[\\-x]", &["x", "-"], &["a"]);
    check("*x", &["xxx"], &[]);
}

#[test]
fn what_is_no_pattern_has_no_answer() {
    for pattern in ["[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "[", "[^", "[^bc", "a[", "\\"] {
        assert_eq!(matches(pattern.as_bytes(), b"a"), None, "{pattern}");
    }
}

#[test]
fn bytes_that_are_no_text_count_one_each() {
    assert_eq!(matches(b"a?b", b"a\xffb"), Some(true));
    assert_eq!(matches(b"*", b"\xff\xfe"), Some(true));
}
