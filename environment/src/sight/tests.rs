use super::*;
use crate::ignore::Patterns;
use std::fs;
use std::os::unix::fs::symlink;

/// What a source sees of a small tree.
#[track_caller]
fn check(source: &str, expected: &[&str]) {
    let root = tempfile::tempdir().unwrap();
    for path in ["a/x.txt", "a/y.md", "b/x.txt", "z.txt"] {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    for (link, target) in [("l", "a"), ("r1", "r2"), ("r2", "r1"), ("out", "../../z.txt"), ("b/up", "..")] {
        symlink(target, root.path().join(link)).unwrap();
    }
    let listing = Listing::of_folder(root.path(), &Patterns::default()).unwrap();
    let mut sight = Sight::new(&listing);
    sight.source(source, false, 1);
    let seen: Vec<&str> = sight.seen().map(|(at, _)| listing.entries()[at].path().to_str().unwrap()).collect();
    assert_eq!(seen, expected, "{source}");
}

#[test]
fn a_path_is_what_it_names_with_all_below() {
    check("a", &["a", "a/x.txt", "a/y.md"]);
    check("/a/", &["a", "a/x.txt", "a/y.md"]);
    check("a/x.txt", &["a/x.txt"]);
    check("a/ghost", &[]);
    check("z.txt/x", &[]);
}

#[test]
fn links_are_followed_and_count() {
    check("l", &["a", "a/x.txt", "a/y.md", "l"]);
    check("l/x.txt", &["a/x.txt", "l"]);
    check("out", &["out", "z.txt"]);
    check("r1", &["r1", "r2"]);
    check("b/up/z.txt", &["b/up", "z.txt"]);
    check("l/*.md", &["a/y.md", "l"]);
}

#[test]
fn patterns_see_what_matches() {
    check("?/x.txt", &["a/x.txt", "b/x.txt"]);
    check("a/*.txt", &["a/x.txt"]);
    check("*.md", &[]);
    check("[", &["a", "a/x.txt", "a/y.md", "b", "b/up", "b/x.txt", "l", "out", "r1", "r2", "z.txt"]);
    check("a/[", &["a/x.txt", "a/y.md"]);
}
