"""FastMCP clients in the store of exercise 5, which sign their users in: discovery, registration, the login
and consent pages of a realm in a real browser, tokens, and who has bought what.

    signed_in.py 2026-07-28 http://127.0.0.1:8420/mcp

BROWSER is the command that opens the login page: `node sign_in.cjs CHROMIUM %s &`.
"""

import asyncio
import os
import sys

from checks import check, connecting, equal, main
from fastmcp.client.auth import OAuth
from fastmcp.client.elicitation import ElicitResult


async def confirms(message, response_type, params, context):
    return ElicitResult(action="accept", content={"confirm": True})


class Users:
    """Clients of two users, each of whom signs in at the page that their browser opens."""

    def __init__(self, connect):
        self.connect = connect

    def client(self, name):
        # The browser of the module `webbrowser` inherits it.
        os.environ["SIGN_IN_AS"] = name
        auth = OAuth(callback_host="127.0.0.1", callback_timeout=40)
        return self.connect(auth=auth, elicitation_handler=confirms)


async def call(client, tool, **arguments):
    return (await client.call_tool(tool, arguments)).structured_content


@check
async def gets_in(users, revision):
    """a client that knows nothing but the address signs its user in"""
    async with users.client("alice") as client:
        tools = {tool.name for tool in await client.list_tools()}
        assert {"list_products", "buy_product", "my_orders"} <= tools, tools
        return f"{len(tools)} tools"


@check
async def buys(users, revision):
    """what is bought is bought by who has signed in, and by nobody else"""
    async with users.client("alice") as client:
        before = await call(client, "my_orders")
        products = (await call(client, "list_products"))["products"]
        best = max(products, key=lambda product: product["stock"])
        order = {"product_name": best["name"], "quantity": 1}
        receipt = await call(client, "buy_product", **order)
        equal(receipt["buyer"], "alice", "the buyer")
        after = await call(client, "my_orders")
        equal(len(after["orders"]), len(before["orders"]) + 1, "the orders")
    async with users.client("bob") as client:
        mine = (await call(client, "my_orders"))["orders"]
        assert all(order["buyer"] == "bob" for order in mine), mine
        return f"{receipt['buyer']} has bought {receipt['product_name']}, and bob sees {len(mine)} orders"


if __name__ == "__main__":
    revision, server = sys.argv[1:]
    asyncio.run(main(Users(connecting(revision, server, [])), revision))
