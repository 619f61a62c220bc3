//! YAML text -> a tree. The only part that knows the parser.
//!
//! The pipeline's own reader refuses what its language has not: tags, several documents, keys that stand twice. Here
//! these are other people's, and are kept (a tag) or told (the rest). Scalars stay as they are written, so that
//! `3.10` is `3.10`; anchors, aliases and merge keys are gone in the tree.

use crate::Unreadable;
use serde_saphyr::granit_parser::{self, Event, Options, Parser, ScalarStyle, Tag};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A file's size in bytes.
const MAX_BYTES: usize = 1024 * 1024;
/// Maps and lists within one another.
const MAX_DEPTH: usize = 64;
/// Values, aliases counted as what they stand for.
const MAX_NODES: usize = 100_000;

/// A value and its place.
#[derive(Debug)]
pub(crate) struct Node {
    /// From 1.
    pub(crate) line: usize,
    /// `!reference`.
    pub(crate) tag: Option<String>,
    pub(crate) value: Value,
    size: usize,
    height: usize,
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum Value {
    Nothing,
    Text(String),
    List(Vec<Rc<Node>>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) line: usize,
    pub(crate) value: Rc<Node>,
}

impl Node {
    pub(crate) fn new(line: usize, value: Value) -> Node {
        let inside: Vec<&Rc<Node>> = match &value {
            Value::Nothing | Value::Text(_) => Vec::new(),
            Value::List(items) => items.iter().collect(),
            Value::Map(entries) => entries.iter().map(|entry| &entry.value).collect(),
        };
        let size = 1 + inside.iter().map(|node| node.size).sum::<usize>();
        let height = 1 + inside.iter().map(|node| node.height).max().unwrap_or(0);
        Node { line, tag: None, value, size, height }
    }

    pub(crate) fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            Value::Nothing | Value::Text(_) | Value::List(_) => None,
        }
    }

    pub(crate) fn items(&self) -> Option<&[Rc<Node>]> {
        match &self.value {
            Value::List(items) => Some(items),
            Value::Nothing | Value::Text(_) | Value::Map(_) => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Nothing | Value::List(_) | Value::Map(_) => None,
        }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self.value, Value::Nothing)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Rc<Node>> {
        self.entries()?.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }
}

/// A text as a tree.
pub(crate) struct Read {
    pub(crate) root: Rc<Node>,
    /// Line, path and words of what is not in the tree.
    pub(crate) oddities: Vec<(usize, String, String)>,
}

/// The last document of a text; what stands before it (GitLab's `spec`) is an oddity.
pub(crate) fn read(text: &str) -> Result<Read, Unreadable> {
    if text.len() > MAX_BYTES {
        return Err(Unreadable { line: 1, message: format!("the file has {} bytes; the limit is 1 MiB", text.len()) });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder::new(text);
    for event in Parser::new_from_str_with_options(text, options()) {
        match event {
            Ok((event, span)) => builder.take(event, span)?,
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or_default();
                return Err(Unreadable {
                    line: builder.line_at(at),
                    message: format!("this is not YAML: {}", error.kind()),
                });
            }
        }
    }
    builder.finish()
}

fn options() -> Options {
    granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: false,
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    }
}

struct Builder {
    /// Where lines begin.
    lines: Vec<usize>,
    stack: Vec<Open>,
    anchors: BTreeMap<usize, Rc<Node>>,
    nodes: usize,
    documents: Vec<Rc<Node>>,
    oddities: Vec<(usize, String, String)>,
}

/// A map or list that has not ended.
struct Open {
    line: usize,
    anchor: usize,
    tag: Option<String>,
    content: Content,
}

enum Content {
    List(Vec<Rc<Node>>),
    /// With the key whose value comes next.
    Map(Vec<Entry>, Option<(String, usize)>),
}

impl Builder {
    fn new(text: &str) -> Builder {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let (anchors, stack, documents, oddities) = (BTreeMap::new(), Vec::new(), Vec::new(), Vec::new());
        Builder { lines, stack, anchors, nodes: 0, documents, oddities }
    }

    fn line_at(&self, byte: usize) -> usize {
        self.lines.partition_point(|start| *start <= byte)
    }

