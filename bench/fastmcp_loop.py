"""FastMCP's shortest loop after a save: import the server, connect in memory, call one tool."""

import asyncio

from fastmcp import Client

from fastmcp_store import PRODUCTS, mcp


async def main():
    async with Client(mcp) as client:
        result = await client.call_tool("list_products")
    assert len(result.structured_content["products"]) == len(PRODUCTS)


asyncio.run(main())
