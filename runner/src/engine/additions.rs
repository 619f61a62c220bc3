//! What stands in a Dockerfile for this host alone: no user wrote it, and none is to read of it.

/// What was put into a Dockerfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Additions {
    /// Within lines of the user's.
    pub texts: Vec<String>,
    /// Whole lines, by their numbers in the text that is built, from 1, in order.
    pub lines: Vec<usize>,
}

const LINE: &str = "line ";

impl Additions {
    /// What a builder says, as it would say it of the user's own Dockerfile.
    pub fn unsaid(&self, said: &str) -> String {
        let mut said = said.to_owned();
        for text in &self.texts {
            // A builder's own spelling may have other blanks.
            said = said.replace(text.as_str(), "").replace(&format!("{} ", text.trim()), "");
        }
        if self.lines.is_empty() || !said.contains("parse error") {
            return said;
        }
        self.renumbered(&said)
    }

    fn renumbered(&self, said: &str) -> String {
        let mut parts = said.split(LINE);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            let (number, rest) = part.split_at(digits);
            let number = number.parse().map_or_else(|_| number.to_owned(), |number| self.line(number).to_string());
            out = format!("{out}{LINE}{number}{rest}");
        }
        out
    }

    /// A line of the text that is built, as the user's file counts.
    fn line(&self, built: usize) -> usize {
        built - self.lines.iter().filter(|line| **line < built).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_builders_words_are_of_the_users_file() {
        let additions = Additions { texts: vec![" --mount=x".to_owned()], lines: vec![2, 8] };
        assert_eq!(additions.unsaid("[2/3] RUN --mount=x make"), "[2/3] RUN make");
        assert_eq!(additions.unsaid("[2/3] RUN  --mount=x make"), "[2/3] RUN  make");
        let error = "dockerfile parse error line 9: unknown instruction: FRM";
        assert_eq!(additions.unsaid(error), "dockerfile parse error line 7: unknown instruction: FRM");
        assert_eq!(additions.unsaid("parse error on line 1: in line x"), "parse error on line 1: in line x");
        assert_eq!(additions.unsaid("main.c: line 9"), "main.c: line 9", "a compiler's word is its own");
        assert_eq!(Additions::default().unsaid(error), error);
    }
}
