//! Server-sent events out of bytes that come in pieces.

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// Its name; `message` when it has none.
    pub(super) name: String,
    /// Its data lines, joined.
    pub(super) data: String,
}

/// What has come of an event that is not whole yet.
#[derive(Debug, Default)]
pub(super) struct Parser {
    partial: Vec<u8>,
    name: Option<String>,
    data: Option<String>,
}

impl Parser {
    /// Takes bytes and gives the events that are whole with them. Comments, ids and retry times are passed over.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.partial.extend_from_slice(bytes);
        let Some(end) = self.partial.iter().rposition(|b| *b == b'\n') else { return Vec::new() };
        let rest = self.partial.split_off(end + 1);
        let lines = std::mem::replace(&mut self.partial, rest);
        let lines = String::from_utf8_lossy(&lines);
        lines.lines().filter_map(|line| self.line(line)).collect()
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let name = self.name.take().unwrap_or_else(|| "message".to_owned());
            return self.data.take().map(|data| Event { name, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.name = Some(value.to_owned()),
            "data" => match &mut self.data {
                Some(data) => *data = format!("{data}\n{value}"),
                None => self.data = Some(value.to_owned()),
            },
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        ": hello\n\nevent: run\ndata: {\"a\":\ndata:  1}\nid: 5\n\nevent: other\r\ndata: x\r\n\r\ndata\n\nevent: run\n";

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn events_come_out_whole_however_the_bytes_are_cut() {
        let expected = vec![event("run", "{\"a\":\n 1}"), event("other", "x"), event("message", "")];
        for size in 1..TEXT.len() {
            let mut parser = Parser::default();
            let events: Vec<Event> = TEXT.as_bytes().chunks(size).flat_map(|piece| parser.push(piece)).collect();
            assert_eq!(events, expected, "pieces of {size}");
        }
    }
}
