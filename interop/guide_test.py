"""Tests the store of the guide *From FastMCP to rmcp*, `guide.py`, on both revisions, without a network but
for the tokens.

Prints a line of JSON for each check.
"""

import asyncio
import sys
import threading
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from checks import MODERN, check, equal, main
from fastmcp import Client, FastMCP
from fastmcp.client.elicitation import ElicitResult
from fastmcp.client.transports import StdioTransport
from fastmcp.exceptions import ToolError
from fastmcp.server.auth.providers.jwt import RSAKeyPair
from guide import protected_by, store
from httpx2 import AsyncClient
from joserfc import jwk
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route


# ANCHOR: test
async def agrees(message, response_type, params, context):
    return {"confirm": True}


async def a_purchase():
    async with Client(store, elicitation_handler=agrees) as client:
        order = {"product_name": "Bagel", "quantity": 2}
        receipt = await client.call_tool("buy_product", order)
        assert receipt.structured_content["total_cents"] == 300
# ANCHOR_END: test


@check
async def the_test_of_the_guide(connect, revision):
    """the test that the guide shows passes"""
    await a_purchase()
    return "2 bagels are 300 cents"


@check
async def buys(connect, revision):
    """a user who agrees gets a receipt, and the stock falls"""
    async with connect(elicitation_handler=agrees) as client:
        equal(client.protocol_version, revision, "the revision")
        before = (await client.call_tool("list_products")).structured_content["products"]
        order = {"product_name": "Éclair", "quantity": 3}
        receipt = (await client.call_tool("buy_product", order)).structured_content
        equal(receipt, {**order, "total_cents": 1230, "buyer": "you"}, "the receipt")
        after = (await client.call_tool("list_products")).structured_content["products"]
        equal(after[1]["stock"], before[1]["stock"] - 3, "the stock")
        return f"{receipt['total_cents']} cents"


@check
async def refuses(connect, revision):
    """nothing is bought without a yes, and not more than there is"""

    async def declines(message, response_type, params, context):
        return ElicitResult(action="decline")

    seen = []
    for answer, quantity, reason in [(declines, 1, "did not confirm"), (agrees, 900, "Only")]:
        async with connect(elicitation_handler=answer) as client:
            order = {"product_name": "Bagel", "quantity": quantity}
            try:
                await client.call_tool("buy_product", order)
            except ToolError as error:
                assert reason in str(error), error
                seen.append(str(error))
    equal(len(seen), 2, "the refusals")
    return " ".join(seen)


@check
async def bakes(connect, revision):
    """baking reports its progress"""
    seen = []

    async def on_progress(progress, total, message):
        seen.append((progress, total))

    async with connect(progress_handler=on_progress) as client:
        await client.call_tool("bake", {"product_name": "Bagel", "quantity": 3})
    equal(seen, [(1, 3), (2, 3), (3, 3)], "the progress")
    return f"{len(seen)} notifications"


@check
async def reads(connect, revision):
    """the inventory, the page and the prompt are there"""
    async with connect() as client:
        [contents] = await client.read_resource("store://inventory")
        assert "Éclair" in contents.text, contents
        [page] = await client.read_resource("ui://store/inventory.html")
        equal(page.mime_type, "text/html;profile=mcp-app", "the type of the page")
        tools = {tool.name: tool for tool in await client.list_tools()}
        uri = tools["show_inventory_chart"].meta["ui"]["resourceUri"]
        equal(uri, "ui://store/inventory.html", "the page of the tool")
        wish = {"occasion": "brunch", "budget_cents": "200"}
        [message] = (await client.get_prompt("recommend", wish)).messages
        assert "Bagel" in message.content.text and "Éclair" not in message.content.text, message
        return message.content.text


@check
async def over_stdio(connect, revision):
    """it serves over stdio"""
    script = str(Path(__file__).with_name("guide.py"))
    transport = StdioTransport(sys.executable, [script, "--stdio"], keep_alive=False)
    mode = "auto" if revision == MODERN else "legacy"
    async with Client(transport, mode=mode, timeout=20) as client:
        tools = await client.list_tools()
        equal(len(tools), 4, "the tools")
        return ", ".join(tool.name for tool in tools)


