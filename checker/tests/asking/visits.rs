//! Who came in over HTTP. A client sends GET and DELETE by itself, and says nothing of them.

use std::collections::BTreeSet;
use std::sync::Mutex;

use axum::http::Method;
use serde_json::{Value, json};

#[derive(Default)]
pub struct Visits {
    admitted: Mutex<BTreeSet<String>>,
    refused: Mutex<BTreeSet<String>>,
}

impl Visits {
    pub fn admitted(&self, method: &Method) {
        note(&self.admitted, method);
    }

    pub fn refused(&self, method: &Method) {
        note(&self.refused, method);
    }

    /// The methods that came at least once: `{"admitted": ["GET", "POST"], "refused": []}`.
    pub fn to_json(&self) -> Value {
        json!({ "admitted": all(&self.admitted), "refused": all(&self.refused) })
    }
}

fn note(methods: &Mutex<BTreeSet<String>>, method: &Method) {
    if let Ok(mut methods) = methods.lock() {
        methods.insert(method.to_string());
    }
}

fn all(methods: &Mutex<BTreeSet<String>>) -> Vec<String> {
    let all = methods
        .lock()
        .map(|methods| methods.iter().cloned().collect());
    all.unwrap_or_default()
}
