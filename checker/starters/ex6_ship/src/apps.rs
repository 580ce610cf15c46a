//! The store's MCP Apps: pages that a host shows with the result of a tool.
//!
//! A tool names its page in `_meta`, and the page is a resource like any other. Both are here.
//! The pages themselves are in `ui/`.

use rmcp::model::{MetaObject, Resource, ResourceContents};
use serde_json::json;

/// This type tells a host that the page is an MCP App.
const MIME_TYPE: &str = "text/html;profile=mcp-app";

/// A page.
pub struct App {
    uri: &'static str,
    name: &'static str,
    html: &'static str,
}

/// How many of each product are left.
pub const CHART: App = App {
    uri: "ui://store/inventory.html",
    name: "Inventory chart",
    html: concat!(
        include_str!("../ui/app.html"),
        include_str!("../ui/inventory.html")
    ),
};

/// A card for each product.
pub const CATALOG: App = App {
    uri: "ui://store/catalog.html",
    name: "Product catalog",
    html: concat!(
        include_str!("../ui/app.html"),
        include_str!("../ui/catalog.html")
    ),
};

/// All pages.
pub const ALL: [App; 2] = [CHART, CATALOG];

impl App {
    /// What a tool has in `_meta`, so that hosts show this page with its result.
    pub fn meta(&self) -> MetaObject {
        let mut meta = MetaObject::new();
        meta.0
            .insert("ui".to_owned(), json!({ "resourceUri": self.uri }));
        meta
    }

    /// The page, as listed in `resources/list`.
    pub fn resource(&self) -> Resource {
        Resource::new(self.uri, self.name).with_mime_type(MIME_TYPE)
    }

    /// The page itself.
    fn contents(&self) -> ResourceContents {
        ResourceContents::text(self.html, self.uri).with_mime_type(MIME_TYPE)
    }
}

/// The page at this URI, if there is one.
pub fn read(uri: &str) -> Option<ResourceContents> {
    ALL.iter().find(|app| app.uri == uri).map(App::contents)
}
