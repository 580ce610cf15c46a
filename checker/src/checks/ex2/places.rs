//! The TODO blocks that findings point at, where it is not the one that the course names.

use crate::blocks::TodoBlock;
use crate::verdict::{Code, Location, Spot};

/// Where what the model proposes goes into the conversation.
pub const PROPOSAL: TodoBlock = agent("step_2_2");
/// Where a proposed call is made.
pub const CALL: TodoBlock = agent("step_2_2_call");
/// Where a result goes into the conversation.
pub const RESULT: TodoBlock = agent("step_2_2_result");
/// Where the agent goes on.
pub const LOOP: TodoBlock = agent("step_2_3");
/// Where it gives up.
pub const LIMIT: TodoBlock = agent("step_2_6");
/// Where the human is asked.
pub const ASK: TodoBlock = agent("step_2_6_ask");
/// What a yes is.
pub const YES: TodoBlock = TodoBlock {
    file: "src/approve.rs",
    name: "step_2_6_answer",
};

const fn agent(name: &'static str) -> TodoBlock {
    let file = "src/agent.rs";
    TodoBlock { file, name }
}

/// Where sessions with the servers are opened.
pub fn connects() -> Location {
    Spot::code("src/tools.rs", "fn connect").into()
}

/// What prints the answer; or what is in its way, for which any line may be to blame that prints.
pub fn prints(code: Code) -> Location {
    let answer = Location::from(Spot::code("src/main.rs", "terminal::answer"));
    match code {
        Code::MoreOnStdout => Location::from(Spot::code("src/agent.rs", "println!")).or(answer),
        _ => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::tests::are_in_starter_and_solution;

    #[test]
    fn every_block_is_in_starter_and_solution() {
        are_in_starter_and_solution(
            "ex2_agent",
            &[PROPOSAL, CALL, RESULT, LOOP, LIMIT, ASK, YES],
        );
    }
}
