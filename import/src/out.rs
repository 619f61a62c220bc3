//! What is written, and how: YAML with comments, short maps and lists on one line.

/// So long may a map or a list on one line be.
const WIDTH: usize = 100;

/// A value of the new file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Out {
    Text(String),
    /// A number or truth, as it is.
    Word(String),
    List(Vec<Out>),
    /// A list with a line for each item.
    Lines(Vec<Out>),
    Map(Map),
}

/// A map, and what is said above it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Map {
    pub(crate) comments: Vec<String>,
    pub(crate) entries: Vec<(String, Out)>,
    /// A line for each key.
    pub(crate) tall: bool,
    /// An empty line between entries.
    pub(crate) airy: bool,
    /// All of it is a comment.
    pub(crate) off: bool,
}

impl From<&str> for Out {
    fn from(text: &str) -> Out {
        Out::Text(text.to_owned())
    }
}

impl From<String> for Out {
    fn from(text: String) -> Out {
        Out::Text(text)
    }
}

impl From<bool> for Out {
    fn from(truth: bool) -> Out {
        Out::Word(truth.to_string())
    }
}

impl From<u32> for Out {
    fn from(number: u32) -> Out {
        Out::Word(number.to_string())
    }
}

impl From<Map> for Out {
    fn from(map: Map) -> Out {
        Out::Map(map)
    }
}

impl From<Vec<String>> for Out {
    fn from(texts: Vec<String>) -> Out {
        Out::List(texts.into_iter().map(Out::Text).collect())
    }
}

/// One text by itself, several as a list.
pub(crate) fn one_or_list(mut texts: Vec<String>) -> Out {
    match texts.len() {
        1 => Out::Text(texts.remove(0)),
        _ => texts.into(),
    }
}

impl Map {
    pub(crate) fn tall() -> Map {
        Map { tall: true, ..Map::default() }
    }

    pub(crate) fn with(mut self, key: &str, value: impl Into<Out>) -> Map {
        self.set(key, value);
        self
    }

