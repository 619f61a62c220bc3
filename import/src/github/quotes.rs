//! Where in a shell's script a text stands: what is written within single quotes, or in a here-document whose end is
//! quoted, the shell does not replace. `case … )` within `$( )` is not understood; it is taken for the end of that.

/// What a variable written at a place comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Its value.
    Open,
    /// Itself, but quotes can be ended and begun again.
    Quoted,
    /// Itself.
    Dead,
}

#[derive(Clone, Debug)]
enum State {
    Single,
    Double,
    Comment,
    Substitution,
    /// A here-document: its end, whether that was quoted, and whether tabs go before it.
    Document(String, bool, bool),
}

/// A script as far as it was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Quotes {
    open: Vec<State>,
    /// Here-documents that begin with the next line.
    next: Vec<State>,
    line: String,
}

impl Quotes {
    pub(super) fn place(&self) -> Place {
        match self.open.last() {
            Some(State::Single) => Place::Quoted,
            Some(State::Document(_, true, _)) => Place::Dead,
            Some(State::Double | State::Comment | State::Substitution | State::Document(..)) | None => Place::Open,
        }
    }

    /// Goes over more of the script; what stands for an expression is not part of it.
    pub(super) fn read(&mut self, text: &str) {
        let mut rest = text;
        while let Some(char) = rest.chars().next() {
            let length = self.step(char, rest);
            self.line.push_str(&rest[..length]);
            rest = &rest[length..];
            if char == '\n' {
                self.line.clear();
            }
        }
    }

    /// How much of the text was looked at.
    fn step(&mut self, char: char, rest: &str) -> usize {
        if char == '\n' {
            self.end_of_line();
            return 1;
        }
        let escaped = || 1 + rest[1..].chars().next().filter(|next| *next != '\n').map_or(0, char::len_utf8);
        match (self.open.last(), char) {
            (Some(State::Document(..) | State::Comment), _) => char.len_utf8(),
            (Some(State::Single), '\'') | (Some(State::Double), '"') | (Some(State::Substitution), ')') => {
                self.open.pop();
                1
            }
            (Some(State::Single), _) => char.len_utf8(),
            (_, '\\') => escaped(),
            (_, '$') if rest.starts_with("$(") => self.begin(State::Substitution, 2),
            (Some(State::Double), _) => char.len_utf8(),
            (_, '\'') => self.begin(State::Single, 1),
            (_, '"') => self.begin(State::Double, 1),
            (Some(State::Substitution), '(') => self.begin(State::Substitution, 1),
            (_, '#') if self.line.is_empty() || self.line.ends_with([' ', '\t', ';']) => self.begin(State::Comment, 1),
            (_, '<') if rest.starts_with("<<<") => 3,
            (_, '<') if rest.starts_with("<<") => self.document(rest),
            _ => char.len_utf8(),
        }
    }

    fn begin(&mut self, state: State, length: usize) -> usize {
        self.open.push(state);
        length
    }

    fn document(&mut self, rest: &str) -> usize {
        let strips = rest.starts_with("<<-");
        let after = rest[2 + usize::from(strips)..].trim_start_matches([' ', '\t']);
        let end = after.find(|char: char| char.is_whitespace() || ";|&<>()".contains(char)).unwrap_or(after.len());
        let word = &after[..end];
        let name: String = word.chars().filter(|char| !"'\"\\".contains(*char)).collect();
        if !name.is_empty() && !name.starts_with(|char: char| char.is_ascii_digit()) {
            let is_quoted = name.len() != word.len();
            self.next.push(State::Document(name, is_quoted, strips));
        }
        rest.len() - after.len() + end
    }

    fn end_of_line(&mut self) {
        if let Some(State::Document(end, _, strips)) = self.open.last() {
            let line = if *strips { self.line.trim_start_matches('\t') } else { &self.line };
            if line == end {
                self.open.pop();
            }
            return;
        }
        if let Some(State::Comment) = self.open.last() {
            self.open.pop();
        }
        // The first of several is read first.
        if !self.next.is_empty() {
            self.open.extend(self.next.drain(..).rev());
        }
    }
}
