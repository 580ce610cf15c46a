//! The places of the store that findings point at: TODO blocks, and items that are found by name
//! wherever they are.

use crate::blocks::TodoBlock;
use crate::checks::store::shop::written_as;
use crate::verdict::{Location, Spot};

const MAIN: &str = "src/main.rs";
const STORE: &str = "src/store.rs";
const INVENTORY: &str = "src/inventory.rs";

/// What the server says of itself.
pub const IDENTITY: TodoBlock = store("step_3_1");
/// The products, and what the store has on opening day.
pub const PRODUCTS: TodoBlock = inventory("step_3_2");
/// `list_products`.
pub const LIST_TOOL: TodoBlock = store("step_3_2_tool");
/// The sale, and its receipt.
pub const SALE: TodoBlock = inventory("step_3_3");
/// Why the store does not sell.
pub const REFUSALS: TodoBlock = inventory("step_3_4");
/// The arguments of `buy_product`.
pub const BUY_ARGUMENTS: TodoBlock = store("step_3_3");
/// `buy_product`.
pub const BUY_TOOL: TodoBlock = store("step_3_3_tool");
/// Who may speak to the server over HTTP.
pub const GATE: TodoBlock = TodoBlock {
    file: MAIN,
    name: "step_3_8",
};
/// The arguments of `search_products`.
pub const SEARCH_ARGUMENTS: TodoBlock = store("step_3_9");
/// `search_products`.
pub const SEARCH_TOOL: TodoBlock = store("step_3_9_tool");
/// Where resources are declared.
pub const RESOURCES_CAPABILITY: TodoBlock = store("step_3_10_capability");
/// The methods that answer for resources.
pub const RESOURCES_METHODS: TodoBlock = store("step_3_10");
/// Where prompts and completions are declared.
pub const PROMPTS_CAPABILITY: TodoBlock = store("step_3_11_capability");
/// What answers for prompts.
pub const PROMPTS_HANDLER: TodoBlock = store("step_3_11_handler");
/// The method that answers for completions.
pub const COMPLETIONS: TodoBlock = store("step_3_11");

const fn inventory(name: &'static str) -> TodoBlock {
    let file = INVENTORY;
    TodoBlock { file, name }
}

const fn store(name: &'static str) -> TodoBlock {
    let file = STORE;
    TodoBlock { file, name }
}

/// A tool.
pub fn of_tool(tool: &str) -> Location {
    let known = match tool {
        "list_products" => Spot::Block(LIST_TOOL),
        "buy_product" => Spot::Block(BUY_TOOL),
        "search_products" => Spot::Block(SEARCH_TOOL),
        _ => Spot::File(STORE),
    };
    written_as(tool).or(known)
}

/// Where a call finds its tool.
pub fn tool_handler() -> Location {
    Location::from(Spot::code(STORE, "#[tool_handler")).or(Spot::File(STORE))
}

/// Where HTTP comes in.
pub fn router() -> Location {
    Location::from(Spot::code(MAIN, "fn router")).or(Spot::File(MAIN))
}

/// Where a tool's arguments are written.
pub fn of_arguments(tool: &str) -> Location {
    let known = match tool {
        "buy_product" => Some(BUY_ARGUMENTS),
        "search_products" => Some(SEARCH_ARGUMENTS),
        _ => None,
    };
    known.map_or_else(
        || of_tool(tool),
        |block| Location::from(block).or(of_tool(tool)),
    )
}

/// The result of `list_products`.
pub fn product_list() -> Location {
    Location::from(Spot::code(STORE, "struct ProductList")).or(of_tool("list_products"))
}

/// What a product is, with its name, its price and its stock.
pub fn product() -> Location {
    Location::from(Spot::code(INVENTORY, "struct Product")).or(PRODUCTS)
}

/// What the store has on opening day.
pub fn opening_day() -> Location {
    Location::from(Spot::code(INVENTORY, "fn opening_day")).or(PRODUCTS)
}

/// The sale, and its receipt.
pub fn sale() -> Location {
    Location::from(SALE).or(Spot::code(INVENTORY, "fn buy"))
}

/// Where the store loses what was sold: at an inventory that the router makes for each request, or
/// else at the sale.
pub fn lost_sale() -> Location {
    Location::from(Spot::InBlock(GATE, "Inventory")).or(sale())
}

/// What offers occasions while the user types.
pub fn completions() -> Location {
    Location::from(Spot::code("src/prompts.rs", "fn complete")).or(COMPLETIONS)
}

/// The address on which the store listens, unless it is told another.
pub fn default_address() -> Location {
    let spots = ["UNSPECIFIED", "0.0.0.0", "STORE_HOST", "TcpListener::bind"];
    Location::First(spots.map(|words| Spot::code(MAIN, words)).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::tests::are_in_starter_and_solution;

    #[test]
    fn every_block_is_in_starter_and_solution() {
        let all = [
            IDENTITY,
            PRODUCTS,
            LIST_TOOL,
            SALE,
            REFUSALS,
            BUY_ARGUMENTS,
            BUY_TOOL,
            GATE,
            SEARCH_ARGUMENTS,
            SEARCH_TOOL,
            RESOURCES_CAPABILITY,
            RESOURCES_METHODS,
            PROMPTS_CAPABILITY,
            PROMPTS_HANDLER,
            COMPLETIONS,
        ];
        are_in_starter_and_solution("ex3_store", &all);
    }
}
