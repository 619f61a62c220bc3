use super::Order;
use proptest::prelude::*;
use std::cmp::Ordering;
use std::process::Command;

const ORDERS: [Order; 7] = [Order::Apk, Order::Deb, Order::Gem, Order::Maven, Order::Pep440, Order::Rpm, Order::SemVer];

#[track_caller]
fn compare(order: Order, left: &str, right: &str) -> Ordering {
    let parse = |text| order.parse(text).unwrap_or_else(|| panic!("{order:?} knows no version {text}"));
    parse(left).cmp(&parse(right))
}

/// Each is before all that come after it.
#[track_caller]
fn rising(order: Order, versions: &[&str]) {
    for (place, left) in versions.iter().enumerate() {
        for right in &versions[place + 1..] {
            assert_eq!(compare(order, left, right), Ordering::Less, "{left} < {right}");
            assert_eq!(compare(order, right, left), Ordering::Greater, "{right} > {left}");
        }
    }
}

#[track_caller]
fn same(order: Order, versions: &[&str]) {
    for left in versions {
        for right in versions {
            assert_eq!(compare(order, left, right), Ordering::Equal, "{left} = {right}");
        }
    }
}

#[track_caller]
fn unknown(order: Order, versions: &[&str]) {
    for version in versions {
        assert_eq!(order.parse(version), None, "{order:?}: {version}");
    }
}

#[test]
fn debian() {
    rising(Order::Deb, &["~~", "~~a", "~", "0", "a"]);
    rising(Order::Deb, &["1.0~beta1~svn1245", "1.0~beta1", "1.0", "1.0a", "1.0+dfsg", "1.0.1", "1.2", "1.10", "1:0.1"]);
    rising(Order::Deb, &["3.0.15-1~deb12u1", "3.0.15-1", "3.0.15-1+b1", "3.0.15-1.1", "3.0.15-2", "3.0.15-10"]);
    rising(Order::Deb, &["1-2-1", "1-2-2", "1-10-1"]);
    same(Order::Deb, &["1.0", "0:1.0", "1.0-0", "1.00", "01.0-00"]);
    same(Order::Deb, &["1.", "1.0"]);
    unknown(Order::Deb, &["", "a:1", "1 2", "1-", "-1", "1_2", ":1", "1:"]);
}

/// From RubyGems' own tests.
#[test]
fn ruby() {
    rising(
        Order::Gem,
        &["1.0.a", "1.0", "1.0.1", "1.8.2.a", "1.8.2.a9", "1.8.2.a10", "1.8.2.b", "1.8.2", "1.8.10", "2"],
    );
    rising(Order::Gem, &["5.0.0.beta2", "5.0.0.beta10", "5.0.0-1", "5.0.0.rc1", "5.0.0"]);
    rising(Order::Gem, &["0.beta.1", "0.0.1", "1.0.0-1", "1"]);
    same(Order::Gem, &["1", "1.0", "1.0.0", "01", "1.00"]);
    same(Order::Gem, &["1.a", "1.0.a", "1.0.0.a", "1.a.0"]);
    same(Order::Gem, &["1-2", "1.pre.2"]);
    unknown(Order::Gem, &["", "a", ".1", "1.", "1..2", "1 2", "junk", "1.2_3", "-1"]);
}

#[test]
fn debian_as_dpkg_itself_compares() {
    let parts =
        ["0", "1", "1.0", "1.00", "2.a", "2.+", "1~rc1", "1~", "10", "1.0~~", "1a", "1.a2", "1:1.0", "0:1", "1-z"];
    let ends = ["", "-1", "-1~deb12u1", "-1+b2", "-0", "-01.1"];
    let versions: Vec<String> =
        parts.iter().flat_map(|part| ends.iter().map(move |end| format!("{part}{end}"))).collect();
    // Every seventeenth pair: some hundreds, of all sorts.
    let pairs = versions.iter().flat_map(|left| versions.iter().map(move |right| (left, right))).step_by(17);
    for (left, right) in pairs {
        let (word, ours) = match compare(Order::Deb, left, right) {
            Ordering::Less => ("lt-nl", "<"),
            Ordering::Equal => ("eq", "="),
            Ordering::Greater => ("gt-nl", ">"),
        };
        let dpkg = Command::new("dpkg").args(["--compare-versions", left, word, right]).output();
        let dpkg = dpkg.expect("this test asks dpkg, which has to be on the machine");
        assert!(dpkg.status.success(), "dpkg does not say {left} {ours} {right}");
    }
}

