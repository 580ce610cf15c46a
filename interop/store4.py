"""A right store in FastMCP that asks and shows, for the checker to pass: what exercise 4 wants, but for
its tasks, which FastMCP leaves to another package. HTTP on STORE_PORT, or stdio with --stdio.

It is written as a Python developer would write it. The pages are in `pages/`, and share no line with
those of the exercise. With --flaw NAME it has exactly one thing wrong, which the checker has to name.
"""

import argparse
import asyncio
import json
import os
import secrets
import time
from typing import Annotated

from fastmcp import Context, FastMCP
from fastmcp.apps import UI_MIME_TYPE, AppConfig
from fastmcp.exceptions import ToolError
from mcp.server.request_state import RequestStateSecurity
from mcp_types import (
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    ElicitResult,
    InputRequiredResult,
    ToolAnnotations,
)
from pydantic import BaseModel, Field, StrictBool, ValidationError

from payments import Payments
from pages import page

MODERN = "2026-07-28"

FLAWS = {
    "sells-before-asking": "the stock falls when the question is asked",
    "buys-on-decline": "only a cancel is a no",
    "any-truth": "a text for confirm counts as a yes, as Pydantic takes it unless told otherwise",
    "asks-everybody": "a client that cannot ask its user is asked",
    "replay": "a state buys as often as it is sent",
    "never-expires": "a state is good for a day, whatever the store was told",
    "no-second-look": "what was in stock at the question is sold at the answer",
    "plain-html": "the chart is of the type text/html",
    "from-a-cdn": "the chart takes its script from elsewhere",
    "chart-hard-coded": "the chart draws what there was on opening day",
    "names-as-html": "the catalog takes names for HTML",
    "one-for-all": "every button of the catalog buys the first product",
    "progress-falls": "progress counts what is left",
    "bakes-on": "a cancelled order is baked to its end",
    "code-in-link": "the address of the page holds the code that it asks for",
}

words = argparse.ArgumentParser(description=__doc__)
words.add_argument("--stdio", action="store_true")
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
    total_cents: int
    remaining_stock: int


class Baked(BaseModel):
    product_name: str
    quantity: int


class Connected(BaseModel):
    connected: bool


class Confirmation(BaseModel):
    """What the user fills in."""

    confirm: bool if has("any-truth") else StrictBool = Field(description="Yes, buy it")


OPENING_DAY = [
    Product(name="Bagel", price_cents=150, stock=60),
    Product(name="Rye & spelt bread", price_cents=520, stock=24),
    Product(name="Éclair", price_cents=410, stock=30),
    Product(name="Grandma's “secret” cake", price_cents=12500, stock=6),
]
shelf = {product.name: product.model_copy() for product in OPENING_DAY}
till = asyncio.Lock()
spent: set[str] = set()
payments = Payments(code_in_link=has("code-in-link"))

lifetime = float(os.environ.get("STORE_CONFIRM_SECONDS", "300"))
baking = float(os.environ.get("STORE_BAKE_SECONDS", "0.3"))

store = FastMCP(
    "py-bakery",
    version="4.0.0",
    # Seals what goes through the client, and binds it to the tool and its arguments.
    request_state_security=RequestStateSecurity.ephemeral(
        ttl=86_400 if has("never-expires") else lifetime
    ),
)

READS = ToolAnnotations(readOnlyHint=True, openWorldHint=False)
CHANGES = ToolAnnotations(
    readOnlyHint=False, destructiveHint=True, idempotentHint=False, openWorldHint=False
)
ProductName = Annotated[str, Field(description="The product, by the name that list_products gives")]


@store.tool(annotations=READS)
def list_products() -> Products:
    """Lists everything the store sells, with prices in cents and how many are left."""
    return Products(products=list(shelf.values()))


def look(product_name: str, quantity: int) -> Product:
    product = shelf.get(product_name)
    if product is None:
        raise ToolError(f"There is no product {product_name!r}. See list_products.")
    if quantity > product.stock:
        raise ToolError(f"Only {product.stock} of {product_name!r} left.")
    return product


def can_be_asked(context: Context, mode: str) -> bool:
    """Whether the client can show a form, or open a page. No mode at all means forms."""
    capabilities = context.session.client_capabilities
    modes = capabilities.elicitation if capabilities else None
    if modes is None:
        return False
    if mode == "url":
        return modes.url is not None
    return modes.form is not None or modes.url is None


def is_modern(context: Context) -> bool:
    return context.session.protocol_version >= MODERN