    pub(crate) fn set(&mut self, key: &str, value: impl Into<Out>) {
        let value = value.into();
        match self.entries.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = value,
            None => self.entries.push((key.to_owned(), value)),
        }
    }

    pub(crate) fn set_some(&mut self, key: &str, value: Option<impl Into<Out>>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }

    /// Unless it is empty.
    pub(crate) fn set_map(&mut self, key: &str, map: Map) {
        if !map.entries.is_empty() || !map.comments.is_empty() {
            self.set(key, map);
        }
    }

    pub(crate) fn insert_first(&mut self, key: &str, value: impl Into<Out>) {
        self.entries.insert(0, (key.to_owned(), value.into()));
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Out> {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

/// The text of a file.
pub(crate) fn document(top: &Map) -> String {
    let mut out = String::new();
    for comment in &top.comments {
        comment_lines(&mut out, 0, comment);
    }
    for (key, value) in &top.entries {
        out.push('\n');
        entry(&mut out, 0, "", key, value);
    }
    out
}

fn comment_lines(out: &mut String, indent: usize, comment: &str) {
    let mut line = String::new();
    let mut lines = Vec::new();
    for word in comment.split(char::is_whitespace).filter(|word| !word.is_empty()) {
        if !line.is_empty() && indent + line.chars().count() + word.chars().count() > 112 {
            lines.push(std::mem::replace(&mut line, "  ".to_owned()));
        }
        let gap = if line.trim().is_empty() { "" } else { " " };
        line.push_str(gap);
        line.extend(word.chars().map(|char| if char.is_control() { '?' } else { char }));
    }
    lines.push(line);
    for line in lines {
        out.push_str(format!("{:indent$}# {line}", "").trim_end());
        out.push('\n');
    }
}

/// `lead` stands before the key, instead of as many spaces: `- `.
fn entry(out: &mut String, indent: usize, lead: &str, key: &str, value: &Out) {
    let before = indent - lead.len();
    let head = format!("{:before$}{lead}{}:", "", self::key(key, false));
    let inner = indent + 2;
    if let Some(flow) = flow(value).filter(|flow| is_short(value) || head.len() + flow.len() < WIDTH) {
        out.push_str(&format!("{head} {flow}\n"));
        return;
    }
    match value {
        Out::Text(text) | Out::Word(text) => out.push_str(&format!("{head} {}\n", block_text(text, inner))),
        Out::List(items) | Out::Lines(items) => {
            out.push_str(&format!("{head}\n"));
            list(out, inner, items);
        }
        Out::Map(map) => {
            out.push_str(&format!("{head}\n"));
            entries(out, inner, map);
        }
    }
}

/// A scalar of one line is written on it whatever its length.
fn is_short(value: &Out) -> bool {
    matches!(value, Out::Text(_) | Out::Word(_))
}

fn entries(out: &mut String, indent: usize, map: &Map) {
    for comment in &map.comments {
        comment_lines(out, indent, comment);
    }
    for (at, (key, value)) in map.entries.iter().enumerate() {
        if map.airy && at > 0 {
            out.push('\n');
        }
        entry(out, indent, "", key, value);
    }
}

fn list(out: &mut String, indent: usize, items: &[Out]) {
    for item in items {
        match item {
            Out::Map(map) => map_item(out, indent, map),
            Out::Text(_) | Out::Word(_) | Out::List(_) | Out::Lines(_) => {
                let text = flow(item).unwrap_or_else(|| block_text(text_of(item), indent + 2));
                out.push_str(&format!("{:indent$}- {text}\n", ""));
            }
        }
    }
}

fn text_of(item: &Out) -> &str {
    match item {
        Out::Text(text) | Out::Word(text) => text,
        Out::List(_) | Out::Lines(_) | Out::Map(_) => "",
    }
}

fn map_item(out: &mut String, indent: usize, map: &Map) {
    for comment in &map.comments {
        comment_lines(out, indent, comment);
    }
    let mut written = String::new();
    let short = Map { comments: Vec::new(), ..map.clone() };
    match flow(&Out::Map(short)) {
        Some(flow) if indent + flow.len() < WIDTH => written.push_str(&format!("{:indent$}- {flow}\n", "")),
        Some(_) | None => {
            for (at, (key, value)) in map.entries.iter().enumerate() {
                entry(&mut written, indent + 2, if at == 0 { "- " } else { "" }, key, value);
            }
        }
    }
    if !map.off {
        out.push_str(&written);
        return;
    }
    for line in written.lines() {
        out.push_str(format!("{:indent$}# {}", "", line.get(indent..).unwrap_or_default()).trim_end());
        out.push('\n');
    }
}

/// On one line, if it can be.
fn flow(value: &Out) -> Option<String> {
    match value {
        Out::Word(word) => Some(word.clone()),
        Out::Text(text) if text.contains('\n') && !needs_escapes(text) => None,
        Out::Text(text) => Some(scalar(text, false)),
        Out::Lines(items) => items.is_empty().then(|| "[]".to_owned()),
        Out::List(items) => Some(format!("[{}]", flow_all(items.iter().map(flow_inner))?)),
        Out::Map(map) if map.tall || map.airy || !map.comments.is_empty() => None,
        Out::Map(map) if map.entries.is_empty() => Some("{}".to_owned()),
        Out::Map(map) => {
            let pair = |(key, value): &(String, Out)| Some(format!("{}: {}", self::key(key, true), flow_inner(value)?));
            Some(format!("{{ {} }}", flow_all(map.entries.iter().map(pair))?))
        }
    }
}

fn flow_inner(value: &Out) -> Option<String> {
    match value {
        Out::Text(text) if text.contains('\n') => None,
        Out::Text(text) => Some(scalar(text, true)),
        Out::Word(_) | Out::List(_) | Out::Lines(_) | Out::Map(_) => flow(value),
    }
}

fn flow_all(items: impl Iterator<Item = Option<String>>) -> Option<String> {
    Some(items.collect::<Option<Vec<_>>>()?.join(", "))
}

/// A text of several lines, `|` and what follows it.
fn block_text(text: &str, indent: usize) -> String {
    let (sign, body) = match text.strip_suffix('\n') {
        Some(body) => ("|", body),
        None => ("|-", text),
    };
    let line = |line: &str| if line.is_empty() { String::new() } else { format!("{:indent$}{line}", "") };
    format!("{sign}\n{}", body.split('\n').map(line).collect::<Vec<_>>().join("\n"))
}

/// What a block cannot hold as it is.
fn needs_escapes(text: &str) -> bool {
    let control = text.chars().any(|char| char.is_control() && char != '\n' && char != '\t' || char == '\u{feff}');
    let first = text.lines().find(|line| !line.trim().is_empty());
    let blank = text.lines().any(|line| !line.is_empty() && line.trim().is_empty());
    control
        || blank
        || text.ends_with("\n\n")
        || text == "\n"
        || first.is_none_or(|line| line.starts_with([' ', '\t']))
        || text.starts_with('\n')
}

fn scalar(text: &str, in_flow: bool) -> String {
    if is_plain(text, in_flow) {
        return text.to_owned();
    }
    let printable = !text.chars().any(|char| char.is_control() || char == '\u{feff}');
    let quotes = text.contains(['"', '\\']);
    if printable && !quotes {
        return format!("\"{text}\"");
    }
    if printable {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let escaped: String = text.chars().map(escape).collect();
    format!("\"{escaped}\"")
}

fn escape(char: char) -> String {
    match char {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        char if char.is_control() || char == '\u{feff}' => format!("\\U{:08x}", u32::from(char)),
        char => char.to_string(),
    }
}

/// `on` is a text in YAML 1.2, and a key of this language.
fn key(text: &str, in_flow: bool) -> String {
    if text == "on" { text.to_owned() } else { scalar(text, in_flow) }
}

/// Whether it is that text without quotes.
fn is_plain(text: &str, in_flow: bool) -> bool {
    let first = |char: char| {
        char.is_alphanumeric()
            || "/._$(+".contains(char)
            || char == '-' && text.len() > 1 && !text.starts_with("- ") && !text.starts_with("---")
    };
    let inside = |char: char| !char.is_control() && char != '\u{feff}' && !(in_flow && ",[]{}".contains(char));
    let flow_unsafe = in_flow && text.starts_with(['$', '(']) && text.contains(['{', '}']);
    text.starts_with(first)
        && text.chars().all(inside)
        && !flow_unsafe
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && !(in_flow && text.contains(':') && text.contains("://").eq(&false))
        && !is_other_kind(text)
}

/// Whether YAML would take it for a number, a truth or nothing, or people would.
fn is_other_kind(text: &str) -> bool {
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let number = text.starts_with(|char: char| char.is_ascii_digit() || "+-.".contains(char))
        && text.chars().all(|char| char.is_ascii_hexdigit() || "+-._xo".contains(char));
    number && text.chars().any(|char| char.is_ascii_digit()) && text.parse::<f64>().is_ok()
        || number && (text.starts_with("0x") || text.starts_with("0o"))
        || matches!(text, ".inf" | ".nan" | "..." | "-.inf")
        || words.contains(&text.to_ascii_lowercase().as_str())
}
