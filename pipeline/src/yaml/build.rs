//! The parser's events -> a tree, within the limits.

use super::scalar::{Kind, Scalar};
use super::{Entry, Key, MAX_ALIASES, MAX_DEPTH, MAX_NODES, Node, Value, merge, over_limit, syntax};
use crate::diagnostic::Code;
use crate::report::{Problem, Report};
use crate::source::Span;
use crate::suggest::{did_you_mean, nearest, quoted};
use serde_saphyr::granit_parser::{self, Event, Options, Parser, ScalarStyle, Tag};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The tree of a text, as far as it is one.
pub(super) fn tree<'t>(text: &'t str, report: &mut Report) -> Option<Node<'t>> {
    let mut builder = Builder { report, stack: Vec::new(), anchors: Anchors::default(), nodes: 0, aliases: 0 };
    let mut documents = 0;
    let mut root = None;
    for event in Parser::new_from_str_with_options(text, options()) {
        match event {
            Ok((Event::DocumentStart(..), span)) if documents > 0 => {
                builder.report.add(second_document(&bytes(span)));
                return root;
            }
            Ok((Event::DocumentStart(..), _)) => documents += 1,
            Ok((event, span)) => match builder.take(event, span) {
                Ok(Some(node)) => root = Some(node),
                Ok(None) => {}
                Err(Stop) => return None,
            },
            Err(error) => {
                builder.report.add(syntax::problem(&error, text));
                return None;
            }
        }
    }
    root.or_else(|| (documents == 0).then(nothing))
}

/// What a text without a document says.
fn nothing<'t>() -> Node<'t> {
    let scalar = Scalar { text: Cow::Borrowed(""), kind: Kind::Null };
    Node { span: 0..0, value: Value::Scalar(scalar), size: 1, height: 0 }
}

fn options() -> Options {
    granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    }
}

fn second_document(span: &Span) -> Problem {
    Problem::new(Code::Syntax, span, "a second document begins here")
        .expected("the end of the file")
        .help("a pipeline file is one document; take this `---` and what follows it out")
}

fn bytes(span: granit_parser::Span) -> Span {
    span.byte_range().unwrap_or_default()
}

/// A limit was passed: nothing more is read.
struct Stop;

/// The names in scope, and what they stand for.
#[derive(Default)]
struct Anchors<'t> {
    names: BTreeMap<usize, Cow<'t, str>>,
    /// Only those that are complete: an alias inside its own anchor finds nothing.
    nodes: BTreeMap<usize, Rc<Node<'t>>>,
}

struct Builder<'t, 'r> {
    report: &'r mut Report,
    stack: Vec<Open<'t>>,
    anchors: Anchors<'t>,
    nodes: usize,
    aliases: usize,
}

/// A map or list that has not ended.
struct Open<'t> {
    span: Span,
    anchor: usize,
    refused: bool,
    content: Content<'t>,
}

enum Content<'t> {
    List(Vec<Rc<Node<'t>>>),
    /// With the key whose value comes next.
    Map(Vec<Entry<'t>>, Option<Key<'t>>),
}

