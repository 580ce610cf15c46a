//! Resources, prompts and completions.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::flaw::Flaw;
use crate::protocol::{Era, INTERNAL_ERROR, INVALID_PARAMS, RESOURCE_NOT_FOUND, RpcError};
use crate::shop::Product;
use crate::store::Store;
use crate::tools::add_currency;

const INVENTORY: &str = "store://inventory";
const PRODUCT: &str = "store://products/";
const JSON: &str = "application/json";

/// What a user is offered while typing an occasion. Any other is as welcome.
const OCCASIONS: [&str; 5] = ["anniversary", "birthday", "breakfast", "brunch", "picnic"];

pub fn resources(store: &Store) -> Value {
    if store.flaws.has(Flaw::DeclaresWhatIsNotThere) {
        return json!({ "resources": [] });
    }
    json!({ "resources": [{
        "uri": INVENTORY,
        "name": "inventory",
        "description": "Everything the store sells",
        "mimeType": JSON,
    }] })
}

pub fn templates(store: &Store) -> Value {
    if store
        .flaws
        .has_any(&[Flaw::NoTemplate, Flaw::DeclaresWhatIsNotThere])
    {
        return json!({ "resourceTemplates": [] });
    }
    json!({ "resourceTemplates": [{
        "uriTemplate": format!("{PRODUCT}{{name}}"),
        "name": "product",
        "description": "One product, by its name",
        "mimeType": JSON,
    }] })
}

/// The contents behind a URI.
pub fn read(store: &Store, era: Era, params: &Value) -> Result<Value, RpcError> {
    let Some(uri) = params["uri"].as_str() else {
        return Err(invalid("resources/read needs a uri"));
    };
    store.prints(Flaw::StdoutOnRead);
    if uri == INVENTORY {
        return Ok(contents(store, uri, &inventory(store)));
    }
    if let Some(product) = product(store, uri) {
        let mut content = json!(product);
        if store.flaws.has(Flaw::ProductFieldRenamed)
            && let Some(fields) = content.as_object_mut()
            && let Some(price) = fields.remove("price_cents")
        {
            fields.insert("price".to_owned(), price);
        }
        if store.flaws.has(Flaw::ProductPriceAsText) {
            content["price_cents"] = json!(content["price_cents"].to_string());
        }
        return Ok(contents(store, uri, &content));
    }
    if store.flaws.has(Flaw::EmptyContents) {
        return Ok(json!({ "contents": [] }));
    }
    if store.flaws.has(Flaw::UnknownUriSuccess) {
        return Ok(contents(store, uri, &inventory(store)));
    }
    let code = match era {
        _ if store.flaws.has(Flaw::UnknownUriBreaks) => INTERNAL_ERROR,
        Era::Modern => INVALID_PARAMS,
        Era::Legacy => RESOURCE_NOT_FOUND,
    };
    Err(RpcError::new(
        code,
        format!("There is no resource {uri}. Try {INVENTORY}."),
    ))
}

fn inventory(store: &Store) -> Value {
    let products = if store.flaws.has(Flaw::StaleInventory) {
        store.shop.products_of_opening_day()
    } else if store.flaws.has(Flaw::InventoryKept) {
        store.shop.products_of_first_look()
    } else {
        store.shop.products()
    };
    json!({ "products": products })
}

/// The product that a URI of the template names.
fn product(store: &Store, uri: &str) -> Option<Product> {
    let encoded = if store.flaws.has(Flaw::AnyPath) {
        uri.rsplit('/').next()?
    } else {
        uri.strip_prefix(PRODUCT)?
    };
    let name = if store.flaws.has(Flaw::UndecodedName) {
        encoded.into()
    } else {
        match percent_decode_str(encoded).decode_utf8() {
            Err(error) if store.flaws.has(Flaw::UndecodableUri) => panic!("{error}"),
            decoded => decoded.ok()?,
        }
    };
    let products = store.shop.products();
    let beginning = store.flaws.has(Flaw::ProductByBeginning);
    let named = products.iter().position(|product| {
        product.name == name || beginning && !name.is_empty() && product.name.starts_with(&*name)
    })?;
    let shown = if store.flaws.has(Flaw::ProductWrong) {
        0
    } else {
        named
    };
    products.get(shown).cloned()
}

fn contents(store: &Store, uri: &str, content: &Value) -> Value {
    let mut content = content.clone();
    if store.flaws.has(Flaw::ExtraFields) {
        add_currency(&mut content);
    }
    let text = if store.flaws.has(Flaw::ResourceNotJson) {
        format!("On the shelves today: {content}")
    } else {
        format!("{content:#}")
    };
    let mime_type = if store.flaws.has(Flaw::TextPlain) {
        "text/plain"
    } else {
        JSON
    };
    let uri = if store.flaws.has(Flaw::OtherUri) {
        INVENTORY
    } else {
        uri
    };
    json!({ "contents": [{ "uri": uri, "mimeType": mime_type, "text": text }] })
}

