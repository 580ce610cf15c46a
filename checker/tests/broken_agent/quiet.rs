//! rmcp's HTTP client, which can keep from its server that the session is open.

use std::collections::HashMap;
use std::sync::Arc;

use futures::stream::BoxStream;
use http::{HeaderName, HeaderValue};
use reqwest::Client;
use rmcp::model::{ClientJsonRpcMessage, ClientNotification, JsonRpcMessage};
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
};
use sse_stream::Sse;

type HttpError = StreamableHttpError<reqwest::Error>;

#[derive(Clone)]
pub struct Quiet {
    pub http: Client,
    /// Whether `notifications/initialized` is not sent.
    pub is_quiet: bool,
}

impl StreamableHttpClient for Quiet {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, HttpError> {
        let is_announcement = matches!(
            &message,
            JsonRpcMessage::Notification(notification) if matches!(
                notification.notification,
                ClientNotification::InitializedNotification(_)
            )
        );
        if self.is_quiet && is_announcement {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        let http = &self.http;
        http.post_message(uri, message, session, token, headers)
            .await
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        token: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, HttpError> {
        let http = &self.http;
        http.get_stream(uri, session, last_event, token, headers)
            .await
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        token: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), HttpError> {
        self.http.delete_session(uri, session, token, headers).await
    }
}
