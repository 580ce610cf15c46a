"""The store of the guide *From FastMCP to rmcp*: HTTP on STORE_PORT, or stdio with --stdio.

The guide shows parts of it beside the same parts in Rust. `guide_test.py` tests it.
"""

import asyncio
import os
import secrets
import sys
from typing import Annotated

from fastmcp import Context, FastMCP
from fastmcp.apps import UI_MIME_TYPE, AppConfig
from fastmcp.exceptions import ToolError
from fastmcp.server.auth import RemoteAuthProvider
from fastmcp.server.auth.providers.jwt import JWTVerifier
from fastmcp.server.dependencies import get_access_token
from fastmcp.server.elicitation import AcceptedElicitation
from fastmcp.server.lifespan import lifespan
from mcp_types import ElicitRequest, ElicitRequestFormParams, InputRequiredResult, ToolAnnotations
from pydantic import BaseModel, Field, StrictBool, ValidationError

MODERN = "2026-07-28"
READS = ToolAnnotations(readOnlyHint=True, openWorldHint=False)


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
    buyer: str


# ANCHOR: lifespan
@lifespan
async def opening_hours(server):
    products = [
        Product(name="Bagel", price_cents=150, stock=40),
        Product(name="Éclair", price_cents=410, stock=20),
    ]
    yield {"shelf": {product.name: product for product in products}}


store = FastMCP("py-bakery", version="1.0.0", lifespan=opening_hours)


def shelf(context: Context) -> dict[str, Product]:
    return context.lifespan_context["shelf"]
# ANCHOR_END: lifespan


# ANCHOR: tool
@store.tool(annotations=READS)
def list_products(context: Context) -> Products:
    """Lists everything the store sells, with prices in cents and how many are left."""
    return Products(products=list(shelf(context).values()))
# ANCHOR_END: tool


# ANCHOR: buy
@store.tool(output_schema=Receipt.model_json_schema())
async def buy_product(
    product_name: Annotated[str, Field(description="The product to buy")],
    quantity: Annotated[int, Field(description="How many to buy", ge=1, le=1000)],
    context: Context,
) -> Receipt | InputRequiredResult:
    """Buys a product, after asking the user, and returns the receipt."""
    product = shelf(context).get(product_name)
    if product is None:
        raise ToolError(f"There is no product {product_name!r}. See list_products.")
    total = quantity * product.price_cents
    answer = await ask(context, f"Buy {quantity} × {product_name} for {total} cents?")
    if isinstance(answer, InputRequiredResult):
        return answer
    if not answer:
        raise ToolError("Nothing was bought: the user did not confirm it.")
    if quantity > product.stock:
        raise ToolError(f"Only {product.stock} of {product_name!r} left.")
    product.stock -= quantity
    return Receipt(
        product_name=product_name, quantity=quantity, total_cents=total, buyer=buyer()
    )
# ANCHOR_END: buy


# ANCHOR: ask
class Confirmation(BaseModel):
    confirm: StrictBool = Field(description="Yes, buy it")


spent: set[str] = set()


async def ask(context: Context, message: str) -> bool | InputRequiredResult:
    """Asks the user, on either revision."""
    if context.session.protocol_version < MODERN:
        answer = await context.elicit(message, Confirmation)
        return isinstance(answer, AcceptedElicitation) and answer.data.confirm
    answer = (context.input_responses or {}).get("confirm")
    if context.request_state is None or answer is None:
        form = ElicitRequestFormParams(
            message=message, requested_schema=Confirmation.model_json_schema()
        )
        # FastMCP seals the state, for this tool and these arguments.
        return InputRequiredResult(
            input_requests={"confirm": ElicitRequest(params=form)},
            request_state=secrets.token_hex(),
        )
    if context.request_state in spent:
        raise ToolError("Nothing was bought: this confirmation was used already.")
    spent.add(context.request_state)
    try:
        return answer.action == "accept" and Confirmation(**(answer.content or {})).confirm
    except ValidationError:
        return False
# ANCHOR_END: ask


# ANCHOR: progress
@store.tool
async def bake(product_name: str, quantity: int, context: Context) -> Product:
    """Bakes more of a product. Takes a while, and can be cancelled."""
    product = shelf(context)[product_name]
    for done in range(1, quantity + 1):
        await asyncio.sleep(0.05)  # A client that cancels the call ends it here.
        product.stock += 1
        await context.report_progress(done, quantity)
    return product
# ANCHOR_END: progress


# ANCHOR: resource
@store.resource("store://inventory", mime_type="application/json")
def inventory(context: Context) -> str:
    """Everything the store sells"""
    return list_products(context).model_dump_json()
# ANCHOR_END: resource


# ANCHOR: prompt
@store.prompt
def recommend(occasion: str, context: Context, budget_cents: int | None = None) -> str:
    """Asks for a recommendation from today's products."""
    names = [
        product.name
        for product in shelf(context).values()
        if budget_cents is None or product.price_cents <= budget_cents
    ]
    return f"Recommend something for this occasion: {occasion}. Choose from: {', '.join(names)}."
# ANCHOR_END: prompt

PAGE = """<!doctype html><title>Stock</title><p id="all"></p><script>
  const tell = (method, more) => parent.postMessage({ jsonrpc: "2.0", method, ...more }, "*");
  addEventListener("message", ({ data }) => {
    if (data.id === 1) tell("ui/notifications/initialized", {});
    if (data.method === "ui/notifications/tool-result") {
      const { products } = data.params.structuredContent;
      document.getElementById("all").textContent = products.map((one) => one.name).join(", ");
    }
  });
  const appInfo = { name: "py-bakery", version: "1.0.0" };
  tell("ui/initialize", {
    id: 1, params: { appInfo, appCapabilities: {}, protocolVersion: "2026-01-26" },
  });
</script>"""


# ANCHOR: app
@store.tool(annotations=READS, app=AppConfig(resource_uri="ui://store/inventory.html"))
def show_inventory_chart(context: Context) -> Products:
    """Shows what is in stock."""
    return list_products(context)


@store.resource("ui://store/inventory.html", mime_type=UI_MIME_TYPE)
def chart() -> str:
    return PAGE
# ANCHOR_END: app


# ANCHOR: auth
def protected_by(realm: str, url: str) -> RemoteAuthProvider:
    """Lets in who has a token that the realm signed for this store."""
    return RemoteAuthProvider(
        token_verifier=JWTVerifier(
            jwks_uri=f"{realm}/protocol/openid-connect/certs",
            issuer=realm,
            audience="product-store",
            required_scopes=["mcp:access"],
        ),
        authorization_servers=[realm],
        base_url=url,
    )


def buyer() -> str:
    token = get_access_token()
    return token.claims["preferred_username"] if token else "you"
# ANCHOR_END: auth


# ANCHOR: run
if __name__ == "__main__":
    if "--stdio" in sys.argv:
        store.run(show_banner=False)
    else:
        port = int(os.environ.get("STORE_PORT", "8420"))
        if realm := os.environ.get("REALM_URL"):
            store.auth = protected_by(realm, f"http://127.0.0.1:{port}")
        store.run(
            transport="http",
            show_banner=False,
            host="127.0.0.1",
            port=port,
            host_origin_protection=True,
        )
# ANCHOR_END: run
