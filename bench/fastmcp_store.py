"""`list_products` in FastMCP, served over HTTP on STORE_PORT: the server beside the solution."""

import os

from fastmcp import FastMCP
from pydantic import BaseModel

mcp = FastMCP("fastmcp-store", version="1.0.0")


class Product(BaseModel):
    name: str
    price_cents: int
    stock: int


class ProductList(BaseModel):
    products: list[Product]


PRODUCTS = [
    Product(name="Sourdough loaf", price_cents=650, stock=8),
    Product(name="Croissant", price_cents=320, stock=12),
    Product(name="Cinnamon roll", price_cents=380, stock=6),
    Product(name="Rye bread", price_cents=540, stock=3),
    Product(name="Birthday cake", price_cents=4200, stock=1),
]


@mcp.tool
def list_products() -> ProductList:
    """Lists the products."""
    return ProductList(products=PRODUCTS)


if __name__ == "__main__":
    mcp.run(
        transport="http",
        host="127.0.0.1",
        port=int(os.environ["STORE_PORT"]),
        path="/mcp",
        show_banner=False,
        log_level="warning",
    )
