//! The TODO blocks that findings point at, where it is not the one that the course names.

use crate::blocks::TodoBlock;

pub const INFO: TodoBlock = block("src/ask.rs", "step_1_2");
pub const CALL: TodoBlock = block("src/ask.rs", "step_1_4_call");
pub const READ: TodoBlock = block("src/ask.rs", "step_1_4_read");
pub const KINDS: TodoBlock = block("src/failure.rs", "step_1_5");
pub const EXIT_CODES: TodoBlock = block("src/failure.rs", "step_1_5_exit");
pub const LOGIN: TodoBlock = block("src/login.rs", "step_1_6");
pub const HEADERS: TodoBlock = block("src/connect.rs", "step_1_6_headers");

const fn block(file: &'static str, name: &'static str) -> TodoBlock {
    TodoBlock { file, name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::tests::are_in_starter_and_solution;

    #[test]
    fn every_block_is_in_starter_and_solution() {
        are_in_starter_and_solution(
            "ex1_connect",
            &[INFO, CALL, READ, KINDS, EXIT_CODES, LOGIN, HEADERS],
        );
    }
}
