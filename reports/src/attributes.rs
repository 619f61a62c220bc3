//! The attributes of an element, and the references in them.

use quick_xml::events::BytesStart;

/// Attributes of one element that are looked at.
const MOST: usize = 50;

/// What is looked at of an element's attributes.
#[derive(Debug, Default)]
pub(crate) struct Attributes {
    values: Vec<(String, String)>,
}

impl Attributes {
    pub(crate) fn of(element: &BytesStart<'_>) -> Attributes {
        // Duplicates and lone names are not worth a word; what comes first counts.
        let attributes = element.html_attributes().flatten().take(MOST);
        let values =
            attributes.map(|attribute| (attribute.key.local_name().as_ref().to_owned(), resolved(&attribute.value)));
        Attributes { values: values.collect() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first of these that says something.
    pub(crate) fn any(&self, names: &[&str]) -> Option<&str> {
        names.iter().filter_map(|name| self.get(name)).find(|value| !value.trim().is_empty())
    }

    pub(crate) fn number(&self, names: &[&str]) -> Option<u64> {
        self.any(names)?.trim().parse().ok()
    }
}

/// A value with its references resolved. Lines stay lines, unlike what XML says: messages have them.
fn resolved(value: &str) -> String {
    let mut pieces = value.split('&');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let reference = piece.split_once(';').and_then(|(name, rest)| Some((entity(name)?, rest)));
        match reference {
            Some((char, rest)) => {
                text.push(char);
                text.push_str(rest);
            }
            None => {
                text.push('&');
                text.push_str(piece);
            }
        }
    }
    text
}

/// The character that a reference stands for. Entities of the file's own are none.
pub(crate) fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        };
        return Some(code.and_then(char::from_u32).unwrap_or('\u{FFFD}'));
    }
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => return None,
    })
}
