//! The prompt `recommend`, and completions for its arguments.

use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CompleteRequestParams, CompletionInfo, PromptMessage, Reference, Role};
use rmcp::{ErrorData, prompt, prompt_router};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::confirm::internal;
use crate::inventory::Search;
use crate::store::Store;

/// Suggestions while the user types an occasion. Any other occasion is fine, too.
const OCCASIONS: [&str; 5] = ["anniversary", "birthday", "breakfast", "brunch", "picnic"];

/// The arguments of `recommend`. In MCP, a prompt's arguments are always strings.
#[derive(Debug, Deserialize, JsonSchema)]
struct Recommend {
    /// What the food is for.
    occasion: String,
    /// The most that one item may cost, in cents.
    budget_cents: Option<String>,
}

#[prompt_router(vis = "pub")]
impl Store {
    /// Asks for a recommendation from today's products.
    #[prompt]
    async fn recommend(
        &self,
        Parameters(wish): Parameters<Recommend>,
    ) -> Result<Vec<PromptMessage>, ErrorData> {
        let max_price_cents = wish.budget_cents.as_deref().map(cents).transpose()?;
        let search = Search {
            max_price_cents,
            ..Search::default()
        };
        let affordable = self.inventory.search(&search).await.map_err(internal)?;
        let menu: String = affordable
            .iter()
            .filter(|product| product.stock > 0)
            .map(|product| {
                let (name, price, stock) = (&product.name, product.price_cents, product.stock);
                format!("- {name}: {price} cents, {stock} left\n")
            })
            .collect();
        let text = format!(
            "Recommend something for this occasion: {}.\n\
             Choose only from what the store has in this price range:\n{menu}\
             Say why it fits, and what it costs in total.",
            wish.occasion
        );
        Ok(vec![PromptMessage::new_text(Role::User, text)])
    }
}

/// A budget as a user typed it.
fn cents(text: &str) -> Result<u32, ErrorData> {
    text.trim().parse().map_err(|_| {
        let message = format!("budget_cents must be a whole number of cents, not {text:?}");
        ErrorData::invalid_params(message, None)
    })
}

/// The occasions that begin with what the user has typed so far.
pub fn complete(request: &CompleteRequestParams) -> CompletionInfo {
    let for_occasion = request.argument.name == "occasion"
        && matches!(&request.r#ref, Reference::Prompt(prompt) if prompt.name == "recommend");
    let typed = request.argument.value.to_lowercase();
    let values = OCCASIONS
        .into_iter()
        .filter(|occasion| for_occasion && occasion.starts_with(&typed))
        .map(str::to_owned)
        .collect();
    CompletionInfo::with_all_values(values).unwrap_or_default()
}