@store.tool(annotations=CHANGES, output_schema=Receipt.model_json_schema())
async def buy_product(
    product_name: ProductName,
    quantity: Annotated[int, Field(description="How many", ge=1, le=1000)],
    context: Context,
) -> Receipt | InputRequiredResult:
    """Buys a product and returns the receipt. Asks the user first. Each call buys again."""
    product = look(product_name, quantity)
    if not can_be_asked(context, "form") and not has("asks-everybody"):
        raise ToolError(
            "Nothing was bought: this store asks before it sells, and your client cannot show forms."
        )
    total = product.price_cents * quantity
    price = f"${total / 100:,.2f}"
    question = ElicitRequestFormParams(
        message=f"{quantity} × {product_name} for {price}. Shall I buy that?",
        requested_schema=Confirmation.model_json_schema(),
    )
    if is_modern(context):
        answers = context.input_responses or {}
        if context.request_state is None or "confirm" not in answers:
            if has("sells-before-asking"):
                product.stock -= quantity
            return InputRequiredResult(
                input_requests={"confirm": ElicitRequest(params=question)},
                request_state=secrets.token_hex(),
            )
        if context.request_state in spent and not has("replay"):
            raise ToolError("Nothing was bought: this confirmation was used already.")
        spent.add(context.request_state)
        answer = answers["confirm"]
    else:
        if has("sells-before-asking"):
            product.stock -= quantity
        answer = await context.session.elicit_form(
            question.message, question.requested_schema, related_request_id=context.request_id
        )
    confirm(answer)
    async with till:
        if not has("sells-before-asking"):
            if not has("no-second-look"):
                product = look(product_name, quantity)
            product.stock = max(0, product.stock - quantity)
        return Receipt(
            product_name=product_name,
            quantity=quantity,
            total_cents=total,
            remaining_stock=product.stock,
        )


def confirm(answer: ElicitResult):
    """Goes on after a yes, and only then."""
    if answer.action == "cancel":
        raise ToolError("Nothing was bought: the user closed the question.")
    if has("buys-on-decline"):
        return
    if answer.action == "decline":
        raise ToolError("Nothing was bought: the user said no.")
    try:
        if Confirmation.model_validate(answer.content).confirm:
            return
    except ValidationError:
        pass
    raise ToolError("Nothing was bought: the box was not ticked.")


@store.tool(annotations=READS, app=AppConfig(resource_uri="ui://py-bakery/chart"))
def show_inventory_chart() -> Products:
    """Shows a chart of what is in stock."""
    return list_products()


@store.tool(annotations=READS, app=AppConfig(resource_uri="ui://py-bakery/catalog"))
def show_product_catalog() -> Products:
    """Shows a catalog with the price of each product."""
    return list_products()


@store.resource(
    "ui://py-bakery/chart", mime_type="text/html" if has("plain-html") else UI_MIME_TYPE
)
def chart() -> str:
    html = page("chart.html")
    if has("from-a-cdn"):
        html = html.replace("<title>", '<script src="https://cdn.example/d3.js"></script><title>')
    if has("chart-hard-coded"):
        opening_day = json.dumps([product.model_dump() for product in OPENING_DAY])
        html = html.replace("draw(products)", f"draw({opening_day})")
    return html


@store.resource("ui://py-bakery/catalog", mime_type=UI_MIME_TYPE)
def catalog() -> str:
    html = page("catalog.html")
    if has("names-as-html"):
        html = html.replace("name.textContent = product.name", "name.innerHTML = product.name")
    if has("one-for-all"):
        html = html.replace("buy(product.name)", "buy(products[0].name)")
    return html


@store.tool(annotations=CHANGES)
async def bake(
    product_name: ProductName,
    quantity: Annotated[int, Field(description="How many", ge=1, le=50)],
    context: Context,
) -> Baked:
    """Bakes more of a product. Takes a while, and can be cancelled."""
    product = look(product_name, 0)

    async def bake_all():
        for done in range(1, quantity + 1):
            # A client that gives up ends this wait, and with it the work.
            await asyncio.sleep(baking)
            product.stock += 1
            told = quantity - done if has("progress-falls") else done
            await context.report_progress(told, quantity)

    await (asyncio.shield(bake_all()) if has("bakes-on") else bake_all())
    return Baked(product_name=product_name, quantity=quantity)


@store.tool(annotations=CHANGES, output_schema=Connected.model_json_schema())
async def connect_payments(context: Context) -> Connected | InputRequiredResult:
    """Connects the store with the user's account at the payment provider, on a page."""
    if not can_be_asked(context, "url"):
        raise ToolError("Not connected: that takes a client that can open a page.")
    answers = context.input_responses or {}
    if context.request_state is not None and "page" in answers:
        return await follow(context.request_state, answers["page"])
    link, code, url = payments.open()
    message = f"Connect your payments? The page asks for this code: {code}"
    if is_modern(context):
        question = ElicitRequestURLParams(message=message, url=url)
        return InputRequiredResult(
            input_requests={"page": ElicitRequest(params=question)}, request_state=link
        )
    answer = await context.session.elicit_url(
        message, url, elicitation_id=link, related_request_id=context.request_id
    )
    return await follow(link, answer)


async def follow(link: str, answer: ElicitResult) -> Connected:
    until = time.monotonic() + 60
    while answer.action == "accept" and time.monotonic() < until:
        if payments.is_finished(link):
            return Connected(connected=True)
        await asyncio.sleep(0.05)
    raise ToolError("Not connected: the page was not finished.")


if __name__ == "__main__":
    if options.stdio:
        store.run(show_banner=False)
    else:
        store.run(
            transport="http",
            show_banner=False,
            host="127.0.0.1",
            port=int(os.environ["STORE_PORT"]),
            host_origin_protection=True,
        )