    fn finish(mut self) -> Result<Read, Unreadable> {
        let root = self.documents.pop();
        for before in &self.documents {
            let what = "a document of its own before the pipeline is not read".to_owned();
            self.oddities.push((before.line, "the first document".to_owned(), what));
        }
        let root = root.unwrap_or_else(|| Rc::new(Node::new(1, Value::Nothing)));
        Ok(Read { root, oddities: self.oddities })
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the parser's enum is open; marks of the stream are no data")]
    fn take(&mut self, event: Event<'_>, span: granit_parser::Span) -> Result<(), Unreadable> {
        let line = self.line_at(span.byte_range().unwrap_or_default().start);
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), line),
            Event::SequenceStart(_, anchor, tag) => {
                self.open(line, anchor, tag.as_deref(), Content::List(Vec::new()));
                Ok(())
            }
            Event::MappingStart(_, anchor, tag) => {
                self.open(line, anchor, tag.as_deref(), Content::Map(Vec::new(), None));
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(id) => match self.anchors.get(&id).cloned() {
                Some(node) => self.place(node, 0, line),
                None => {
                    Err(Unreadable { line, message: "this alias stands inside of what it is an alias of".to_owned() })
                }
            },
            Event::UnresolvedAlias(name) => {
                Err(Unreadable { line, message: format!("there is no anchor `&{name}` above") })
            }
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        line: usize,
    ) -> Result<(), Unreadable> {
        let nothing = style == ScalarStyle::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL");
        if let Some(Open { content: Content::Map(_, key @ None), .. }) = self.stack.last_mut() {
            *key = Some((text.to_owned(), line));
            if anchor > 0 {
                self.anchors.insert(anchor, Rc::new(Node::new(line, Value::Text(text.to_owned()))));
            }
            return Ok(());
        }
        let mut node = Node::new(line, if nothing { Value::Nothing } else { Value::Text(text.to_owned()) });
        node.tag = own_tag(tag);
        self.place(Rc::new(node), anchor, line)
    }

    fn open(&mut self, line: usize, anchor: usize, tag: Option<&Tag>, content: Content) {
        self.stack.push(Open { line, anchor, tag: own_tag(tag), content });
    }

    fn close(&mut self) -> Result<(), Unreadable> {
        let Some(Open { line, anchor, tag, content }) = self.stack.pop() else { return Ok(()) };
        let value = match content {
            Content::List(items) => Value::List(items),
            Content::Map(entries, _) => Value::Map(self.merged(entries)),
        };
        let mut node = Node::new(line, value);
        node.tag = tag;
        self.place(Rc::new(node), anchor, line)
    }

    fn place(&mut self, node: Rc<Node>, anchor: usize, line: usize) -> Result<(), Unreadable> {
        self.nodes += node.size;
        if self.nodes > MAX_NODES * 8 || node.size > MAX_NODES || self.stack.len() + node.height > MAX_DEPTH {
            return Err(Unreadable { line, message: "the file is larger, or deeper, than any pipeline".to_owned() });
        }
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        match self.stack.last_mut().map(|open| &mut open.content) {
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map(entries, key)) => match key.take() {
                Some((key, line)) => entries.push(Entry { key, line, value: node }),
                None => *key = Some((node.text().unwrap_or("?").to_owned(), line)),
            },
            None => self.documents.push(node),
        }
        Ok(())
    }

    /// A map's own keys, the last of those that stand twice, and those of the maps it merges.
    fn merged(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let (merges, mut own): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| entry.key == "<<");
        let mut at = 0;
        while at < own.len() {
            let again = own[at + 1..].iter().any(|later| later.key == own[at].key);
            if again {
                let first = own.remove(at);
                let what = "the key stands twice in its map; the last one counts".to_owned();
                self.oddities.push((first.line, first.key, what));
            } else {
                at += 1;
            }
        }
        for merge in merges {
            let maps = merge.value.items().map_or_else(|| vec![Rc::clone(&merge.value)], <[Rc<Node>]>::to_vec);
            for map in maps {
                let Some(entries) = map.entries() else {
                    self.oddities.push((merge.line, "<<".to_owned(), "only a map can be merged".to_owned()));
                    continue;
                };
                let new = entries.iter().filter(|entry| own.iter().all(|mine| mine.key != entry.key));
                own.extend(new.cloned().collect::<Vec<_>>());
            }
        }
        own
    }
}

/// A tag that is not one of YAML itself.
fn own_tag(tag: Option<&Tag>) -> Option<String> {
    let tag = tag?;
    tag.core_suffix().is_none().then(|| tag.original().to_string())
}
