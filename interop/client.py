"""A FastMCP client in the store of exercise 3: every tool, resource, prompt and completion.

    client.py 2026-07-28 http://127.0.0.1:8420/mcp
    client.py 2025-11-25 target/debug/ex3_store_solution --stdio
"""

import json
from urllib.parse import quote

from checks import MODERN, RESOURCE_NOT_FOUND, check, equal, refusal, run
from mcp_types import INVALID_PARAMS, PromptReference


async def products(client):
    answer = await client.call_tool("list_products")
    return answer.structured_content["products"]


@check
async def the_revision(client, revision):
    """the client and the store agree on the revision that was asked for"""
    equal(client.protocol_version, revision, "the revision")
    # Only the older one has a handshake to remember.
    equal(client.initialize_result is None, revision == MODERN, "no handshake")
    equal(client.server_info.name, "corner-bakery", "the server's name")
    return f"{revision}, with {client.server_info.name} {client.server_info.version}"


@check
async def the_tools(client, _):
    """three tools are listed, with schemas, descriptions and hints"""
    tools = {tool.name: tool for tool in await client.list_tools()}
    equal(sorted(tools), ["buy_product", "list_products", "search_products"], "the tools")
    for name, tool in tools.items():
        assert tool.description, f"{name} has no description"
        assert tool.output_schema, f"{name} has no output schema"
        equal(tool.annotations.read_only_hint, name != "buy_product", f"readOnlyHint of {name}")
    quantity = tools["buy_product"].input_schema["properties"]["quantity"]
    equal((quantity["minimum"], quantity["maximum"]), (1, 1000), "the bounds of the quantity")
    return ", ".join(sorted(tools))


@check
async def list_products(client, _):
    """list_products has structured content, and the same as text"""
    answer = await client.call_tool_mcp("list_products", {})
    assert not answer.is_error
    listed = answer.structured_content["products"]
    equal(json.loads(answer.content[0].text), answer.structured_content, "the text")
    assert listed, "nothing is sold"
    for product in listed:
        equal(sorted(product), ["name", "price_cents", "stock"], "the fields of a product")
        assert isinstance(product["name"], str) and product["price_cents"] > 0, product
    return f"{len(listed)} products"


@check
async def buy_product(client, _):
    """buy_product gives a receipt, and the stock falls"""
    before = await products(client)
    wanted = max(before, key=lambda product: product["stock"])
    answer = await client.call_tool(
        "buy_product", {"product_name": wanted["name"], "quantity": 2}
    )
    expected = {
        "product_name": wanted["name"],
        "quantity": 2,
        "total_cents": 2 * wanted["price_cents"],
        "remaining_stock": wanted["stock"] - 2,
    }
    equal(answer.structured_content, expected, "the receipt")
    wanted["stock"] -= 2
    equal(await products(client), before, "the stock afterwards")
    return f"2 of {wanted['name']}, {expected['remaining_stock']} left"


@check
async def refused_orders(client, _):
    """what cannot be sold is a tool error with a reason, and changes nothing"""
    before = await products(client)
    first = before[0]
    orders = [
        {"product_name": "Moon rock", "quantity": 1},
        {"product_name": first["name"], "quantity": 0},
        {"product_name": first["name"], "quantity": first["stock"] + 1},
        {"product_name": first["name"], "quantity": "2"},
        {"product_name": first["name"]},
    ]
    for order in orders:
        answer = await client.call_tool_mcp("buy_product", order)
        assert answer.is_error, f"{order} was filled: {answer}"
        assert len(answer.content[0].text) > 10, f"no reason for {order}: {answer}"
    equal(await products(client), before, "the stock afterwards")
    return f"{len(orders)} orders"


@check
async def unknown_tool(client, _):
    """an unknown tool is a protocol error"""
    error = await refusal(client.call_tool_mcp("bake_product", {}))
    equal(error.code, INVALID_PARAMS, "the code")
    return f"{error.code}, {error.message}"


