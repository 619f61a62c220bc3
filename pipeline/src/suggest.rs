//! What somebody probably meant.

/// The one of `known` that is nearest to `written`, if it is near at all. Case and the kind of dash are a slip.
pub(crate) fn nearest<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let looked_for = plain(written);
    let length = looked_for.chars().count();
    let most = (length / 3).clamp(1, 3);
    known
        .into_iter()
        .filter(|word| word.chars().count().abs_diff(length) <= most)
        .map(|word| (strsim::osa_distance(&looked_for, &plain(word)), word))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, word)| (*distance, *word != written))
        .map(|(_, word)| word)
}

/// ``did you mean `needs`?``
pub(crate) fn did_you_mean(word: &str) -> String {
    format!("did you mean `{word}`?")
}

/// A piece of the file in backticks, shortened if it is long.
pub(crate) fn quoted(text: &str) -> String {
    format!("`{}`", shortened(text, 60))
}

/// At most `most` characters of the first line, and `…` if that is not all.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= most {
        return if line.len() < text.trim_end().len() { format!("{}…", line.trim_end()) } else { line.to_owned() };
    }
    let cut: String = line.chars().take(most - 1).collect();
    format!("{}…", cut.trim_end())
}

/// `a`, `a or b`, `a, b or c`, each in backticks.
pub(crate) fn one_of(words: &[&str]) -> String {
    listed(words, "or")
}

/// The same with another last word.
pub(crate) fn listed(words: &[&str], last: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [head @ .., end] => format!("{} {last} {end}", head.join(", ")),
    }
}
