//! The expressions of `if`, as GitLab and GitHub have them, to where they are a tree.
//!
//! What they have in common is read: `&&`, `||`, `!`, parentheses, comparisons, calls. Anything else is none.

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    /// Whether the two are (`true`) to be the same.
    Compare(Operand, bool, Operand),
    /// `=~` or, with `false`, `!~`.
    Matches(Operand, bool, String),
    Call(String, Vec<Operand>),
    Bare(Operand),
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// `'text'`, a number.
    Text(String),
    /// `$CI_COMMIT_BRANCH` without its `$`, `github.ref`.
    Name(String),
    Null,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Operand(Operand),
    Regex(String),
    Sign(&'static str),
}

/// Longer is nothing a person reads, and a tree too deep to walk.
const LONGEST: usize = 4096;

/// The tree of an expression.
pub(crate) fn parse(text: &str) -> Option<Expr> {
    if text.len() > LONGEST {
        return None;
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let expr = parser.or()?;
    (parser.at == parser.tokens.len()).then_some(expr)
}

const SIGNS: [&str; 11] = ["&&", "||", "==", "!=", "=~", "!~", "!", "(", ")", ",", "not "];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut rest = text.trim_start();
    let mut tokens = Vec::new();
    while !rest.is_empty() {
        let (token, after) = token(rest, tokens.last())?;
        tokens.push(token);
        rest = after.trim_start();
    }
    Some(tokens)
}

fn token<'t>(rest: &'t str, before: Option<&Token>) -> Option<(Token, &'t str)> {
    if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
        return Some((Token::Sign(if sign == "not " { "!" } else { sign }), &rest[sign.len()..]));
    }
    let quote = rest.chars().next()?;
    if quote == '\'' || quote == '"' {
        let (text, after) = rest[1..].split_once(quote)?;
        return Some((Token::Operand(Operand::Text(text.to_owned())), after));
    }
    if quote == '/' && matches!(before, Some(Token::Sign("=~" | "!~"))) {
        let end = end_of_regex(&rest[1..])?;
        return Some((Token::Regex(rest[1..=end].to_owned()), &rest[end + 2..]));
    }
    let word = rest.strip_prefix('$').unwrap_or(rest);
    let word = word.strip_prefix('{').filter(|_| rest.starts_with('$')).unwrap_or(word);
    let end = word.find(|char: char| !char.is_ascii_alphanumeric() && !"_.-".contains(char)).unwrap_or(word.len());
    let (name, mut after) = word.split_at(end);
    if rest.starts_with("${") {
        after = after.strip_prefix('}')?;
    }
    let operand = match name {
        "" => return None,
        "null" => Operand::Null,
        name if name.starts_with(|char: char| char.is_ascii_digit()) || matches!(name, "true" | "false") => {
            Operand::Text(name.to_owned())
        }
        name => Operand::Name(name.to_owned()),
    };
    Some((Token::Operand(operand), after))
}

/// Where the slash is that ends it, before its flags; flags but none are not understood.
fn end_of_regex(text: &str) -> Option<usize> {
    let mut escaped = false;
    let end = text.char_indices().find(|(_, char)| {
        let ends = *char == '/' && !escaped;
        escaped = *char == '\\' && !escaped;
        ends
    });
    let (end, _) = end?;
    (!text[end + 1..].starts_with(|char: char| char.is_ascii_alphanumeric())).then_some(end)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn skip(&mut self, sign: &'static str) -> bool {
        let is_there = self.tokens.get(self.at) == Some(&Token::Sign(sign));
        self.at += usize::from(is_there);
        is_there
    }

    fn or(&mut self) -> Option<Expr> {
        let mut left = self.and()?;
        while self.skip("||") {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Some(left)
    }

    fn and(&mut self) -> Option<Expr> {
        let mut left = self.not()?;
        while self.skip("&&") {
            left = Expr::And(Box::new(left), Box::new(self.not()?));
        }
        Some(left)
    }

    fn not(&mut self) -> Option<Expr> {
        self.depth += 1;
        if self.depth > 64 {
            return None;
        }
        let expr = if self.skip("!") { Some(Expr::Not(Box::new(self.not()?))) } else { self.comparison() };
        self.depth -= 1;
        expr
    }

    fn comparison(&mut self) -> Option<Expr> {
        if self.skip("(") {
            let inner = self.or()?;
            return self.skip(")").then_some(inner);
        }
        let left = self.operand()?;
        if let (Operand::Name(name), true) = (&left, self.skip("(")) {
            return Some(Expr::Call(name.clone(), self.arguments()?));
        }
        let is_same = self.skip("==");
        if is_same || self.skip("!=") {
            return Some(Expr::Compare(left, is_same, self.operand()?));
        }
        let is_match = self.skip("=~");
        if is_match || self.skip("!~") {
            let Some(Token::Regex(regex)) = self.tokens.get(self.at).cloned() else { return None };
            self.at += 1;
            return Some(Expr::Matches(left, is_match, regex));
        }
        Some(Expr::Bare(left))
    }

    fn arguments(&mut self) -> Option<Vec<Operand>> {
        let mut all = Vec::new();
        while !self.skip(")") {
            all.push(self.operand()?);
            if !self.skip(",") && self.tokens.get(self.at) != Some(&Token::Sign(")")) {
                return None;
            }
        }
        Some(all)
    }

    fn operand(&mut self) -> Option<Operand> {
        let Some(Token::Operand(operand)) = self.tokens.get(self.at).cloned() else { return None };
        self.at += 1;
        Some(operand)
    }
}

/// The condition that an expression says, its atoms as an origin knows them.
pub(crate) fn condition(
    expr: &Expr,
    atom: &mut dyn FnMut(&Expr) -> Option<crate::condition::Any>,
) -> Option<crate::condition::Any> {
    match expr {
        Expr::And(left, right) => condition(left, atom)?.and(&condition(right, atom)?),
        Expr::Or(left, right) => condition(left, atom)?.or(condition(right, atom)?),
        Expr::Not(inner) => match atom(expr) {
            Some(known) => Some(known),
            None => condition(inner, atom)?.negated(),
        },
        Expr::Compare(left, false, right) => atom(&Expr::Compare(left.clone(), true, right.clone()))?.negated(),
        Expr::Matches(left, false, regex) => atom(&Expr::Matches(left.clone(), true, regex.clone()))?.negated(),
        Expr::Compare(..) | Expr::Matches(..) | Expr::Call(..) | Expr::Bare(_) => atom(expr),
    }
}
