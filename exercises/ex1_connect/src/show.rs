//! Shows what a server sent. Do not trust any of it.

use rmcp::model::{ContentBlock, ResourceContents};
use serde_json::Value;

/// Text that is safe to print. Control characters could move the terminal's cursor or rename
/// its window.
pub fn harmless(text: &str) -> String {
    let visible = |letter: char| !letter.is_control() || letter == '\n' || letter == '\t';
    text.chars().filter(|letter| visible(*letter)).collect()
}

/// Prints one line, or several.
pub fn line(text: &str) {
    println!("{}", harmless(text));
}

/// Prints JSON so that people can read it.
pub fn json(value: &Value) {
    line(&format!("{value:#}"));
}

/// Prints one block of a tool's result.
pub fn content(content: &ContentBlock) {
    match content {
        ContentBlock::Text(text) => line(&text.text),
        ContentBlock::Image(image) => line(&format!("(an image, {})", image.mime_type)),
        ContentBlock::Audio(audio) => line(&format!("(a sound, {})", audio.mime_type)),
        ContentBlock::Resource(embedded) => resource(&embedded.resource),
        ContentBlock::ResourceLink(link) => line(&format!("{} ({})", link.name, link.uri)),
        _ => line("(a kind of content that this client does not support)"),
    }
}

/// Prints the contents of a resource.
pub fn resource(contents: &ResourceContents) {
    match contents {
        ResourceContents::TextResourceContents { text, .. } => line(text),
        ResourceContents::BlobResourceContents { uri, blob, .. } => {
            // Base64 is a third longer than the data it encodes.
            line(&format!(
                "({uri}: about {} bytes, not text)",
                blob.len() / 4 * 3
            ));
        }
        _ => line("(a kind of content that this client does not support)"),
    }
}
