//! 1.1: the tutor is added to `.vscode/mcp.json`, and answers.
use crate::checks::{Checked, Setting};
pub(super) async fn check(_setting: &Setting) -> Checked {
    Ok(())
}