#[test]
fn alpine() {
    rising(
        Order::Apk,
        &["1.2.3_alpha", "1.2.3_alpha2", "1.2.3_beta", "1.2.3_pre1", "1.2.3_rc1", "1.2.3_rc1-r1", "1.2.3"],
    );
    rising(Order::Apk, &["1.2.3", "1.2.3-r0", "1.2.3-r2", "1.2.3-r10", "1.2.3_git20240101-r0", "1.2.3_p1", "1.2.3a"]);
    rising(Order::Apk, &["1.2.3a", "1.2.3b", "1.2.3.1", "1.2.4", "1.2.10", "1.10"]);
    rising(Order::Apk, &["1.0", "1.01", "1.02", "1.1", "1.9", "1.10"]);
    rising(Order::Apk, &["3.1.4-r5", "3.1.4-r6", "3.3.0_beta1", "3.3.0"]);
    rising(Order::Apk, &["1_p1_alpha", "1_p1", "1_p1_p1", "1_p2"]);
    same(Order::Apk, &["01.2", "1.2"]);
    unknown(Order::Apk, &["", "a", "1..2", "1.2_foo", "1.2-3", "1.2-r", "1.2A", "1~", "1.2-r1.3"]);
}

#[test]
fn rpm() {
    rising(Order::Rpm, &["1.0~rc1", "1.0~rc2", "1.0", "1.0^", "1.0^git1~pre", "1.0^git1", "1.0^git2", "1.0a", "1.0.1"]);
    rising(Order::Rpm, &["5.5p1", "5.5p2", "5.5p10", "5.6p1", "10xyz", "10.1xyz"]);
    rising(Order::Rpm, &["xyz", "xyz10", "8", "9"]);
    rising(Order::Rpm, &["1.1.1k-7.el8_6", "1.1.1k-12.el8_9", "1:1.1.1-1"]);
    same(Order::Rpm, &["2.0", "2_0", "2.00", "02.0", "0:2.0", "2.0."]);
    same(Order::Rpm, &["a+", "a_"]);
    unknown(Order::Rpm, &["", "a b", "x:1", "1:2:3"]);
}

/// The list of PEP 440's section on order, and spellings from its section on normal forms.
#[test]
fn python() {
    rising(
        Order::Pep440,
        &[
            "1.dev0",
            "1.0.dev456",
            "1.0a1",
            "1.0a2.dev456",
            "1.0a12.dev456",
            "1.0a12",
            "1.0b1.dev456",
            "1.0b2",
            "1.0b2.post345.dev456",
            "1.0b2.post345",
            "1.0rc1.dev456",
            "1.0rc1",
            "1.0",
            "1.0+abc.5",
            "1.0+abc.7",
            "1.0+5",
            "1.0.post456.dev34",
            "1.0.post456",
            "1.0.15",
            "1.1.dev1",
            "1!0.1",
        ],
    );
    rising(Order::Pep440, &["2012.4", "2012.7", "2013.1", "1!1.0"]);
    same(Order::Pep440, &["1.1rc1", "1.1RC1", "v1.1.rc.1", "1.1-c1", " 1.1_pre1 ", "1.1preview1", "01.1rc01"]);
    same(Order::Pep440, &["1.0-1", "1.0.post1", "1.0-r1", "1rev1", "1.0.0post1"]);
    same(Order::Pep440, &["1.2a", "1.2a0", "1.2.alpha"]);
    same(Order::Pep440, &["1.0+ubuntu-1", "1.0+ubuntu.1", "1.0+UBUNTU_1"]);
    unknown(Order::Pep440, &["", "1.0foo", "1.0-", "french toast", "1.0+", "1.0+a+b", "1..0", "!1"]);
}

