//! Server-sent events as the standard has a reader take them (HTML, 9.2.6): what it does not know
//! it ignores. `sse-stream` stops there, and so would a check of a server that is right.

use std::io::{self, Cursor};

use futures::future::ready;
use futures::stream::{BoxStream, Stream, StreamExt};
use rmcp::transport::streamable_http_client::SseError;
use sse_stream::{Sse, SseStream};

/// The events of type `message`, which are all that MCP has.
pub fn messages<B>(
    bytes: impl Stream<Item = io::Result<B>> + Send + 'static,
) -> BoxStream<'static, Result<Sse, SseError>>
where
    B: AsRef<[u8]> + Send + 'static,
{
    let mut known = Known::default();
    let bytes = bytes.map(move |chunk| Ok::<_, io::Error>(known.of(chunk?.as_ref())));
    SseStream::from_bytes_stream(bytes)
        .filter(|event| ready(event.as_ref().map_or(true, is_message)))
        .boxed()
}

fn is_message(event: &Sse) -> bool {
    matches!(event.event.as_deref(), None | Some("" | "message"))
}

/// Leaves out the lines that mean nothing, however they are cut into chunks.
#[derive(Default)]
struct Known {
    line: Vec<u8>,
    /// The fields of the event so far that have one value.
    given: Vec<Field>,
    /// What became of the line before, if a CR has ended it: an LF belongs to it.
    ended: Option<End>,
}

#[derive(Clone, Copy)]
enum End {
    Kept,
    LeftOut,
}

#[derive(Clone, Copy, PartialEq)]
enum Field {
    Event,
    Id,
    Retry,
}

impl Known {
    /// What of this chunk, and of the line that it goes on with, is known.
    fn of(&mut self, chunk: &[u8]) -> Cursor<Vec<u8>> {
        let mut known = Vec::with_capacity(chunk.len());
        for &byte in chunk {
            let before = std::mem::take(&mut self.ended);
            match (byte, before) {
                // The rest of a CR LF.
                (b'\n', Some(End::Kept)) => known.push(byte),
                (b'\n', Some(End::LeftOut)) => (),
                (b'\n' | b'\r', _) => {
                    let line = std::mem::take(&mut self.line);
                    let kept = self.means_something(&line);
                    if kept {
                        known.extend_from_slice(&line);
                        known.push(byte);
                    }
                    let end = if kept { End::Kept } else { End::LeftOut };
                    self.ended = (byte == b'\r').then_some(end);
                }
                _ => self.line.push(byte),
            }
        }
        Cursor::new(known)
    }

    fn means_something(&mut self, line: &[u8]) -> bool {
        if line.is_empty() {
            self.given.clear();
            return true;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            return false;
        };
        let (name, value) = line.split_at(colon);
        let field = match without_mark(name) {
            b"" | b"data" => return true,
            b"event" => Field::Event,
            b"id" => Field::Id,
            b"retry" if value[1..].trim_ascii().iter().all(u8::is_ascii_digit) => Field::Retry,
            _ => return false,
        };
        let first = !self.given.contains(&field);
        self.given.push(field);
        first
    }
}

/// A stream may begin with a byte order mark.
fn without_mark(name: &[u8]) -> &[u8] {
    name.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    async fn data_of<'c>(chunks: impl Iterator<Item = &'c [u8]>) -> Vec<String> {
        let chunks: Vec<_> = chunks.map(|chunk| Ok(chunk.to_vec())).collect();
        let events = messages(stream::iter(chunks));
        let data = events.map(|event| event.unwrap().data.unwrap_or_default());
        data.collect().await
    }

    #[tokio::test]
    async fn what_the_standard_does_not_know_is_ignored() {
        let lines = [
            "\u{feff}: hello",
            "retry: soon",
            "no colon",
            "color: blue",
            "event: ping",
            "data: 1",
            "",
            "event: message",
            "event: message",
            "retry: 10",
            "id: 7",
            "data: 2",
            "data: 3",
            "",
            "data:4",
            "",
            "",
        ];
        for ends in ["\n", "\r\n", "\r"] {
            let whole = lines.join(ends);
            // In pieces of every size, cut anywhere.
            for size in (1..20).chain([whole.len()]) {
                let pieces = whole.as_bytes().chunks(size);
                assert_eq!(data_of(pieces).await, ["2\n3", "4"], "{ends:?} by {size}");
            }
        }
    }
}
