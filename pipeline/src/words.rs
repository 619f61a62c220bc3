//! A command in one line -> its words, split as a shell does, without anything being replaced.

/// The words; none when a quote is not closed.
pub(crate) fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match char {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => {
                let quoted = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        char => quoted.push(char),
                    }
                }
            }
            '"' => double_quoted(&mut chars, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(chars.next()?),
            char => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    Some(words)
}

/// Within double quotes a backslash is one, except before what would mean something there.
fn double_quoted(chars: &mut std::str::Chars<'_>, word: &mut String) -> Option<()> {
    loop {
        match chars.next()? {
            '"' => return Some(()),
            '\\' => match chars.next()? {
                char @ ('"' | '\\' | '$' | '`') => word.push(char),
                char => word.extend(['\\', char]),
            },
            char => word.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    fn check(line: &str, words: &[&str]) {
        assert_eq!(split(line).unwrap(), words, "{line}");
    }

    #[test]
    fn words_are_split_as_by_a_shell() {
        check("redis-server --save ''  --appendonly no", &["redis-server", "--save", "", "--appendonly", "no"]);
        check(r#"sh -c "echo \"a b\" > 'x'""#, &["sh", "-c", "echo \"a b\" > 'x'"]);
        check(r"a\ b 'c\d' e'f'g", &["a b", r"c\d", "efg"]);
        check(r#""\n$HOME""#, &[r"\n$HOME"]);
        check(" \n", &[]);
    }

    #[test]
    fn an_open_quote_is_no_command() {
        for open in ["'a", "a \"b", "a\\"] {
            assert_eq!(split(open), None, "{open}");
        }
    }
}
