//! What went into a key, one by one, and the key itself: a hash over a canonical form in which every part carries its
//! name and its length, so that no two inputs can be spelled the same.

use crate::unpinned::Unpinned;

/// Changes when the form does; then every key does.
const FORM: &str = "sidings image key, form 2";

/// One thing that the image depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// What it is.
    pub kind: Kind,
    /// Which one of them, empty where there is only one.
    pub name: String,
    /// What it is worth.
    pub value: Value,
    /// The line of the Dockerfile that makes it count, from 1; none where it always does.
    pub line: Option<usize>,
}

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What is built for.
    Platform,
    /// The time after which it is built anew.
    Period,
    /// The frontend that the Dockerfile names.
    Frontend,
    /// A directive of the Dockerfile.
    Directive,
    /// A stage that is reached, by its number among those.
    Stage,
    /// An instruction, by the number of its stage.
    Instruction,
    /// What an instruction copies or mounts from.
    Origin,
    /// A build argument that a reached stage takes up.
    Argument,
    /// Which of the stages is built.
    Target,
    /// A base image and what it is.
    Base,
    /// The reason why everything counts.
    Widened,
    /// The whole Dockerfile, when everything counts.
    Text,
    /// A folder of the context.
    Folder,
    /// A file of the context.
    File,
    /// A file that its owner may execute.
    Program,
    /// A symbolic link.
    Link,
}

/// What an input is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text that is compared as it is.
    Text(String),
    /// The hash of a content.
    Hash([u8; 32]),
}

/// The key of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weight {
    /// 64 hex digits.
    pub key: String,
    /// What the image depends on and no commit says.
    pub unpinned: Vec<Unpinned>,
}

/// The key of an environment and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// 64 hex digits.
    pub key: String,
    /// What went into it, in the order in which it did.
    pub inputs: Vec<Input>,
    /// What the image depends on and no commit says.
    pub unpinned: Vec<Unpinned>,
}

impl Kind {
    /// Its name in the key and in what people see.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Platform => "platform",
            Kind::Period => "period",
            Kind::Frontend => "frontend",
            Kind::Directive => "directive",
            Kind::Stage => "stage",
            Kind::Instruction => "instruction",
            Kind::Origin => "origin",
            Kind::Argument => "argument",
            Kind::Target => "target",
            Kind::Base => "base",
            Kind::Widened => "widened",
            Kind::Text => "dockerfile",
            Kind::Folder => "folder",
            Kind::File => "file",
            Kind::Program => "program",
            Kind::Link => "link",
        }
    }
}

impl Value {
    /// As people see it: text as it is, 64 hex digits for a hash.
    pub fn shown(&self) -> String {
        match self {
            Value::Text(text) => text.clone(),
            Value::Hash(hash) => blake3::Hash::from_bytes(*hash).to_hex().to_string(),
        }
    }
}

/// The canonical form, which grows by one input at a time. Small parts are hashed together: there are tens of thousands.
pub(crate) struct Form {
    hasher: blake3::Hasher,
    waiting: Vec<u8>,
}

/// Bytes that wait to be hashed.
const WAITING_MOST: usize = 64 * 1024;

impl Form {
    pub(crate) fn new() -> Form {
        let mut form = Form { hasher: blake3::Hasher::new(), waiting: Vec::with_capacity(2 * WAITING_MOST) };
        form.part(FORM.as_bytes());
        form
    }

    /// Takes one input; its value is a text's bytes or a hash.
    pub(crate) fn put(&mut self, kind: Kind, name: &[u8], value: &[u8]) {
        self.part(kind.as_str().as_bytes());
        self.part(name);
        self.part(value);
    }

    fn part(&mut self, bytes: &[u8]) {
        self.waiting.extend((bytes.len() as u64).to_le_bytes());
        self.waiting.extend(bytes);
        if self.waiting.len() > WAITING_MOST {
            self.hasher.update(&self.waiting);
            self.waiting.clear();
        }
    }

    /// The key.
    pub(crate) fn finish(mut self) -> String {
        self.hasher.update(&self.waiting);
        self.hasher.finalize().to_hex().to_string()
    }
}
