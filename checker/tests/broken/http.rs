//! Streamable HTTP at `/mcp`, without sessions and with plain JSON for an answer.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::flaw::Flaw;
use crate::guard::{self, Foreign};
use crate::message::{Era, METHOD_NOT_FOUND, Request, parse_error};
use crate::{Store, faults, rpc};

const LARGEST_REQUEST: usize = 4 * 1024 * 1024;

/// Serves any number of clients, for ever.
pub async fn serve(store: Arc<Store>, address: SocketAddr) -> Result<()> {
    faults::at_bind(&store.flaws);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; STORE_PORT chooses another port"))?;
    eprintln!("serving MCP at http://{}/mcp", listener.local_addr()?);
    let app = Router::new().route("/mcp", any(handle)).with_state(store);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn handle(State(store): State<Arc<Store>>, request: axum::extract::Request) -> Response {
    let flaws = &store.flaws;
    if let Some(fault) = faults::instead_of_answer(flaws).await {
        return fault;
    }
    let Some(foreign) = Foreign::of(flaws, request.headers()) else {
        return answer(&store, request).await;
    };
    if foreign == Foreign::Origin && flaws.has(Flaw::LateOriginCheck) {
        answer(&store, request).await;
    }
    store.log(&format!("foreign {foreign:?}"));
    (
        foreign.status(flaws),
        format!("Forbidden: foreign {foreign:?}"),
    )
        .into_response()
}

async fn answer(store: &Store, request: axum::extract::Request) -> Response {
    if request.method() != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response();
    }
    let (parts, body) = request.into_parts();
    if let Err(refused) = guard::check_transport(&parts.headers) {
        return refused.into_response();
    }
    let Ok(body) = to_bytes(body, LARGEST_REQUEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let message: Value = match serde_json::from_slice(&body) {
        Ok(message) => message,
        Err(error) => return json(StatusCode::BAD_REQUEST, parse_error(error).to_string()),
    };
    let Some(request) = Request::read(&message, guard::version(&parts.headers)) else {
        return json(
            StatusCode::BAD_REQUEST,
            parse_error("no method").to_string(),
        );
    };
    store.log(&request.method);
    if let Err(error) = guard::check_request(&parts.headers, &request) {
        let reply = request.reply(&store.flaws, Err(error));
        return json(StatusCode::BAD_REQUEST, reply.to_string());
    }
    if request.id.is_none() {
        return StatusCode::ACCEPTED.into_response();
    }
    faults::at_request(&store.flaws);
    answer_request(store, &request).await
}

async fn answer_request(store: &Store, request: &Request) -> Response {
    let outcome = rpc::answer(store, request).await;
    let status = match &outcome {
        Err(error) if error.code == METHOD_NOT_FOUND && request.era == Era::Modern => {
            StatusCode::NOT_FOUND
        }
        _ => StatusCode::OK,
    };
    match outcome {
        Ok(result)
            if store.flaws.has(Flaw::HugeResult) && request.params["name"] == "list_products" =>
        {
            json(status, faults::hugely(request, &store.flaws, result))
        }
        outcome => {
            let reply = request.reply(&store.flaws, outcome).to_string();
            match store.flaws.has(Flaw::SlowAnswers) {
                true => json(status, faults::slowly(reply)),
                false => json(status, reply),
            }
        }
    }
}

fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        body.into(),
    )
        .into_response()
}
