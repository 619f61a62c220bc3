//! Paragraphs of `Name: value` lines, as mail, Debian and Python write them.

/// The fields of one paragraph; a field that goes on over several lines is kept to its first.
pub(super) fn paragraphs(text: &str) -> impl Iterator<Item = Vec<(&str, &str)>> {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        while lines.next_if(|line| line.trim().is_empty()).is_some() {}
        lines.peek()?;
        let paragraph = std::iter::from_fn(|| lines.next_if(|line| !line.trim().is_empty()));
        Some(paragraph.filter_map(field).collect())
    })
}

fn field(line: &str) -> Option<(&str, &str)> {
    if line.starts_with([' ', '\t']) {
        return None;
    }
    line.split_once(':').map(|(name, value)| (name, value.trim()))
}

/// The first field of that name.
pub(super) fn value<'t>(fields: &[(&str, &'t str)], name: &str) -> Option<&'t str> {
    let of = |(field, value): &(&str, &'t str)| field.eq_ignore_ascii_case(name).then_some(*value);
    fields.iter().find_map(of).filter(|value| !value.is_empty())
}
