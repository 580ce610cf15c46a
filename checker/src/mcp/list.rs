//! What a session can ask for: lists, across their pages, resources, prompts and completions.

use rmcp::model::*;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{ErrorKind, RequestError};
use super::session::{Session, failure, shape};

/// No list has more pages than this.
const MAX_PAGES: usize = 100;

impl Session {
    /// Every tool, across pages.
    ///
    /// # Errors
    ///
    /// A [`RequestError`] when a page does not come, or the same cursor comes twice.
    pub async fn tools(&self) -> Result<Vec<Tool>, RequestError> {
        let request =
            |page| ClientRequest::ListToolsRequest(RequestOptionalParam::with_param(page));
        self.pages::<ListToolsResult, _>(request, |result| match result {
            ServerResult::ListToolsResult(page) => Some((page.tools, page.next_cursor)),
            _ => None,
        })
        .await
    }

    /// Every resource, across pages.
    ///
    /// # Errors
    ///
    /// As [`Session::tools`].
    pub async fn resources(&self) -> Result<Vec<Resource>, RequestError> {
        let request =
            |page| ClientRequest::ListResourcesRequest(RequestOptionalParam::with_param(page));
        self.pages::<ListResourcesResult, _>(request, |result| match result {
            ServerResult::ListResourcesResult(page) => Some((page.resources, page.next_cursor)),
            _ => None,
        })
        .await
    }

    /// Every resource template, across pages.
    ///
    /// # Errors
    ///
    /// As [`Session::tools`].
    pub async fn resource_templates(&self) -> Result<Vec<ResourceTemplate>, RequestError> {
        let request = |page| {
            ClientRequest::ListResourceTemplatesRequest(RequestOptionalParam::with_param(page))
        };
        self.pages::<ListResourceTemplatesResult, _>(request, |result| match result {
            ServerResult::ListResourceTemplatesResult(page) => {
                Some((page.resource_templates, page.next_cursor))
            }
            _ => None,
        })
        .await
    }

    /// Every prompt, across pages.
    ///
    /// # Errors
    ///
    /// As [`Session::tools`].
    pub async fn prompts(&self) -> Result<Vec<Prompt>, RequestError> {
        let request =
            |page| ClientRequest::ListPromptsRequest(RequestOptionalParam::with_param(page));
        self.pages::<ListPromptsResult, _>(request, |result| match result {
            ServerResult::ListPromptsResult(page) => Some((page.prompts, page.next_cursor)),
            _ => None,
        })
        .await
    }

    /// The contents behind a URI.
    ///
    /// # Errors
    ///
    /// A [`RequestError`], also for a URI that the server does not know.
    pub async fn read(&self, uri: &str) -> Result<Vec<ResourceContents>, RequestError> {
        let params = ReadResourceRequestParams::new(uri);
        let request = ClientRequest::ReadResourceRequest(Request::new(params));
        match self.request(request).await? {
            (ServerResult::ReadResourceResult(result), _) => Ok(result.contents),
            (_, exchange) => Err(shape::<ReadResourceResult>(
                &exchange,
                "the contents of a resource",
            )),
        }
    }

    /// A prompt, filled in with these arguments, which must be an object.
    ///
    /// # Errors
    ///
    /// A [`RequestError`], also for a prompt that the server does not know.
    pub async fn prompt(
        &self,
        name: &str,
        arguments: Value,
    ) -> Result<Vec<PromptMessage>, RequestError> {
        let mut params = GetPromptRequestParams::new(name);
        params.arguments = arguments.as_object().cloned();
        let request = ClientRequest::GetPromptRequest(Request::new(params));
        match self.request(request).await? {
            (ServerResult::GetPromptResult(result), _) => Ok(result.messages),
            (_, exchange) => Err(shape::<GetPromptResult>(
                &exchange,
                "the messages of a prompt",
            )),
        }
    }

    /// What the server would complete a prompt's argument to.
    ///
    /// # Errors
    ///
    /// A [`RequestError`] when there is no list of values.
    pub async fn complete(
        &self,
        prompt: &str,
        argument: &str,
        typed: &str,
    ) -> Result<Vec<String>, RequestError> {
        let argument = ArgumentInfo::new(argument, typed);
        let params = CompleteRequestParams::new(Reference::for_prompt(prompt), argument);
        let request = ClientRequest::CompleteRequest(Request::new(params));
        match self.request(request).await? {
            (ServerResult::CompleteResult(result), _) => Ok(result.completion.values),
            (_, exchange) => Err(shape::<CompleteResult>(&exchange, "a list of completions")),
        }
    }

    async fn pages<R: DeserializeOwned, T>(
        &self,
        request: impl Fn(PaginatedRequestParams) -> ClientRequest,
        page: impl Fn(ServerResult) -> Option<(Vec<T>, Option<String>)>,
    ) -> Result<Vec<T>, RequestError> {
        let mut all = Vec::new();
        let mut cursor = None;
        for _ in 0..MAX_PAGES {
            let asked = PaginatedRequestParams::default().with_cursor(cursor.clone());
            let (result, exchange) = self.request(request(asked)).await?;
            let Some((items, next)) = page(result) else {
                return Err(shape::<R>(&exchange, "a page of a list"));
            };
            all.extend(items);
            match next {
                None => return Ok(all),
                Some(next) if cursor.as_ref() == Some(&next) => {
                    let wrong = format!("the same nextCursor twice: {next:?}");
                    return Err(failure(Some(&exchange), ErrorKind::Shape(wrong)));
                }
                next => cursor = next,
            }
        }
        let wrong = format!("more than {MAX_PAGES} pages");
        Err(failure(
            self.connection().last_request().as_ref(),
            ErrorKind::Shape(wrong),
        ))
    }
}
