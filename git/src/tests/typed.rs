use crate::{CommitId, RefName, RepoUrl};
use std::path::Path;

fn answer(text: &str) -> String {
    match text.parse::<RepoUrl>() {
        Ok(url) => format!("ok {}", url.protocol()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn good_addresses_are_taken() {
    for (text, protocol) in [
        ("https://example.org/team/project.git", "https"),
        ("https://example.org:8443/project", "https"),
        ("https://[::1]:8443/project", "https"),
        ("ssh://git@example.org/team/project.git", "ssh"),
        ("ssh://git@example.org:2222/~me/project", "ssh"),
        ("file:///srv/git/project.git", "file"),
        ("file:///srv/my%20projects/a", "file"),
    ] {
        assert_eq!(answer(text), format!("ok {protocol}"), "{text}");
    }
}

#[test]
fn addresses_that_git_could_misread_are_refused() {
    for text in [
        "",
        "-",
        "--upload-pack=touch /tmp/x",
        "-oProxyCommand=x",
        "ext::sh -c id",
        "fd::3",
        "ext://sh",
        "http://example.org/project",
        "git://example.org/project",
        "ftp://example.org/project",
        "HTTPS://example.org/project",
        "ssh://-oProxyCommand=id/project",
        "ssh://git@-oProxyCommand=id/project",
        "ssh://-git@example.org/project",
        "ssh://%2DoProxyCommand=id/project",
        "ssh://example.org",
        "ssh://example.org/",
        "ssh:///project",
        "https://example.org:0/project",
        "https://example.org:99999/project",
        "https://example.org:x/project",
        "https://user:secret@example.org/project",
        "https://ghp_token@example.org/project",
        "https://@example.org/project",
        "https://exa mple.org/project",
        "https://example.org/a\nb",
        "https://example.org/a%0ab",
        "https://example.org/a%zz",
        "https://example.org/a\\b",
        "https://[nonsense]/project",
        "file://host/srv/project",
        "file://./project",
        "file:///srv/%00",
        "file:///srv/%2",
        "/srv/project",
        "../project",
        "git@example.org:team/project.git",
    ] {
        assert!(text.parse::<RepoUrl>().is_err(), "{text} was taken");
    }
}

#[test]
fn a_refusal_says_what_was_expected() {
    assert_eq!(answer("http://h/p"), "expected https://, ssh:// or file://, got `http://`");
    assert_eq!(answer("git@h:p.git"), "expected https://, ssh:// or file://: write `ssh://git@h/p.git`");
    assert_eq!(answer("/srv/p"), "expected https://, ssh:// or file://: write `file:///srv/p`");
    assert_eq!(answer("ssh://-o/p"), "expected a host, got `-o`");
    assert!(!answer("https://u:hunter2@h/p").contains("hunter2"));
}

#[test]
fn a_local_path_comes_back_as_it_was() {
    for path in ["/srv/project.git", "/srv/with space/ü%/x", "/srv/a#b?c"] {
        let url = RepoUrl::local(Path::new(path)).unwrap();
        assert_eq!(url.local_path().as_deref(), Some(Path::new(path)), "{url}");
    }
    assert!(RepoUrl::local(Path::new("relative")).is_err());
}

#[test]
fn refs_follow_gits_own_rules() {
    for good in
        ["HEAD", "refs/heads/main", "refs/heads/feature/a-b", "refs/tags/v1.0", "refs/pull/7/head", "refs/heads/ü"]
    {
        assert!(good.parse::<RefName>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "main",
        "-main",
        "refs/",
        "refs//a",
        "refs/heads/a..b",
        "refs/heads/.a",
        "refs/heads/a.lock",
        "refs/heads/a.lock/b",
        "refs/heads/a b",
        "refs/heads/a~1",
        "refs/heads/a^",
        "refs/heads/a:b",
        "refs/heads/a?",
        "refs/heads/*",
        "refs/heads/[a",
        "refs/heads/a\\b",
        "refs/heads/a.",
        "refs/heads/a/",
        "refs/heads/a@{1}",
        "refs/heads/a\u{7f}",
        "refs/heads/a\nb",
    ] {
        assert!(bad.parse::<RefName>().is_err(), "{bad:?}");
    }
}

#[test]
fn commits_are_full_names_in_hex() {
    assert_eq!("ABCDEF0123456789abcdef0123456789abcdef01".parse::<CommitId>().unwrap().as_str().len(), 40);
    assert!("a".repeat(64).parse::<CommitId>().is_ok());
    for bad in
        ["", "HEAD", "abc123", &"0".repeat(40), &"g".repeat(40), &"a".repeat(41), &format!("-{}", "a".repeat(39))]
    {
        assert!(bad.parse::<CommitId>().is_err(), "{bad}");
    }
}
