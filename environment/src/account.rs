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

impl Account {
    pub(crate) fn new(inputs: Vec<Input>, unpinned: Vec<Unpinned>) -> Account {
        let mut hasher = blake3::Hasher::new();
        part(&mut hasher, FORM.as_bytes());
        for input in &inputs {
            part(&mut hasher, input.kind.as_str().as_bytes());
            part(&mut hasher, input.name.as_bytes());
            match &input.value {
                Value::Text(text) => part(&mut hasher, text.as_bytes()),
                Value::Hash(hash) => part(&mut hasher, hash),
            }
        }
        Account { key: hasher.finalize().to_hex().to_string(), inputs, unpinned }
    }
}

fn part(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}
