//! What every page has around it: the files it needs, where one can go, who is signed in.

use super::assets::Files;
use super::caller::Visitor;

/// What the frame of a page is filled in with.
pub(super) struct Shell {
    pub(super) files: Files,
    /// Which entry of the navigation this page is under.
    pub(super) here: &'static str,
    pub(super) name: String,
    pub(super) role: &'static str,
    /// What its forms hold.
    pub(super) form: String,
}

impl Shell {
    pub(super) fn of(visitor: &Visitor, here: &'static str) -> Self {
        let (name, role) = (visitor.name.clone(), visitor.role.as_str());
        Self { files: Files, here, name, role, form: visitor.form_token() }
    }
}