pub fn prompts(store: &Store) -> Value {
    if store.flaws.has(Flaw::DeclaresWhatIsNotThere) {
        return json!({ "prompts": [] });
    }
    json!({ "prompts": [{
        "name": "recommend",
        "description": "Asks for a recommendation from today's products.",
        "arguments": [
            { "name": "occasion", "description": "What the food is for.", "required": true },
            {
                "name": "budget_cents",
                "description": "The most that one item may cost, in cents.",
                "required": false,
            },
        ],
    }] })
}

/// The prompt `recommend`.
pub fn prompt(store: &Store, params: &Value) -> Result<Value, RpcError> {
    let flaws = &store.flaws;
    store.prints(Flaw::StdoutOnPrompt);
    if params["name"] != "recommend" {
        return if flaws.has(Flaw::UnknownPromptEmpty) {
            Ok(json!({ "messages": [] }))
        } else {
            Err(invalid(format!("There is no prompt {}.", params["name"])))
        };
    }
    let arguments = &params["arguments"];
    let occasion = match &arguments["occasion"] {
        Value::String(occasion) if !flaws.has(Flaw::PromptIgnoresOccasion) => occasion,
        Value::String(_) => "whatever it may be",
        Value::Null if flaws.has(Flaw::OccasionOptional) => "none in particular",
        _ => return Err(invalid("occasion is missing, or not a string")),
    };
    let max_price_cents = budget(store, &arguments["budget_cents"])?;
    let menu: String = affordable(store, max_price_cents)
        .iter()
        .map(|product| {
            let (name, price, stock) = (&product.name, product.price_cents, product.stock);
            format!("- {name}: {price} cents, {stock} left\n")
        })
        .collect();
    let text = format!(
        "Recommend something for this occasion: {occasion}.\n\
         Choose only from what the store has in this price range:\n{menu}\
         Say why it fits, and what it costs in total."
    );
    let text = if flaws.has(Flaw::NamesItsBest) {
        format!("This is the store of the Wedding cake. {text}")
    } else {
        text
    };
    let role = if flaws.has(Flaw::AssistantRole) {
        "assistant"
    } else {
        "user"
    };
    let content = json!({ "type": "text", "text": text });
    Ok(json!({ "messages": [{ "role": role, "content": content }] }))
}

/// What is in stock and costs no more than that.
fn affordable(store: &Store, max_price_cents: Option<i64>) -> Vec<Product> {
    let flaws = &store.flaws;
    let mut products = store.shop.products();
    if flaws.has(Flaw::PromptWithoutProducts) {
        products.clear();
    }
    products.retain(|product| {
        let affordable = max_price_cents.is_none_or(|max| {
            product.price_cents < max
                || product.price_cents == max && !flaws.has(Flaw::BudgetExclusive)
        });
        (product.stock > 0 || flaws.has(Flaw::PromptShowsSoldOut))
            && (affordable || flaws.has(Flaw::PromptIgnoresBudget))
    });
    products
}

/// A budget as a user typed it.
fn budget(store: &Store, budget: &Value) -> Result<Option<i64>, RpcError> {
    let cents = match budget {
        Value::Null => return Ok(None),
        number if store.flaws.has(Flaw::BudgetAsNumber) => number.as_u64(),
        Value::String(text) if store.flaws.has(Flaw::FloatBudget) => {
            text.trim().parse().ok().map(|cents: f64| cents as u64)
        }
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let cents = cents.and_then(|cents| i64::try_from(cents).ok());
    if cents.is_none() && !store.flaws.has(Flaw::BadBudgetAccepted) {
        let message = format!("budget_cents must be a whole number of cents, not {budget}");
        return Err(invalid(message));
    }
    Ok(cents)
}

/// The occasions that begin with what the user has typed so far.
pub fn complete(store: &Store, params: &Value) -> Value {
    store.prints(Flaw::StdoutOnComplete);
    let (prompt, argument) = (&params["ref"], &params["argument"]);
    let any_prompt = store.flaws.has(Flaw::CompletesOtherPrompts);
    let any_argument = store.flaws.has(Flaw::CompletesOtherArguments);
    let for_occasion = prompt["type"] == "ref/prompt"
        && (prompt["name"] == "recommend" || any_prompt)
        && (argument["name"] == "occasion" || any_argument);
    let typed = argument["value"]
        .as_str()
        .unwrap_or_default()
        .to_lowercase();
    let fits = |occasion: &str| {
        occasion.starts_with(&typed)
            || store.flaws.has(Flaw::CompletionIgnoresPrefix)
            || store.flaws.has(Flaw::CompletionContains) && occasion.contains(&typed)
    };
    let mut values = OCCASIONS.to_vec();
    values
        .retain(|occasion| for_occasion && fits(occasion) && !store.flaws.has(Flaw::NoCompletions));
    json!({ "completion": { "values": values, "total": values.len(), "hasMore": false } })
}

fn invalid(message: impl Into<String>) -> RpcError {
    RpcError::new(INVALID_PARAMS, message)
}
