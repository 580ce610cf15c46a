"""What the store offers a client: tools, resources, a prompt, completions.

Each function answers a method of MCP: it takes the params and whether the client is modern, and gives
the result or raises an RpcError.
"""

import json
from urllib.parse import quote, unquote

from store import Refusal, Store
from switches import on

INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
# Until 2025-11-25. Later it is INVALID_PARAMS.
RESOURCE_NOT_FOUND = -32002

INVENTORY = "store://inventory"
PRODUCTS = "store://products/"
JSON = "application/json"

OCCASIONS = ["afternoon tea", "birthday", "breakfast", "housewarming", "picnic"]

store = Store()


class RpcError(Exception):
    """A protocol error: the mistake of a host, not of a model."""

    def __init__(self, code: int | str, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


# --- Tools ---


def tools(params: dict, modern: bool) -> dict:
    return {"tools": [list_products_tool(), buy_product_tool(), search_products_tool()]}


def list_products_tool() -> dict:
    return {
        "name": "list_products",
        "description": "Lists everything the store sells, with prices in cents and how many are left.",
        "inputSchema": {"type": "object"},
        "outputSchema": product_list(),
        "annotations": {"readOnlyHint": True, "openWorldHint": False},
    }


def buy_product_tool() -> dict:
    quantity = {"type": "integer", "minimum": 1, "maximum": 500, "description": "How many to buy."}
    if on("minimum-of-two"):
        quantity["minimum"] = 2
    if on("huge-stock"):
        del quantity["maximum"]
    product_name = {"type": "string", "description": "The product, by the name that list_products gives."}
    schema = {
        "type": "object",
        "properties": {"product_name": product_name, "quantity": quantity},
        "required": ["product_name", "quantity"],
    }
    if on("bound-behind-ref"):
        schema["properties"]["quantity"] = {"$ref": "#/$defs/Quantity"}
        schema["$defs"] = {"Quantity": quantity}
    if on("type-in-all-of"):
        description = quantity.pop("description")
        schema["properties"]["quantity"] = {"allOf": [quantity], "description": description}
    if on("more-fields"):
        gift = {"type": "boolean", "description": "Whether to wrap it."}
        schema["properties"]["as_gift"] = gift
    return {
        "name": "buy_product",
        "description": "Buys a product and returns the receipt. Each call buys again.",
        "inputSchema": schema,
        "outputSchema": object_of(
            product_name={"type": "string"},
            quantity=count(),
            total_cents=count(),
            remaining_stock=count(),
        ),
        "annotations": {
            "readOnlyHint": False,
            "destructiveHint": True,
            "idempotentHint": False,
            "openWorldHint": False,
        },
    }


def search_products_tool() -> dict:
    def price(which: str) -> dict:
        return {"type": "integer", "minimum": 0, "description": f"The {which} price, in cents."}

    return {
        "name": "search_products",
        "description": "Finds products by a part of their name, a price range, or both.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "keyword": {"type": "string", "description": "A part of the name, in any case."},
                "min_price_cents": price("lowest"),
                "max_price_cents": price("highest"),
            },
        },
        "outputSchema": product_list(),
        "annotations": {"readOnlyHint": True, "openWorldHint": False},
    }


def product_list() -> dict:
    product = object_of(name={"type": "string"}, price_cents=count(), stock=count())
    return object_of(products={"type": "array", "items": product})


def object_of(**properties: dict) -> dict:
    if on("more-fields"):
        properties["currency"] = {"type": "string"}
    return {"type": "object", "properties": properties, "required": list(properties)}


def count() -> dict:
    return {"type": "integer", "minimum": 0}


def call(params: dict, modern: bool) -> dict:
    name, arguments = params.get("name"), params.get("arguments") or {}
    handlers = {
        "list_products": list_products,
        "buy_product": buy_product,
        "search_products": search_products,
    }
    if name not in handlers:
        code = "no_such_tool" if on("error-code-as-text") else INVALID_PARAMS
        raise RpcError(code, f"There is no tool {name!r}.")
    try:
        return structured(handlers[name](arguments))
    except Refusal as refusal:
        return {"content": [{"type": "text", "text": str(refusal)}], "isError": True}


def structured(content: dict) -> dict:
    """Both forms: JSON for programs, and the same as text for models."""
    if on("more-fields"):
        content["currency"] = "EUR"
        for product in content.get("products", []):
            product["currency"] = "EUR"
    if on("integers-as-floats"):
        # 300.0: an integer, says JSON Schema.
        content = json.loads(json.dumps(content), parse_int=float)
    text = json.dumps(content, ensure_ascii=False)
    return {"content": [{"type": "text", "text": text}], "structuredContent": content, "isError": False}


def list_products(arguments: dict) -> dict:
    return {"products": store.products()}


def buy_product(arguments: dict) -> dict:
    name = argument(arguments, "product_name", str)
    quantity = argument(arguments, "quantity", int)
    return store.buy(name, quantity)


def search_products(arguments: dict) -> dict:
    prints("prints-in-search")
    found = store.search(
        argument(arguments, "keyword", str, ""),
        argument(arguments, "min_price_cents", int, None),
        argument(arguments, "max_price_cents", int, None),
    )
    return {"products": found}


REQUIRED = object()


