//! Seconds as tools print them, in milliseconds.

/// Longer is no test: ten years.
const LONGEST_S: f64 = 10.0 * 366.0 * 86_400.0;

/// Milliseconds; an error when it is no time at all, or could be two.
pub(crate) fn milliseconds(text: &str) -> Result<Option<u64>, ()> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let seconds: f64 = plain(text.strip_suffix('s').unwrap_or(text)).ok_or(())?.parse().map_err(|_| ())?;
    if !(0.0..=LONGEST_S).contains(&seconds) {
        return Err(());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is within bounds")]
    Ok(Some((seconds * 1000.0).round() as u64))
}

/// The number without commas: those between thousands are taken out, as in `1,024.12`, one that stands for the point
/// becomes it, as in `0,25`. `1,024` alone is both.
fn plain(text: &str) -> Option<String> {
    if !text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.,eE".contains(&byte)) {
        return None;
    }
    let Some((before, after)) = text.split_once(',') else { return Some(text.to_owned()) };
    if after.contains(',') || after.contains('.') {
        return grouped(text);
    }
    let both = after.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0');
    (!both).then(|| format!("{before}.{after}"))
}

fn grouped(text: &str) -> Option<String> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let mut groups = whole.split(',');
    let first = groups.next().is_some_and(|group| (1..=3).contains(&group.len()));
    (first && groups.all(|group| group.len() == 3)).then(|| text.replace(',', ""))
}
