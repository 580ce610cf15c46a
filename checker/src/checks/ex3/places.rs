//! The TODO blocks of the store that findings point at.

use crate::blocks::TodoBlock;

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
    file: "src/main.rs",
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
    let file = "src/inventory.rs";
    TodoBlock { file, name }
}

const fn store(name: &'static str) -> TodoBlock {
    let file = "src/store.rs";
    TodoBlock { file, name }
}

/// The block in which a tool is written. `None` for one that the workshop does not know.
pub fn of_tool(tool: &str) -> Option<TodoBlock> {
    match tool {
        "list_products" => Some(LIST_TOOL),
        "buy_product" => Some(BUY_TOOL),
        "search_products" => Some(SEARCH_TOOL),
        _ => None,
    }
}

/// The block in which a tool's arguments are written.
pub fn of_arguments(tool: &str) -> Option<TodoBlock> {
    match tool {
        "buy_product" => Some(BUY_ARGUMENTS),
        "search_products" => Some(SEARCH_ARGUMENTS),
        _ => of_tool(tool),
    }
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
