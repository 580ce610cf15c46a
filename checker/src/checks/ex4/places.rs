//! The places of exercise 4 that findings point at: TODO blocks, and what is in them or beside them.

use crate::blocks::TodoBlock;
use crate::verdict::{Location, Spot};

/// `buy_product`, which asks.
pub const BUY_TOOL: TodoBlock = store("step_4_1_tool");
/// The question, in both eras.
pub const QUESTION: TodoBlock = confirm("step_4_1");
/// What is said to a no.
pub const NO: TodoBlock = confirm("step_4_2");
/// What is said where nobody can be asked.
pub const CANNOT_BE_ASKED: TodoBlock = confirm("step_4_3");
/// The state that travels with a question.
pub const STATE: TodoBlock = confirm("step_4_4");
/// The sale, after the answer.
pub const SECOND_LOOK: TodoBlock = store("step_4_5");

/// `show_inventory_chart`.
pub const CHART_TOOL: TodoBlock = store("step_4_6_tool");
/// `show_product_catalog`.
pub const CATALOG_TOOL: TodoBlock = store("step_4_7_tool");
/// What ties a tool to its page.
pub const PAGE: TodoBlock = TodoBlock {
    file: "src/apps.rs",
    name: "step_4_6",
};
/// What the chart's page draws.
pub const CHART_PAGE: TodoBlock = TodoBlock {
    file: "ui/inventory.html",
    name: "step_4_8",
};
/// What the catalog's page draws.
pub const CATALOG_PAGE: TodoBlock = catalog("step_4_8");
/// The buttons in the catalog.
pub const BUY_BUTTON: TodoBlock = catalog("step_4_9");
/// What a button does.
pub const BUY_SCRIPT: TodoBlock = catalog("step_4_9_buy");
/// `bake`.
pub const BAKE: TodoBlock = store("step_4_10");
/// The question of `connect_payments`.
pub const PAYMENTS: TodoBlock = TodoBlock {
    file: "src/payments.rs",
    name: "step_4_11_ask",
};
/// `bake_all`.
pub const BAKE_ALL: TodoBlock = store("step_4_12");
/// What answers for tasks.
pub const TASKS: TodoBlock = store("step_4_12_tasks");
/// Where tasks are declared.
pub const TASKS_CAPABILITY: TodoBlock = store("step_4_12_capability");

/// The form of the question: where the block writes one of its own, there; otherwise the struct.
pub fn form() -> Location {
    Location::First(vec![
        Spot::InBlock(QUESTION, "ElicitationSchema"),
        Spot::InBlock(QUESTION, "properties"),
        Spot::code("src/confirm.rs", "confirm: bool"),
        Spot::code("src/confirm.rs", "struct Form"),
        Spot::Block(QUESTION),
    ])
}

/// What is behind the catalog's URI.
pub fn catalog_app() -> Location {
    Location::from(Spot::code("src/apps.rs", "const CATALOG")).or(PAGE)
}

/// Where a task is stopped: if the work minds it, then where the client's request comes in.
pub fn cancelling() -> Location {
    Location::First(vec![
        Spot::InBlock(BAKE_ALL, "TaskExit").then(TASKS),
        Spot::Block(BAKE_ALL),
    ])
}

const fn store(name: &'static str) -> TodoBlock {
    let file = "src/store.rs";
    TodoBlock { file, name }
}

const fn confirm(name: &'static str) -> TodoBlock {
    let file = "src/confirm.rs";
    TodoBlock { file, name }
}

const fn catalog(name: &'static str) -> TodoBlock {
    let file = "ui/catalog.html";
    TodoBlock { file, name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::tests::are_in_starter_and_solution;

    #[test]
    fn every_block_is_in_starter_and_solution() {
        let all = [
            BUY_TOOL,
            QUESTION,
            NO,
            CANNOT_BE_ASKED,
            STATE,
            SECOND_LOOK,
            CHART_TOOL,
            CATALOG_TOOL,
            PAGE,
            CHART_PAGE,
            CATALOG_PAGE,
            BUY_BUTTON,
            BUY_SCRIPT,
            BAKE,
            PAYMENTS,
            BAKE_ALL,
            TASKS,
            TASKS_CAPABILITY,
        ];
        are_in_starter_and_solution("ex4_interact", &all);
    }
}