def argument(arguments: dict, name: str, kind: type, default: object = REQUIRED) -> object:
    """An argument of a tool. The model reads what is wrong with it."""
    value = arguments.get(name)
    if value is None:
        if default is REQUIRED:
            raise Refusal(f"{name} is missing. Call again, and give it.")
        return default
    # 2.0 is an integer, True is none.
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not kind:
        wanted = "a whole number" if kind is int else "a string"
        raise Refusal(f"{name} must be {wanted}, not {json.dumps(value)}.")
    return value


def prints(switch: str) -> None:
    """A print that was forgotten. Over stdio it lands between the messages."""
    if on(switch):
        print("a customer is here", flush=True)


# --- Resources ---


def resources(params: dict, modern: bool) -> dict:
    if on("declares-what-is-not-there"):
        return {"resources": []}
    about = {"name": "inventory", "description": "Everything the store sells.", "mimeType": JSON}
    return {"resources": [{"uri": INVENTORY} | about]}


def templates(params: dict, modern: bool) -> dict:
    if on("declares-what-is-not-there"):
        return {"resourceTemplates": []}
    about = {"name": "product", "description": "One product, by its name.", "mimeType": JSON}
    return {"resourceTemplates": [{"uriTemplate": PRODUCTS + "{name}"} | about]}


def read(params: dict, modern: bool) -> dict:
    prints("prints-in-read")
    uri = params.get("uri", "")
    if uri == INVENTORY:
        products = store.products_at_first() if on("stale-inventory") else store.products()
        return contents(uri, {"products": products})
    product = product_of(uri)
    if product is not None:
        return contents(uri, product)
    if on("unknown-uri-as-empty"):
        return {"contents": []}
    if on("unknown-uri-breaks"):
        raise KeyError(uri)
    code = INVALID_PARAMS if modern else RESOURCE_NOT_FOUND
    raise RpcError(code, f"There is no resource {uri}. Try {INVENTORY}.")


def product_of(uri: str) -> dict | None:
    if on("any-path"):
        return store.product(unquote(uri.rsplit("/", 1)[-1]))
    if not uri.startswith(PRODUCTS):
        return None
    name = uri.removeprefix(PRODUCTS)
    return store.product(name if on("undecoded-name") else unquote(name))


def contents(uri: str, content: dict) -> dict:
    if on("renamed-field") and "price_cents" in content:
        content["price"] = content.pop("price_cents")
    if on("other-uri"):
        uri = INVENTORY
    if on("uri-encoded-anew"):
        # Another spelling of the same URI.
        uri = PRODUCTS + quote(unquote(uri).removeprefix(PRODUCTS)) if uri != INVENTORY else uri
    text = json.dumps(content, ensure_ascii=False)
    return {"contents": [{"uri": uri, "mimeType": JSON, "text": text}]}


# --- Prompts and completions ---


def prompts(params: dict, modern: bool) -> dict:
    if on("declares-what-is-not-there"):
        return {"prompts": []}
    occasion = {"name": "occasion", "description": "What the tea is for.", "required": True}
    budget = {"name": "budget_cents", "description": "The most that one may cost.", "required": False}
    about = {"name": "recommend", "description": "Asks for a recommendation from today's products."}
    return {"prompts": [about | {"arguments": [occasion, budget]}]}


def prompt(params: dict, modern: bool) -> dict:
    prints("prints-in-prompt")
    arguments = params.get("arguments") or {}
    if params.get("name") != "recommend":
        raise RpcError(INVALID_PARAMS, f"There is no prompt {params.get('name')!r}.")
    if not isinstance(arguments.get("occasion"), str):
        raise RpcError(INVALID_PARAMS, "occasion is missing")
    budget = budget_of(arguments.get("budget_cents"))
    menu = "\n".join(
        f"- {product['name']}: {product['price_cents']} cents, {product['stock']} left"
        for product in store.products()
        if fits(product, budget) and not on("prompt-without-products")
    )
    text = f"Recommend something for this occasion: {arguments['occasion']}. Choose from:\n{menu}"
    role = "assistant" if on("assistant-role") else "user"
    return {"messages": [{"role": role, "content": {"type": "text", "text": text}}]}


def budget_of(text: object) -> int | None:
    """A budget as a user typed it: arguments of prompts are always strings."""
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise RpcError(INVALID_PARAMS, f"budget_cents must be a whole number, not {text!r}") from None


def fits(product: dict, budget: int | None) -> bool:
    if product["stock"] == 0 and not on("prompt-shows-sold-out"):
        return False
    if budget is None or on("prompt-ignores-budget"):
        return True
    if on("budget-exclusive"):
        return product["price_cents"] < budget
    return product["price_cents"] <= budget


def complete(params: dict, modern: bool) -> dict:
    prints("prints-in-completion")
    reference, asked = params.get("ref", {}), params.get("argument", {})
    typed = str(asked.get("value", "")).lower()
    of_recommend = reference == {"type": "ref/prompt", "name": "recommend"}
    values = []
    if of_recommend and asked.get("name") == "occasion":
        values = [one for one in OCCASIONS if one.startswith(typed)]
        if on("completes-by-part"):
            values = [one for one in OCCASIONS if typed in one]
    return {"completion": {"values": values, "total": len(values), "hasMore": False}}
