//! What a person pressed.

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};

/// A key, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    /// To the next part of the screen, or the one before.
    Next,
    Before,
    Enter,
    Escape,
    Erase,
    Letter(char),
    Interrupt,
}

/// The key of an event, if it is one's.
#[expect(clippy::wildcard_enum_match_arm, reason = "keys that there will be mean nothing here either")]
pub(super) fn of(event: &Event) -> Option<Key> {
    let key = event.as_key_event().filter(|key| key.kind != KeyEventKind::Release)?;
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char('c') if control => Key::Interrupt,
        KeyCode::Char('u' | 'b') if control => Key::PageUp,
        KeyCode::Char('d' | 'f') if control => Key::PageDown,
        KeyCode::Char(_) if control => return None,
        KeyCode::Char(letter) => Key::Letter(letter),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Tab => Key::Next,
        KeyCode::BackTab => Key::Before,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Backspace => Key::Erase,
        _ => return None,
    })
}
