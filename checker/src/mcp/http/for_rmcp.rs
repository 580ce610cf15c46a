//! The wire under rmcp's client, so that all its messages are recorded and bounded.

use std::collections::HashMap;
use std::sync::Arc;

use futures::stream::BoxStream;
use http::header::{ACCEPT, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_client::{
    AuthRequiredError, InsufficientScopeError, SseError, StreamableHttpClient, StreamableHttpError,
    StreamableHttpPostResponse,
};
use serde_json::Value;
use sse_stream::Sse;

use super::{Http, header, is_event_stream};
use crate::mcp::ErrorKind;
use crate::mcp::message::{Kind, Message, Side};

type HttpError = StreamableHttpError<reqwest::Error>;

impl Http {
    /// The same headers for what is no POST: those of the profile, the session's, and the
    /// protocol's.
    fn with_headers(
        &self,
        request: reqwest::RequestBuilder,
        session_id: Option<Arc<str>>,
        auth_token: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> reqwest::RequestBuilder {
        request
            .headers(self.own_headers())
            .headers(headers(session_id, auth_token, custom_headers))
    }
}

impl StreamableHttpClient for Http {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        _uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_token: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, HttpError> {
        let message = serde_json::to_value(&message)?;
        let sent = Message::new(Side::Client, message.clone());
        let headers = headers(session_id, auth_token, custom_headers);
        let body = message.to_string().into();
        let pending = self
            .post(message, headers, body)
            .await
            .map_err(as_unexpected)?;
        let response = &pending.response;
        if let Some(refusal) = refusal(response) {
            self.connection.end(pending.index);
            return Err(refusal);
        }
        let session = header(response, "mcp-session-id");
        if response.status().is_success() && is_event_stream(response) {
            return Ok(StreamableHttpPostResponse::Sse(
                self.events(pending),
                session,
            ));
        }
        let (index, accepted) = (pending.index, response.status().is_success());
        let body = self.body(pending).await;
        self.connection.end(index);
        let body = body.map_err(as_unexpected)?;
        match sent.kind {
            Kind::Request { .. } => (),
            // What asks for no answer gets none: 202 Accepted.
            Kind::Response { .. } | Kind::Notification { .. } if !accepted => {
                let wrong = ErrorKind::NotMcp(String::new());
                return Err(as_unexpected(wrong));
            }
            Kind::Response { .. } | Kind::Notification { .. } | Kind::Other => {
                return Ok(StreamableHttpPostResponse::Accepted);
            }
        }
        // An answer to something else would leave rmcp waiting for ever.
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        if !Message::new(Side::Server, answer.clone()).answers(&sent) {
            let wrong = ErrorKind::NotMcp(String::new());
            return Err(as_unexpected(wrong));
        }
        let exchange = self.connection.get(index);
        if let Some(kind @ ErrorKind::ContentType { .. }) =
            exchange.as_ref().and_then(ErrorKind::of)
        {
            return Err(as_unexpected(kind));
        }
        let answer: ServerJsonRpcMessage = serde_json::from_value(answer)?;
        Ok(StreamableHttpPostResponse::Json(answer, session))
    }

    async fn get_stream(
        &self,
        _uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        auth_token: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, HttpError> {
        // A client that cannot be asked needs no stream: all that it is sent belongs to a request,
        // and comes with that.
        if !self.listens {
            return Err(StreamableHttpError::ServerDoesNotSupportSse);
        }
        let request = self.client.get(self.url.clone());
        let request = request.header(ACCEPT, "text/event-stream");
        let mut request = self.with_headers(request, session_id, auth_token, custom_headers);
        if let Some(last) = last_event_id {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.map_err(StreamableHttpError::Client)?;
        if let Some(refusal) = refusal(&response) {
            return Err(refusal);
        }
        if !response.status().is_success() || !is_event_stream(&response) {
            return Err(StreamableHttpError::ServerDoesNotSupportSse);
        }
        Ok(self.listened(response))
    }

    async fn delete_session(
        &self,
        _uri: Arc<str>,
        session_id: Arc<str>,
        auth_token: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), HttpError> {
        let request = self.client.delete(self.url.clone());
        let request = self.with_headers(request, Some(session_id), auth_token, custom_headers);
        let _ = request.send().await;
        Ok(())
    }
}

/// The headers of the protocol, as rmcp gives them.
fn headers(
    session_id: Option<Arc<str>>,
    auth_token: Option<String>,
    custom_headers: HashMap<HeaderName, HeaderValue>,
) -> HeaderMap {
    let mut headers: HeaderMap = custom_headers.into_iter().collect();
    let extra = [
        ("mcp-session-id", session_id.map(|id| id.to_string())),
        (
            "authorization",
            auth_token.map(|token| format!("Bearer {token}")),
        ),
    ];
    for (name, value) in extra {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
    headers
}

/// The challenge of a 401 or a 403, as rmcp has it (RFC 6750, 3).
fn refusal(response: &reqwest::Response) -> Option<HttpError> {
    let challenge = header(response, WWW_AUTHENTICATE.as_str())?;
    match response.status() {
        StatusCode::UNAUTHORIZED => Some(StreamableHttpError::AuthRequired(
            AuthRequiredError::new(challenge),
        )),
        StatusCode::FORBIDDEN => Some(StreamableHttpError::InsufficientScope(
            InsufficientScopeError::new(challenge, None),
        )),
        _ => None,
    }
}

fn as_unexpected(kind: ErrorKind) -> HttpError {
    StreamableHttpError::UnexpectedServerResponse(kind.to_string().into())
}
