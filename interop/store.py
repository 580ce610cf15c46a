"""A right store in FastMCP, for the checker to pass: HTTP on STORE_PORT, or stdio with --stdio.

It is written as a Python developer would write it, and offers what exercise 3 asks for. With --legacy
it is over HTTP what servers were before 2026-07-28: it does not know server/discover. With
--flaw NAME it has exactly one thing wrong, which the checker has to name.
"""

import argparse
import asyncio
import os
from typing import Annotated
from urllib.parse import unquote

from fastmcp import FastMCP
from fastmcp.exceptions import NotFoundError, ToolError
from fastmcp.resources import ResourceResult
from fastmcp.server.middleware import Middleware
from fastmcp.tools.base import ToolResult
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, PromptReference, ToolAnnotations
from pydantic import BaseModel, Field
from starlette.middleware import Middleware as ASGIMiddleware
from starlette.responses import JSONResponse

RESOURCE_NOT_FOUND = -32002

FLAWS = {
    "total-as-text": "the receipt's total is a string",
    "forgets-stock": "a purchase does not lower the stock",
    "accepts-zero": "none of a product is sold, for nothing",
    "sold-out-as-text": "too many are refused in a text that is no error",
    "undescribed": "a parameter has no description",
    "chatty": "it greets on stdout, which over stdio is the wire",
    "any-origin": "a page from anywhere may buy",
    "empty-page": "an unknown resource reads as an empty one",
}

words = argparse.ArgumentParser(description=__doc__)
words.add_argument("--stdio", action="store_true")
words.add_argument("--legacy", action="store_true")
words.add_argument("--flaw", choices=FLAWS)
options = words.parse_args()


def has(flaw: str) -> bool:
    assert flaw in FLAWS
    return options.flaw == flaw


class Product(BaseModel):
    name: str
    price_cents: int
    stock: int


class Products(BaseModel):
    products: list[Product]


class Receipt(BaseModel):
    product_name: str
    quantity: int
    total_cents: str if has("total-as-text") else int
    remaining_stock: int


shelf = {
    product.name: product
    for product in [
        Product(name="Bagel", price_cents=150, stock=40),
        Product(name="Rye bread", price_cents=520, stock=12),
        Product(name="Éclair", price_cents=410, stock=20),
    ]
}
till = asyncio.Lock()

store = FastMCP("py-bakery", version="2.1.0", instructions="A bakery. Prices are in cents.")

READS = ToolAnnotations(readOnlyHint=True, openWorldHint=False)
BUYS = ToolAnnotations(
    readOnlyHint=False, destructiveHint=True, idempotentHint=False, openWorldHint=False
)


def described(text: str, flaw: str | None = None):
    return None if flaw and has(flaw) else text


@store.tool(annotations=READS)
def list_products() -> Products:
    """Lists everything the store sells, with prices in cents and how many are left."""
    return Products(products=list(shelf.values()))


# The lower bound that the schema shows, with or without Pydantic minding it.
AT_LEAST_ONE = (
    {"json_schema_extra": {"minimum": 1}} if has("accepts-zero") else {"ge": 1}
)


@store.tool(annotations=BUYS)
async def buy_product(
    product_name: Annotated[
        str, Field(description="The product, by the name that list_products gives", strict=True)
    ],
    quantity: Annotated[
        int,
        Field(description=described("How many", "undescribed"), le=1000, strict=True, **AT_LEAST_ONE),
    ],
) -> Receipt:
    """Buys a product and returns the receipt. Each call buys again."""
    if quantity < 0:
        raise ToolError(f"A quantity is at least 1, not {quantity}.")
    async with till:
        product = shelf.get(product_name)
        if product is None:
            raise ToolError(f"There is no product {product_name!r}. See list_products.")
        if quantity > product.stock:
            refusal = f"Only {product.stock} of {product_name!r} left."
            if has("sold-out-as-text"):
                return ToolResult(content=refusal)
            raise ToolError(refusal)
        # As if the till were asked, somewhere else.
        await asyncio.sleep(0)
        remaining = product.stock - quantity
        if not has("forgets-stock"):
            product.stock = remaining
        total = product.price_cents * quantity
        return Receipt(
            product_name=product_name,
            quantity=quantity,
            total_cents=str(total) if has("total-as-text") else total,
            remaining_stock=remaining,
        )


