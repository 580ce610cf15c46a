"""FastMCP clients in the store of exercise 4, which asks back and takes its time: elicitation,
progress and cancellation.

    asks_back.py 2026-07-28 http://127.0.0.1:8420/mcp
    asks_back.py 2025-11-25 target/debug/ex4_interact_solution --stdio
"""

import asyncio
import re
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from checks import MODERN, check, equal, run_with_clients
from fastmcp.client.elicitation import ElicitResult

MIME_TYPE = "text/html;profile=mcp-app"


async def products(client):
    answer = await client.call_tool("list_products")
    return answer.structured_content["products"]


async def best_stocked(client):
    return max(await products(client), key=lambda product: product["stock"])


class User:
    """Answers as told, and remembers what was asked."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    async def __call__(self, message, response_type, params, context):
        self.asked.append(params)
        return self.answer


async def orders(connect, answer, quantity=2):
    """A user with this answer orders. Gives what came of it, and the question."""
    user = User(answer)
    async with connect(elicitation_handler=user) as client:
        before = await products(client)
        wanted = max(before, key=lambda product: product["stock"])
        order = {"product_name": wanted["name"], "quantity": quantity}
        result = await client.call_tool_mcp("buy_product", order)
        equal(len(user.asked), 1, "the questions")
        return before, wanted, result, await products(client), user.asked[0]


@check
async def accept(connect, revision):
    """a user who confirms was asked once, with quantity, product and total, and has bought"""
    before, wanted, result, after, question = await orders(connect, {"confirm": True})
    total = 2 * wanted["price_cents"]
    for words in [wanted["name"], "2", f"{total / 100:.2f}"]:
        assert words in question.message, f"no {words!r} in {question.message!r}"
    assert not result.is_error, result
    expected = {
        "product_name": wanted["name"],
        "quantity": 2,
        "total_cents": total,
        "remaining_stock": wanted["stock"] - 2,
    }
    equal(result.structured_content, expected, "the receipt")
    wanted["stock"] -= 2
    equal(after, before, "the stock afterwards")
    return question.message


async def nothing_is_bought(connect, answer, reason):
    before, _, result, after, _ = await orders(connect, answer)
    assert result.is_error, result
    text = result.content[0].text
    assert "Nothing was bought" in text and reason in text, text
    equal(after, before, "the stock afterwards")
    return text


@check
async def decline(connect, _):
    """a user who declines has bought nothing, and the model reads so"""
    return await nothing_is_bought(connect, ElicitResult(action="decline"), "declined")


@check
async def cancel(connect, _):
    """a user who closes the question has bought nothing, and the model reads so"""
    return await nothing_is_bought(connect, ElicitResult(action="cancel"), "closed")


@check
async def no_yes(connect, _):
    """an accept with an empty box, or without content, buys nothing"""
    reason = "did not confirm"
    await nothing_is_bought(connect, {"confirm": False}, reason)
    return await nothing_is_bought(connect, ElicitResult(action="accept"), reason)


@check
async def cannot_be_asked(connect, _):
    """a client that did not declare elicitation is told so, and buys nothing"""
    async with connect() as client:
        before = await products(client)
        order = {"product_name": before[0]["name"], "quantity": 1}
        result = await client.call_tool_mcp("buy_product", order)
        assert result.is_error and "elicitation" in result.content[0].text, result
        equal(await products(client), before, "the stock afterwards")
    return result.content[0].text


@check
async def pages(connect, _):
    """both tools with a page name it, and it can be read"""
    async with connect() as client:
        tools = {tool.name: tool for tool in await client.list_tools()}
        sizes = []
        for name in ["show_inventory_chart", "show_product_catalog"]:
            uri = tools[name].meta["ui"]["resourceUri"]
            [contents] = await client.read_resource(uri)
            equal(contents.mime_type, MIME_TYPE, f"the type of {uri}")
            assert contents.text.startswith("<!doctype html>"), contents.text[:80]
            shown = await client.call_tool(name)
            equal(shown.structured_content["products"], await products(client), name)
            sizes.append(f"{uri} with {len(contents.text)} letters")
    return ", ".join(sizes)


class Reports:
    """The progress of a call. Two of them are half of it."""

    def __init__(self):
        self.all = []
        self.half = asyncio.Event()

    async def __call__(self, progress, total, message):
        self.all.append((progress, total))
        if len(self.all) == 2:
            self.half.set()


@check
async def progress(connect, _):
    """bake reports each one, of all; what was baked is in stock"""
    reports = Reports()
    async with connect() as client:
        wanted = await best_stocked(client)
        order = {"product_name": wanted["name"], "quantity": 4}
        answer = await client.call_tool("bake", order, progress_handler=reports)
        equal(answer.structured_content, order, "what was baked")
        equal(reports.all, [(1, 4), (2, 4), (3, 4), (4, 4)], "the reports")
        stock = {one["name"]: one["stock"] for one in await products(client)}
        equal(stock[wanted["name"]], wanted["stock"] + 4, "the stock afterwards")
    return "1, 2, 3 and 4 of 4"


@check
async def cancellation(connect, revision):
    """a bake that is given up at half leaves half, and bakes no more"""
    # Over HTTP on 2026-07-28 this closes the stream, and otherwise sends notifications/cancelled.
    reports = Reports()
    async with connect() as client:
        wanted = await best_stocked(client)
        order = {"product_name": wanted["name"], "quantity": 40}
        call = client.call_tool("bake", order, progress_handler=reports)
        baking = asyncio.create_task(call)
        await asyncio.wait_for(reports.half.wait(), 20)
        baking.cancel()
        await asyncio.wait([baking])
        # One may be in the oven still.
        await asyncio.sleep(0.2)

        async def baked():
            now = {one["name"]: one["stock"] for one in await products(client)}
            return now[wanted["name"]] - wanted["stock"]

        then = await baked()
        await asyncio.sleep(0.4)
        equal(await baked(), then, "what was baked a little later")
        assert 2 <= then < 40, f"{then} of 40 were baked"
    return f"{then} of 40"


def opens(page, data=None):
    """The status of a page that a browser opens, or sends a form to."""
    try:
        with urlopen(Request(page, data=data), timeout=5) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


@check
async def url_mode(connect, _):
    """connect_payments sends the user to a page, and waits for the code that the message has"""
    seen = []

    async def user(message, response_type, params, context):
        equal(params.mode, "url", "the mode")
        code = re.search(r"\b\d{6}\b", message).group()
        assert code not in params.url, params.url

        def in_browser():
            seen.append(opens(params.url))
            seen.append(opens(params.url, b"code=000"))
            seen.append(opens(params.url, f"code={code}".encode()))

        await asyncio.to_thread(in_browser)
        return ElicitResult(action="accept")

    async with connect(elicitation_handler=user) as client:
        answer = await client.call_tool("connect_payments")
    equal(seen, [200, 403, 200], "the page, with a wrong code, and with the right one")
    equal(answer.structured_content, {"connected": True}, "the result")
    return "200, 403 for a wrong code, 200"


@check
async def batch(connect, revision):
    """bake_all, by a client that knows no tasks, gives its result from the call"""
    async with connect() as client:
        wanted = await best_stocked(client)
        orders = [
            {"product_name": "Moon rock", "quantity": 1},
            {"product_name": wanted["name"], "quantity": 2},
        ]
        answer = await client.call_tool("bake_all", {"orders": orders})
    report = answer.structured_content
    equal(report["baked"], orders[1:], "what was baked")
    [failed] = report["failed"]
    equal(failed["product_name"], "Moon rock", "what was not")
    return failed["reason"]


if __name__ == "__main__":
    run_with_clients()
