//! Whether a licence's text is one that SPDX knows. Words of Debian's that mean a licence of SPDX are taken as it; no
//! other text is guessed at.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// SPDX's identifiers, licences and exceptions.
static KNOWN: LazyLock<BTreeMap<String, &'static str>> =
    LazyLock::new(|| include_str!("licences.txt").lines().map(|id| (id.to_ascii_lowercase(), id)).collect());

/// <https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/#license-short-name>
const DEBIAN: [(&str, &str); 22] = [
    ("expat", "MIT"),
    ("gpl-1", "GPL-1.0-only"),
    ("gpl-1+", "GPL-1.0-or-later"),
    ("gpl-2", "GPL-2.0-only"),
    ("gpl-2+", "GPL-2.0-or-later"),
    ("gpl-3", "GPL-3.0-only"),
    ("gpl-3+", "GPL-3.0-or-later"),
    ("lgpl-2", "LGPL-2.0-only"),
    ("lgpl-2+", "LGPL-2.0-or-later"),
    ("lgpl-2.1", "LGPL-2.1-only"),
    ("lgpl-2.1+", "LGPL-2.1-or-later"),
    ("lgpl-3", "LGPL-3.0-only"),
    ("lgpl-3+", "LGPL-3.0-or-later"),
    ("agpl-3", "AGPL-3.0-only"),
    ("agpl-3+", "AGPL-3.0-or-later"),
    ("gfdl-1.3", "GFDL-1.3-only"),
    ("gfdl-1.3+", "GFDL-1.3-or-later"),
    ("apache-2", "Apache-2.0"),
    ("artistic-1", "Artistic-1.0"),
    ("artistic-2", "Artistic-2.0"),
    ("cc0", "CC0-1.0"),
    ("mpl-2", "MPL-2.0"),
];

/// The identifier that the text is, in SPDX's own case.
pub(super) fn identifier(text: &str) -> Option<&'static str> {
    let lower = text.trim().to_ascii_lowercase();
    let of_debian = DEBIAN.iter().find(|(name, _)| *name == lower).map(|(_, id)| *id);
    of_debian.or_else(|| KNOWN.get(&lower).copied())
}

/// The text as an expression of SPDX; none if a word of it is unknown or stands where it may not.
pub(super) fn expression(text: &str) -> Option<String> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let (mut out, mut open, mut wants_licence) = (Vec::new(), 0usize, true);
    for word in spaced.split_whitespace() {
        match word {
            "(" if wants_licence => {
                open += 1;
                out.push(word);
            }
            ")" if !wants_licence => {
                open = open.checked_sub(1)?;
                out.push(word);
            }
            _ => {
                out.push(if wants_licence { identifier(word)? } else { operator(word)? });
                wants_licence = !wants_licence;
            }
        }
    }
    let whole = open == 0 && !wants_licence;
    whole.then(|| out.join(" ").replace("( ", "(").replace(" )", ")"))
}

fn operator(word: &str) -> Option<&'static str> {
    ["AND", "OR", "WITH"].into_iter().find(|operator| word.eq_ignore_ascii_case(operator))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_spdx_knows_is_an_expression() {
        assert_eq!(expression("mit").as_deref(), Some("MIT"));
        assert_eq!(
            expression("GPL-2+ and (BSD-3-clause or Expat)").as_deref(),
            Some("GPL-2.0-or-later AND (BSD-3-Clause OR MIT)")
        );
        for text in ["", "MIT and", "and MIT", "MIT BSD-3-Clause", "(MIT", "MIT)", "()", "BSD-like", "GPL-2+ or my-own"]
        {
            assert_eq!(expression(text), None, "{text}");
        }
    }
}
