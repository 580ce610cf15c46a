//! Parameters of a query or a form.

use std::collections::HashMap;

use url::form_urlencoded;

/// Parameters, each with its first value.
#[derive(Clone, Debug, Default)]
pub(super) struct Params {
    values: HashMap<String, String>,
    /// One that is there twice, which OAuth forbids (RFC 6749, 3.1).
    pub twice: Option<String>,
}

impl Params {
    /// `a=1&b=2`
    pub(super) fn parse(text: &[u8]) -> Self {
        let mut params = Self::default();
        for (name, value) in form_urlencoded::parse(text) {
            if params.values.contains_key(name.as_ref()) {
                params.twice.get_or_insert_with(|| name.into_owned());
            } else {
                params.values.insert(name.into_owned(), value.into_owned());
            }
        }
        params
    }

    /// A parameter. An empty one is as good as none (RFC 6749, 3.1).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.has(name).filter(|value| !value.is_empty())
    }

    /// A parameter, also an empty one.
    pub(super) fn has(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
}
