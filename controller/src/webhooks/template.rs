//! Bodies by a template of the receiver's own: in the language of Jinja, filled in with what the JSON body has. A
//! template cannot read a file or call anything of ours, and works no longer than its fuel lasts.

use minijinja::Environment;
use minijinja::value::Serde;
use sidings_proto::webhook::WebhookBody;

/// The longest template, and what may come of it, in bytes.
const LONGEST: usize = 64 * 1024;
/// Instructions of one rendering.
const FUEL: u64 = 100_000;

/// Why a template is not kept.
pub(super) fn check(text: &str, content_type: &str) -> Result<(), String> {
    if text.len() > LONGEST {
        return Err(format!("a template has at most {} KiB", LONGEST / 1024));
    }
    if content_type.is_empty() || content_type.len() > 100 || !content_type.bytes().all(|b| (b' '..=b'~').contains(&b))
    {
        return Err("a content type is a few printable characters, such as `application/json`".to_owned());
    }
    environment().template_from_str(text).map(drop).map_err(|error| format!("the template is wrong: {error}"))
}

/// What the template makes of a body, or why it does not.
pub(super) fn fill_in(text: &str, body: &WebhookBody) -> Result<String, String> {
    let made = environment().render_str(text, Serde(body)).map_err(|error| format!("the template failed: {error}"))?;
    if made.len() > LONGEST {
        return Err(format!("the template made more than {} KiB", LONGEST / 1024));
    }
    Ok(made)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment
}
