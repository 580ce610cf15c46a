"""What the store sells, and the rules of selling. Nothing here knows MCP."""

import threading
import time
from dataclasses import asdict, dataclass

from switches import on


class Refusal(Exception):
    """Why the store does not sell. A model reads the text."""


@dataclass
class Product:
    name: str
    price_cents: int
    stock: int


def opening_day() -> list[Product]:
    products = [
        Product("Green tea", 450, 40),
        Product("Darjeeling first flush", 1290, 9),
        Product("Maté", 610, 24),
        Product("Teapot", 3900, 4),
    ]
    for product in products:
        if on("free-of-charge"):
            product.price_cents = 0
        if on("huge-stock"):
            product.stock = 10**12
        if on("huge-totals"):
            # Four of these cost more than 2^63 cents, and less than 2^64.
            product.price_cents, product.stock = 4 * 10**18, 4
    return products


class Store:
    def __init__(self) -> None:
        self._products = opening_day()
        self._at_first = [asdict(product) for product in self._products]
        self._till = threading.Lock()
        self._looks = 0

    def products(self) -> list[dict]:
        """Everything, the sold-out ones too."""
        with self._till:
            shown = [asdict(product) for product in self._products]
            self._looks += 1
        if on("hides-sold-out"):
            shown = [product for product in shown if product["stock"] > 0]
        if on("no-order"):
            first = self._looks % len(shown)
            shown = shown[first:] + shown[:first]
        return shown

    def products_at_first(self) -> list[dict]:
        return self._at_first

    def product(self, name: str) -> dict | None:
        """The product of exactly this name."""
        for product in self.products():
            by_beginning = on("uri-by-beginning") and name and product["name"].startswith(name)
            if product["name"] == name or by_beginning:
                return product
        return None

    def buy(self, name: str, quantity: int) -> dict:
        """Sells, or raises a Refusal and changes nothing."""
        if on("race"):
            # The lock is let go between the look and the sale.
            with self._till:
                product = self._sellable(name, quantity)
            time.sleep(0.01)
            with self._till:
                return self._sell(product, quantity, name)
        with self._till:
            product = self._sellable(name, quantity)
            return self._sell(product, quantity, name)

    def _sellable(self, name: str, quantity: int) -> Product:
        product = next((one for one in self._products if is_meant(one.name, name)), None)
        if product is None:
            sold = ", ".join(one.name for one in self._products)
            raise Refusal(f"There is no product {name!r}. The store sells: {sold}.")
        if quantity < 1:
            raise Refusal(f"The quantity is {quantity}. Buy at least 1.")
        if product.stock == 0:
            if on("sells-sold-out") and quantity == 1:
                return product
            if on("sold-out-breaks"):
                # What a bug does: protocol.py makes an internal error of it.
                raise ZeroDivisionError("division by zero")
            raise Refusal(f"{product.name!r} is sold out.")
        most = product.stock
        if on("oversells-by-one"):
            most += 1
        if on("refuses-all"):
            most -= 1
        if quantity > most:
            raise Refusal(f"Only {product.stock} of {product.name!r} left, not {quantity}.")
        return product

    def _sell(self, product: Product, quantity: int, name: str) -> dict:
        product.stock = max(0, product.stock - quantity)
        return {
            "product_name": name if on("echoes-name") else product.name,
            "quantity": quantity,
            "total_cents": product.price_cents * quantity,
            "remaining_stock": product.stock,
        }

    def search(self, keyword: str, least: int | None, most: int | None) -> list[dict]:
        return [
            product
            for product in self.products()
            if has_keyword(product["name"].lower(), keyword.lower())
            and (least is None or product["price_cents"] >= least)
            and (most is None or product["price_cents"] <= most)
            and not (on("search-hides-sold-out") and product["stock"] == 0)
        ]


def is_meant(product: str, name: str) -> bool:
    """Whether a customer who says `name` means this product."""
    if on("buys-by-beginning") and product.startswith(name):
        return True
    if on("buys-by-part") and name in product:
        return True
    if on("buys-by-more") and name.startswith(product):
        return True
    if on("echoes-name") or on("lenient-names"):
        return product.lower() == name.strip().lower()
    return product == name


def has_keyword(name: str, keyword: str) -> bool:
    if on("search-at-beginning"):
        return name.startswith(keyword)
    if on("search-whole-words"):
        return not keyword or keyword in name.split()
    if on("search-ascii-only"):
        return keyword.isascii() and keyword in name
    return keyword in name