@check
async def lets_in(connect, revision):
    """only a good token gets in, and the receipt names its user"""
    keys = RSAKeyPair.generate()
    public = {**jwk.import_key(keys.public_key, "RSA").as_dict(), "kid": "one", "alg": "RS256"}

    async def certs(request):
        return JSONResponse({"keys": [public]})

    realm = Starlette(routes=[Route("/protocol/openid-connect/certs", certs)])
    async with serving(realm) as issuer:
        # The address only matters to clients that look for the realm.
        store.auth = protected_by(issuer, "http://127.0.0.1:8420")
        try:
            async with serving(store.http_app()) as url:
                return await knock(keys, issuer, f"{url}/mcp", connect)
        finally:
            store.auth = None


@asynccontextmanager
async def serving(app):
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


async def knock(keys, issuer, url, connect):
    token = {
        "subject": "1",
        "issuer": issuer,
        "audience": "product-store",
        "scopes": ["mcp:access"],
        "additional_claims": {"preferred_username": "alice"},
        "kid": "one",
    }
    bearer = keys.create_token(**token)
    async with connect(url, auth=bearer, elicitation_handler=agrees) as client:
        order = {"product_name": "Bagel", "quantity": 1}
        receipt = (await client.call_tool("buy_product", order)).structured_content
        equal(receipt["buyer"], "alice", "the buyer")
    async with AsyncClient() as http:
        nobody = await http.post(url, json={})
        equal(nobody.status_code, 401, "the status without a token")
        challenge = nobody.headers["www-authenticate"]
        for change in [
            {"audience": "another-store"},
            {"issuer": "http://127.0.0.1/another"},
            {"expires_in_seconds": -60},
            {"scopes": ["mcp:accessories"]},
        ]:
            bearer = keys.create_token(**(token | change))
            answer = await http.post(url, json={}, headers={"authorization": f"Bearer {bearer}"})
            equal(answer.status_code, 401, f"the status with {change}")
        # What the store of exercise 5 refuses, and FastMCP does not.
        id_token = {"additional_claims": {"preferred_username": "alice", "typ": "ID"}}
        bearer = keys.create_token(**(token | id_token))
        answer = await http.post(url, json={}, headers={"authorization": f"Bearer {bearer}"})
        assert answer.status_code != 401, "FastMCP looks at `typ`: the guide says that it does not"
        metadata = await http.get(url.replace("/mcp", "/.well-known/oauth-protected-resource/mcp"))
        equal(metadata.json()["authorization_servers"], [issuer], "the realm")
    return f"{receipt['buyer']}; 401 with {challenge}"


@check
async def habits(connect, revision):
    """the guide's tables are right about FastMCP"""
    habits = FastMCP("habits")

    @habits.tool
    def double(number: int) -> bool:
        # A protocol error takes middleware, as in store.py.
        if number == 2:
            raise MCPError(code=INVALID_PARAMS, message="a protocol error")
        if number == 3:
            raise ValueError("a secret")
        return threading.current_thread() is threading.main_thread()

    async with connect(habits) as client:
        is_main = await client.call_tool("double", {"number": "1"})
        equal(is_main.structured_content, {"result": False}, "runs in the main thread")
        for number, text in [(2, "a protocol error"), (3, "a secret")]:
            result = await client.call_tool_mcp("double", {"number": number})
            assert result.is_error and text in result.content[0].text, result
        unknown = await client.call_tool_mcp("treble", {})
        assert unknown.is_error, unknown
    hidden = FastMCP("habits", mask_error_details=True)
    hidden.add_tool(await habits.get_tool("double"))
    async with connect(hidden) as client:
        result = await client.call_tool_mcp("double", {"number": 3})
        assert result.is_error and "secret" not in result.content[0].text, result
    return "a text for a number, a thread, errors of three kinds"


async def everything():
    for revision in [MODERN, "2025-11-25"]:
        mode = "auto" if revision == MODERN else "legacy"

        def connect(place=store, **options):
            return Client(place, mode=mode, timeout=20, **options)

        await main(connect, revision)


if __name__ == "__main__":
    asyncio.run(everything())
