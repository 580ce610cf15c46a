//! The methods that are the protocol's own, and what every result has in it.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::call::{Call, Stop};
use super::connection::Connection;
use super::faults::Fault;
use super::mangle::mangle;
use super::message::{Era, LEGACY_VERSIONS, MODERN_VERSION, Request, RpcError, supported_versions};
use super::{Server, Service};

impl<S: Service> Server<S> {
    pub fn begin(
        &self,
        request: Request,
        connection: Arc<Connection>,
        outbox: UnboundedSender<Value>,
    ) -> Call {
        Call::begin(request, connection, outbox, self.states.clone())
    }

    /// The result of a request, with all that its era wants in it.
    pub async fn answer(&self, call: &mut Call) -> Result<Value, RpcError> {
        if !self.service.reads_states() {
            call.resume()?;
        }
        let mut result = match self.dispatch(call).await {
            Ok(result) | Err(Stop::Result(result)) => result,
            Err(Stop::Error(error)) => return Err(error),
        };
        let name = call.params()["name"].as_str().unwrap_or_default();
        mangle(&format!("{} {name}", call.request.method), &mut result);
        if call.era() == Era::Modern {
            if !self.faults.has(Fault::NoResultType) && result["resultType"].is_null() {
                result["resultType"] = json!("complete");
            }
            if may_be_cached(&call.request.method) {
                result["ttlMs"] = json!(0);
                result["cacheScope"] = json!("private");
            }
        }
        Ok(result)
    }

    async fn dispatch(&self, call: &Call) -> Result<Value, Stop> {
        match (call.era(), call.request.method.as_str()) {
            (Era::Modern, "server/discover") if !self.faults.has(Fault::NoDiscover) => {
                Ok(self.discover())
            }
            (Era::Legacy, "initialize") if !self.faults.has(Fault::NoInitialize) => {
                call.connection.greet(call.params()["capabilities"].clone());
                Ok(self.initialize(call.params()))
            }
            (Era::Legacy, "ping") => Ok(json!({})),
            _ => self.service.answer(call).await,
        }
    }

    fn discover(&self) -> Value {
        let about = self.service.about();
        let mut versions = supported_versions();
        if self.faults.has(Fault::DiscoverWithoutModern) {
            versions.retain(|&version| version != MODERN_VERSION);
        }
        json!({
            "supportedVersions": versions,
            "capabilities": about.capabilities,
            "instructions": about.instructions,
            "_meta": { "io.modelcontextprotocol/serverInfo": about.server_info },
        })
    }

    fn initialize(&self, params: &Value) -> Value {
        let about = self.service.about();
        let wanted = params["protocolVersion"].as_str().unwrap_or_default();
        let known = LEGACY_VERSIONS
            .into_iter()
            .find(|&version| version == wanted);
        let agreed = if self.faults.has(Fault::UnknownProtocol) {
            "1999-01-01"
        } else {
            known.unwrap_or(LEGACY_VERSIONS[0])
        };
        json!({
            "protocolVersion": agreed,
            "capabilities": about.capabilities,
            "serverInfo": about.server_info,
            "instructions": about.instructions,
        })
    }
}

fn may_be_cached(method: &str) -> bool {
    method == "server/discover" || method == "resources/read" || method.ends_with("/list")
}