#[test]
fn semantic() {
    rising(
        Order::SemVer,
        &[
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "2.0.0",
            "2.1.0",
            "2.1.1",
            "2.10.0",
        ],
    );
    same(Order::SemVer, &["1.0.0", "v1.0.0", "1.0", "1", "1.0.0+build.5", "v1.0.0+incompatible"]);
    unknown(Order::SemVer, &["", "1.0.0.0", "1.x", "1.0.0-", "1.0.0-a..b", "1.0.0-ä", "(devel)", "v"]);
}

/// <https://go.dev/ref/mod#pseudo-versions>: one lies between the version before it and the next.
#[test]
fn gos_pseudo_versions_and_releases() {
    rising(
        Order::SemVer,
        &[
            "v0.0.0-20170915032832-14c0d48ead0c",
            "v0.0.0-20191109021931-daa7c04131f5",
            "v0.0.1",
            "v1.2.3-pre",
            "v1.2.3-pre.0.20191109021931-daa7c04131f5",
            "v1.2.3",
            "v1.2.4-0.20191109021931-daa7c04131f5",
            "v1.2.4",
        ],
    );
    rising(Order::SemVer, &["1.22.0-0", "1.22beta1", "1.22rc1", "1.22rc2", "1.22", "1.22.1"]);
    same(Order::SemVer, &["1.22rc1", "1.22.0-rc.1"]);
}

/// The examples of <https://maven.apache.org/pom.html#version-order-specification>.
#[test]
fn maven() {
    rising(Order::Maven, &["1", "1.1", "1.2", "1.10"]);
    rising(Order::Maven, &["1-snapshot", "1", "1-sp"]);
    rising(Order::Maven, &["1-foo2", "1-foo10"]);
    rising(Order::Maven, &["1-foo", "1-1", "1.1"]);
    rising(Order::Maven, &["1-a1", "1-b1", "1-m1", "1-rc1", "1-SNAPSHOT", "1", "1-sp", "1-whatever", "1-1"]);
    rising(Order::Maven, &["2.0-alpha-1", "2.0-beta-1", "2.0-rc1", "2.0", "2.0.1", "2.1-SNAPSHOT", "2.1"]);
    rising(Order::Maven, &["4.1.99.Final", "4.1.100.Final", "4.2.0.Alpha1", "4.2.0.Final"]);
    same(Order::Maven, &["1", "1.0", "1.0.0", "1.ga", "1-ga", "1-0", "1.0-final", "1.RELEASE", "1."]);
    same(Order::Maven, &["1a1", "1-alpha-1", "1alpha1", "1.0-a1", "1-ALPHA1"]);
    same(Order::Maven, &["1x", "1.0.0-x", "1.0.0.x"]);
    same(Order::Maven, &["1cr", "1rc"]);
    unknown(Order::Maven, &["", "[1,2)", "1 2"]);
}

#[test]
fn numbers_may_be_of_any_length() {
    let (short, long) = ("9".repeat(40), "1".repeat(41));
    for order in ORDERS {
        assert_eq!(compare(order, &short, &long), Ordering::Less, "{order:?}");
        assert_eq!(order.parse(&"1".repeat(600)), None);
    }
}

/// Texts that are versions more often than not, and differ little.
fn version() -> impl Strategy<Value = String> {
    let atoms = ["0", "1", "01", "10", ".", ".", "-", "_", "~", "^", "+", "a", "rc", "alpha", "p", "ga", "sp", "dev"];
    let more = [":", "!", "r1", "-r1", "post", "x", "final", "v", "ä"];
    let atoms: Vec<&str> = atoms.iter().chain(&more).copied().collect();
    let tail = prop::collection::vec(prop::sample::select(atoms), 0..6);
    tail.prop_map(|atoms| format!("1{}", atoms.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_is_a_version_or_none(text in ".{0,40}") {
        for order in ORDERS {
            if let Some(version) = order.parse(&text) {
                prop_assert_eq!(version.cmp(&version), Ordering::Equal);
            }
        }
    }

    #[test]
    fn each_order_is_total(a in version(), b in version(), c in version()) {
        for order in ORDERS {
            let (Some(a), Some(b), Some(c)) = (order.parse(&a), order.parse(&b), order.parse(&c)) else { continue };
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            prop_assert_eq!(a == b, a.cmp(&b) == Ordering::Equal);
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
        }
    }
}