@store.tool(annotations=READS)
def search_products(
    keyword: Annotated[
        str | None, Field(description="A part of the name, in any case")
    ] = None,
    min_price_cents: Annotated[int | None, Field(description="The lowest price, in cents")] = None,
    max_price_cents: Annotated[int | None, Field(description="The highest price, in cents")] = None,
) -> Products:
    """Finds products by a part of their name, a price range, or both."""
    return Products(products=search(keyword or "", min_price_cents, max_price_cents))


def search(keyword: str = "", least: int | None = None, most: int | None = None) -> list[Product]:
    return [
        product
        for product in shelf.values()
        if keyword.lower() in product.name.lower()
        and (least is None or product.price_cents >= least)
        and (most is None or product.price_cents <= most)
    ]


@store.resource("store://inventory", mime_type="application/json")
def inventory() -> str:
    """Everything the store sells."""
    return list_products().model_dump_json()


@store.resource("store://products/{name}", mime_type="application/json")
def product(name: str) -> str | ResourceResult:
    """One product, by its name."""
    found = shelf.get(unquote(name))
    if found is not None:
        return found.model_dump_json()
    if has("empty-page"):
        return ResourceResult(contents=[])
    raise NotFoundError(f"There is no product {name!r}.")


@store.prompt
def recommend(occasion: str, budget_cents: int | None = None) -> str:
    """Asks for a recommendation from today's products."""
    menu = [
        f"- {product.name}: {product.price_cents} cents"
        for product in search(most=budget_cents)
        if product.stock > 0
    ]
    return f"Recommend something for this occasion: {occasion}. Choose from:\n" + "\n".join(menu)


@store.completion
def occasions(reference, argument, context) -> list[str]:
    known = ["anniversary", "birthday", "breakfast", "brunch", "picnic"]
    of_recommend = isinstance(reference, PromptReference) and reference.name == "recommend"
    if of_recommend and argument.name == "occasion":
        return [one for one in known if one.startswith(argument.value.lower())]
    return []


class UnknownResourcesAreNotFound(Middleware):
    """FastMCP answers with an internal error, as if the server had broken down."""

    async def on_read_resource(self, context, call_next):
        try:
            return await call_next(context)
        except Exception as error:
            if NotFoundError in (type(error), type(error.__cause__)):
                raise MCPError(code=RESOURCE_NOT_FOUND, message=str(error)) from error
            raise


store.add_middleware(UnknownResourcesAreNotFound())


class UnknownToolsAreProtocolErrors(Middleware):
    """FastMCP answers the call of an unknown tool with a result that has isError. The
    specification has a protocol error for what is the host's mistake and not the model's."""

    async def on_call_tool(self, context, call_next):
        name = context.message.name
        if await store.get_tool(name) is None:
            raise MCPError(code=INVALID_PARAMS, message=f"Unknown tool: {name!r}")
        return await call_next(context)


store.add_middleware(UnknownToolsAreProtocolErrors())



class NoDiscovery:
    """Answers server/discover as servers do that have never heard of it."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        headers = dict(scope.get("headers", []))
        if options.legacy and headers.get(b"mcp-method") == b"server/discover":
            refusal = JSONResponse(
                {
                    "jsonrpc": "2.0",
                    "id": None,
                    "error": {"code": -32000, "message": "Bad Request: Missing session ID"},
                },
                status_code=400,
            )
            return await refusal(scope, receive, send)
        return await self.app(scope, receive, send)


if __name__ == "__main__":
    if has("chatty"):
        # Once it runs, FastMCP keeps print() off the wire. Before that nobody does.
        print("The store opens", flush=True)
    if options.stdio:
        store.run(show_banner=False)
    else:
        store.run(
            transport="http",
            show_banner=False,
            host="127.0.0.1",
            port=int(os.environ["STORE_PORT"]),
            # Off unless asked for: any page that a browser shows could buy.
            host_origin_protection=not has("any-origin"),
            middleware=[ASGIMiddleware(NoDiscovery)],
        )
