//! Why no answer came, in words for people. This is already written: call `reason(&error)`.

use std::error::Error;

use rmcp::service::ClientInitializeError;
use rmcp::transport::streamable_http_client::StreamableHttpError;

/// The longest reason, in characters. Some errors quote a whole web page.
const LONGEST: usize = 200;

/// The innermost cause of an error, such as `Connection refused`. The errors around it only say
/// which layers it came through.
pub fn reason(error: &(dyn Error + 'static)) -> String {
    if let Some(cause) = cause(error) {
        return reason(cause);
    }
    let words = error.to_string();
    let line = words.lines().next().unwrap_or_default();
    line.chars().take(LONGEST).collect()
}

/// What caused an error: its `source`, except for three errors of rmcp that keep it elsewhere.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref() {
        Some(ClientInitializeError::LegacyFallbackFailed { fallback, .. }) => {
            return Some(fallback.as_ref());
        }
        Some(ClientInitializeError::TransportError { error, .. }) => return Some(error),
        _ => (),
    }
    match error.downcast_ref::<StreamableHttpError<reqwest::Error>>() {
        Some(StreamableHttpError::Client(error)) => Some(error),
        _ => error.source(),
    }
}
