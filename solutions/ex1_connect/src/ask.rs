//! What you can ask a server.

use rmcp::model::{
    CallToolRequestParams, JsonObject, PaginatedRequestParams, ReadResourceRequestParams,
};

use crate::connect::Session;
use crate::failure::{Failure, succeeded};
use crate::show;

// ANCHOR: step_1_2
/// Who the server is, and which version of the protocol we speak.
pub fn info(session: &Session) -> Result<(), Failure> {
    let server = session.peer_info().ok_or(Failure::Silent)?;
    let (name, version) = match &server.server_info {
        Some(server) => (server.name.as_str(), server.version.as_str()),
        None => ("a server without a name", ""),
    };
    show::line(&format!("{name} {version}"));
    show::line(&format!("MCP {}", server.protocol_version));
    if let Some(instructions) = &server.instructions {
        show::line(instructions);
    }
    Ok(())
}
// ANCHOR_END: step_1_2

// ANCHOR: step_1_3
/// Lists the tools. A long list comes in pages, and each page names the next one.
pub async fn list(session: &Session) -> Result<(), Failure> {
    let mut cursor = None;
    loop {
        let page = PaginatedRequestParams::default().with_cursor(cursor.clone());
        let page = session.list_tools(Some(page)).await?;
        for tool in &page.tools {
            let description = tool.description.as_deref().unwrap_or("(no description)");
            show::line(&format!("{}\n    {description}", tool.name));
        }
        // If a server always named the same page, this would never end.
        if page.next_cursor.is_none() || page.next_cursor == cursor {
            return Ok(());
        }
        cursor = page.next_cursor;
    }
}
// ANCHOR_END: step_1_3

// ANCHOR: step_1_4_call
/// Calls a tool and shows its result: text for people, structured content for programs.
pub async fn call(session: &Session, tool: &str, arguments: &JsonObject) -> Result<(), Failure> {
    let call = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments.clone());
    let result = succeeded(session.call_tool(call).await?)?;
    for content in &result.content {
        show::content(content);
    }
    if let Some(structured) = &result.structured_content {
        show::json(structured);
    }
    Ok(())
}
// ANCHOR_END: step_1_4_call

// ANCHOR: step_1_4_read
/// Reads a resource.
pub async fn read(session: &Session, uri: &str) -> Result<(), Failure> {
    let request = ReadResourceRequestParams::new(uri);
    let result = session.read_resource(request).await?;
    for contents in &result.contents {
        show::resource(contents);
    }
    Ok(())
}
// ANCHOR_END: step_1_4_read