impl<'t> Builder<'t, '_> {
    /// Gives the root once it is complete.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the parser's enum is open")]
    fn take(&mut self, event: Event<'t>, span: granit_parser::Span) -> Result<Option<Node<'t>>, Stop> {
        let tag_span = span.tag_span().map(bytes);
        let span = bytes(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = self.checked_tag(tag.as_deref(), tag_span);
                self.scalar(text, style, anchor, tag, span)
            }
            Event::SequenceStart(_, anchor, tag) => {
                let tag = self.checked_tag(tag.as_deref(), tag_span);
                self.open(span, anchor, tag, Content::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                let tag = self.checked_tag(tag.as_deref(), tag_span);
                self.open(span, anchor, tag, Content::Map(Vec::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&span),
            Event::Alias(id) => self.alias(id, span),
            Event::UnresolvedAlias(name) => {
                self.unknown_anchor(&name, &span);
                self.place(broken(span), 0)
            }
            Event::Anchor(id, name) => {
                self.anchors.names.insert(id, name);
                Ok(None)
            }
            // Marks of the stream and comments are no data.
            _ => Ok(None),
        }
    }

    fn scalar(
        &mut self,
        text: Cow<'t, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Tagged,
        span: Span,
    ) -> Result<Option<Node<'t>>, Stop> {
        let plain = style == ScalarStyle::Plain;
        if self.expects_key() {
            return self.key(text, plain, anchor, span);
        }
        let kind = if plain && tag == Tagged::No { Kind::of_plain(&text) } else { Kind::Text };
        let node = match tag {
            Tagged::Refused => broken(span),
            Tagged::No | Tagged::Text => Node { span, value: Value::Scalar(Scalar { text, kind }), size: 1, height: 0 },
        };
        self.place(node, anchor)
    }

    fn expects_key(&self) -> bool {
        self.stack.last().is_some_and(|open| matches!(open.content, Content::Map(_, None)))
    }

    fn key(&mut self, text: Cow<'t, str>, plain: bool, anchor: usize, span: Span) -> Result<Option<Node<'t>>, Stop> {
        if span.is_empty() {
            let problem = Problem::new(Code::Syntax, &span, "a key is missing before the `:`").expected("a key");
            self.report.add(problem.help("write a key, or put a text that begins with `:` into quotes"));
        }
        if anchor > 0 {
            let scalar = Scalar { text: text.clone(), kind: Kind::Text };
            let node = Node { span: span.clone(), value: Value::Scalar(scalar), size: 1, height: 0 };
            self.anchors.nodes.insert(anchor, Rc::new(node));
        }
        // The parser gives a key that is not written as `~`.
        let text = if span.is_empty() { Cow::Borrowed("") } else { text };
        self.set_key(Key { text, span, plain });
        Ok(None)
    }

    fn set_key(&mut self, new: Key<'t>) {
        if let Some(Open { content: Content::Map(_, key), .. }) = self.stack.last_mut() {
            *key = Some(new);
        }
    }

    fn open(&mut self, span: Span, anchor: usize, tag: Tagged, content: Content<'t>) -> Result<Option<Node<'t>>, Stop> {
        if self.stack.len() == MAX_DEPTH {
            self.report.add(syntax::too_deep(&span));
            return Err(Stop);
        }
        self.stack.push(Open { span, anchor, refused: tag == Tagged::Refused, content });
        Ok(None)
    }

    fn close(&mut self, end: &Span) -> Result<Option<Node<'t>>, Stop> {
        let Some(Open { span, anchor, refused, content }) = self.stack.pop() else { return Ok(None) };
        let (children, value) = match content {
            Content::List(items) => (measure(items.iter()), Value::List(items)),
            Content::Map(entries, _) => {
                let measured = measure(entries.iter().map(|entry| &entry.value));
                (measured, Value::Map(merge::merged(entries, self.report)))
            }
        };
        let value = if refused { Value::Broken } else { value };
        let (size, height) = children;
        self.place(Node { span: span.start..end.end, value, size: size + 1, height: height + 1 }, anchor)
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<Option<Node<'t>>, Stop> {
        self.aliases += 1;
        if self.aliases > MAX_ALIASES {
            self.report
                .add(over_limit(&span, format!("aliases are used more than {MAX_ALIASES} times; that is the limit")));
            return Err(Stop);
        }
        let Some(node) = self.anchors.nodes.get(&id).cloned() else {
            let message = "this alias stands inside of what it is an alias of";
            let help = "it would go on for ever; anchor a smaller part, or write the part out";
            self.report.add(Problem::new(Code::Syntax, &span, message).help(help));
            return self.place(broken(span), 0);
        };
        if self.stack.len() + node.height > MAX_DEPTH {
            self.report.add(syntax::too_deep(&span));
            return Err(Stop);
        }
        self.nodes += node.size;
        self.place_shared(node, &span)
    }

    fn unknown_anchor(&mut self, name: &str, span: &Span) {
        let known = self.anchors.names.values().map(Cow::as_ref);
        let help = match nearest(name, known) {
            Some(near) => did_you_mean(&format!("*{near}")),
            None => format!("give what it stands for the name with `&{name}`, before this line"),
        };
        let message = format!("there is no anchor {} above", quoted(&format!("&{name}")));
        self.report.add(Problem::new(Code::Syntax, span, message).help(help));
    }

    /// A new node, where it belongs.
    fn place(&mut self, node: Node<'t>, anchor: usize) -> Result<Option<Node<'t>>, Stop> {
        self.nodes += 1;
        if self.stack.is_empty() {
            return Ok(Some(node));
        }
        let span = node.span.clone();
        let node = Rc::new(node);
        if anchor > 0 {
            self.anchors.nodes.insert(anchor, Rc::clone(&node));
        }
        self.place_shared(node, &span)
    }

    /// A node, perhaps one that stands elsewhere as well; `span` is where it is used.
    fn place_shared(&mut self, node: Rc<Node<'t>>, span: &Span) -> Result<Option<Node<'t>>, Stop> {
        if self.nodes > MAX_NODES {
            self.report.add(over_limit(span, format!("the file has more than {MAX_NODES} values; that is the limit")));
            return Err(Stop);
        }
        if self.expects_key() {
            return self.complex_key(&node, span.clone());
        }
        match self.stack.last_mut().map(|open| &mut open.content) {
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map(entries, key)) => entries.extend(key.take().map(|key| Entry { key, value: node })),
            None => {}
        }
        Ok(None)
    }

    /// An alias of a text may be a key, nothing else that is no scalar.
    fn complex_key(&mut self, node: &Node<'t>, span: Span) -> Result<Option<Node<'t>>, Stop> {
        let text = match &node.value {
            Value::Scalar(scalar) => scalar.text.clone(),
            Value::List(_) | Value::Map(_) | Value::Broken => {
                let message = format!("a key is a text, not {}", node.kind_name());
                let problem = Problem::new(Code::Syntax, &span, message).expected("a text");
                self.report.add(problem.help("a text that begins with `?`, `[` or `{` needs quotes"));
                Cow::Borrowed("")
            }
        };
        self.set_key(Key { text, span, plain: false });
        Ok(None)
    }

    fn checked_tag(&mut self, tag: Option<&Tag>, span: Option<Span>) -> Tagged {
        let Some(tag) = tag else { return Tagged::No };
        match tag.core_suffix() {
            Some("str") => Tagged::Text,
            Some("map" | "seq") => Tagged::No,
            Some(_) | None => {
                let message = format!("tags such as {} mean nothing here", quoted(&tag.original()));
                let problem = Problem::new(Code::Syntax, &span.unwrap_or_default(), message).expected("no tag");
                self.report.add(problem.help("take it out; for a text that begins with `!` use quotes"));
                Tagged::Refused
            }
        }
    }
}

/// What a tag says of its node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tagged {
    No,
    Text,
    Refused,
}

fn broken<'t>(span: Span) -> Node<'t> {
    Node { span, value: Value::Broken, size: 1, height: 0 }
}

/// The size of all, and the greatest height.
fn measure<'n, 't: 'n>(nodes: impl Iterator<Item = &'n Rc<Node<'t>>>) -> (usize, usize) {
    nodes.fold((0, 0), |(size, height), node| (size + node.size, height.max(node.height)))
}