@check
async def search_products(client, _):
    """search_products finds by a part of the name and by price"""
    everything = await products(client)
    keyword = everything[0]["name"][1:4].upper()
    prices = sorted(product["price_cents"] for product in everything)
    low, high = prices[1], prices[-2]
    searches = {
        json.dumps({"keyword": keyword}): lambda one: keyword.lower() in one["name"].lower(),
        json.dumps({"min_price_cents": low, "max_price_cents": high}): (
            lambda one: low <= one["price_cents"] <= high
        ),
        json.dumps({"keyword": "moon rock"}): lambda one: False,
        json.dumps({}): lambda one: True,
    }
    for arguments, fits in searches.items():
        answer = await client.call_tool("search_products", json.loads(arguments))
        expected = [one for one in everything if fits(one)]
        equal(answer.structured_content["products"], expected, arguments)
    return f"{len(searches)} searches"


@check
async def the_inventory(client, _):
    """the inventory is a resource, and shows what the tool shows"""
    listed = [(str(one.uri), one.mime_type) for one in await client.list_resources()]
    equal(listed, [("store://inventory", "application/json")], "the resources")
    [contents] = await client.read_resource("store://inventory")
    equal(contents.mime_type, "application/json", "the type")
    equal(json.loads(contents.text)["products"], await products(client), "the inventory")
    return "store://inventory"


@check
async def each_product(client, _):
    """each product is a resource by the template, its name percent-encoded"""
    templates = [one.uri_template for one in await client.list_resource_templates()]
    equal(templates, ["store://products/{name}"], "the templates")
    everything = await products(client)
    for product in everything:
        uri = f"store://products/{quote(product['name'], safe='')}"
        [contents] = await client.read_resource(uri)
        equal(json.loads(contents.text), product, uri)
    return f"{len(everything)} products"


@check
async def unknown_resource(client, revision):
    """an unknown resource is a protocol error that names it"""
    uri = "store://products/moon%20rock"
    error = await refusal(client.read_resource(uri))
    equal(error.code, INVALID_PARAMS if revision == MODERN else RESOURCE_NOT_FOUND, "the code")
    equal(error.data, {"uri": uri}, "the data")
    return f"{error.code}, {error.message}"


@check
async def the_prompt(client, _):
    """the prompt names the occasion and what the budget allows"""
    [prompt] = await client.list_prompts()
    arguments = {one.name: bool(one.required) for one in prompt.arguments}
    equal(arguments, {"occasion": True, "budget_cents": False}, "the arguments")
    everything = await products(client)
    budget = sorted(product["price_cents"] for product in everything)[len(everything) // 2]
    answer = await client.get_prompt(
        "recommend", {"occasion": "a moon landing", "budget_cents": str(budget)}
    )
    [message] = answer.messages
    text = message.content.text
    assert "a moon landing" in text, text
    for product in everything:
        offered = product["price_cents"] <= budget and product["stock"] > 0
        equal(product["name"] in text, offered, f"{product['name']} in {text!r}")
    return f"up to {budget} cents"


@check
async def refused_prompts(client, _):
    """a prompt that cannot be filled in is a protocol error"""
    wishes = [
        ("recommend", {}),
        ("recommend", {"occasion": "brunch", "budget_cents": "not much"}),
        ("moon_landing", {}),
    ]
    for name, arguments in wishes:
        error = await refusal(client.get_prompt(name, arguments))
        equal(error.code, INVALID_PARAMS, f"the code for {name} {arguments}")
    return f"{len(wishes)} prompts"


@check
async def completions(client, _):
    """occasions are completed from what was typed"""
    prompt = PromptReference(name="recommend")
    offers = {"br": ["breakfast", "brunch"], "A": ["anniversary"], "xyz": []}
    for typed, expected in offers.items():
        completion = await client.complete(prompt, {"name": "occasion", "value": typed})
        equal(completion.values, expected, f"after {typed!r}")
    return f"{len(offers)} beginnings"


if __name__ == "__main__":
    run()
