//! A tool that is written, and of which rmcp knows nothing: an attribute is missing above it.

use super::places::is_code_with;

/// What stands above every tool.
const TOOL: &str = "#[tool";

/// What stands above the `impl` that collects them.
const ROUTER: &str = "#[tool_router";

/// The line of `fn NAME` among the methods of the type that has tools, and which attribute is missing.
/// Nothing, where there is no such method or both are there.
pub(super) fn tool_in(text: &str, name: &str) -> Option<(usize, &'static str)> {
    let lines: Vec<&str> = text.lines().collect();
    let with_tools = type_with_tools(&lines)?;
    let function = format!("fn {name}");
    let methods = (0..lines.len()).filter(|at| is_code_with(lines[*at], &function));
    for at in methods {
        let around = (0..at)
            .rev()
            .find(|above| lines[*above].starts_with("impl"));
        let Some(around) = around.filter(|around| is_of(lines[*around], with_tools)) else {
            continue;
        };
        if !is_above(&lines, at, TOOL) {
            return Some((at + 1, "without #[tool] above it"));
        }
        if !is_above(&lines, around, ROUTER) {
            return Some((at + 1, "outside the `impl` that has #[tool_router]"));
        }
    }
    None
}

/// `Store`, of whose `impl` blocks one has `#[tool_router]`.
fn type_with_tools<'t>(lines: &[&'t str]) -> Option<&'t str> {
    let marked = |at: &usize| lines[*at].starts_with("impl") && is_above(lines, *at, ROUTER);
    let at = (0..lines.len()).find(marked)?;
    lines[at].split_whitespace().nth(1)
}

/// Whether a line begins an `impl` of this type, and of no trait.
fn is_of(line: &str, name: &str) -> bool {
    line.split_whitespace().nth(1) == Some(name)
}

/// Whether an attribute that begins with these words is directly above a line, among comments and
/// other attributes.
fn is_above(lines: &[&str], at: usize, attribute: &str) -> bool {
    let ends_here = |line: &&str| {
        let line = line.trim();
        line.is_empty() || !line.starts_with("//") && line.ends_with(['{', '}', ';'])
    };
    let above = lines[..at].iter().rev();
    let mut above = above.take_while(|line| !ends_here(line));
    above.any(|line| {
        let rest = line.trim().strip_prefix(attribute);
        rest.is_some_and(|rest| rest.starts_with(['(', ']']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: &str = r#"
#[tool_router]
impl Store {
    // ANCHOR: step_3_2_tool
    /// Lists everything.
    #[tool(annotations(
        read_only_hint = true,
        open_world_hint = false
    ))]
    fn list_products(&self) -> Json<ProductList> {
        todo!()
    }
    // ANCHOR_END: step_3_2_tool

    /// Buys a product: not `#[tool]` yet.
    // #[tool]
    fn buy_product(&self) {}
}

impl Store {
    #[tool]
    async fn search_products(&self) {}
}

impl Shop {
    fn bake(&self) {}
}

impl Ovens for Store {
    fn bake_all(&self) {}
}
"#;

    #[test]
    fn the_attribute_that_is_missing_is_named() {
        let missing = |name: &str| tool_in(STORE, name).map(|(_, missing)| missing);
        assert_eq!(missing("list_products"), None);
        assert_eq!(missing("buy_product"), Some("without #[tool] above it"));
        let router = Some("outside the `impl` that has #[tool_router]");
        assert_eq!(missing("search_products"), router);
        for name in ["bake", "nothing"] {
            assert_eq!(missing(name), None, "{name}");
        }
        let (line, _) = tool_in(STORE, "buy_product").unwrap();
        let text = STORE.lines().nth(line - 1).unwrap();
        assert!(text.contains("fn buy_product"), "{text}");
    }
}
