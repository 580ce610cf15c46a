"""The client of exercise 1 on FastMCP, for the checker to pass.

    connect.py [-H 'Name: value'] URL info | list | call TOOL JSON | read URI

It is written as a Python developer would write it. With --flaw NAME it has exactly one thing wrong,
which the checker has to name.
"""

import argparse
import asyncio
import difflib
import json
import logging
import re
import sys
from urllib.parse import urljoin

import httpx2
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from mcp.shared.exceptions import MCPError

FLAWS = {
    "legacy-only": "it begins with initialize, whatever the server speaks",
    "first-page": "a list ends where its first page does",
    "text-only": "structured content is not shown",
    "error-as-answer": "a tool error is printed as if it were the answer",
    "no-login": "a 401 does not lead to where one logs in",
}

TOOL_ERROR, REFUSED, UNREACHABLE, NEEDS_LOGIN = 1, 3, 4, 5


class Failure(Exception):
    """What went wrong, and the exit code that tells it apart."""

    def __init__(self, code: int, words: str):
        super().__init__(words)
        self.code = code


def header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        # What stands there may be a key: it is not repeated.
        raise argparse.ArgumentTypeError("expected 'Name: value'")
    return name.strip(), value.strip()


words = argparse.ArgumentParser(description=__doc__)
words.add_argument("--flaw", choices=FLAWS)
words.add_argument("-H", dest="headers", action="append", type=header, default=[])
words.add_argument("url")
asks = words.add_subparsers(dest="wanted", required=True)
asks.add_parser("info")
asks.add_parser("list")
call_words = asks.add_parser("call")
call_words.add_argument("tool")
call_words.add_argument("arguments", type=json.loads, default={}, nargs="?")
asks.add_parser("read").add_argument("uri")
options = words.parse_args()


def has(flaw: str) -> bool:
    assert flaw in FLAWS
    return options.flaw == flaw


def show(text: str):
    """Prints what a server sent, and lets it do nothing to the terminal."""
    print("".join(one if one.isprintable() or one == "\n" else ascii(one)[1:-1] for one in text))


async def info(client: Client):
    server = client.server_info
    # Since 2026-07-28 a server need not say its name.
    show(f"{server.name} {server.version}" if server else "a server without a name")
    show(f"MCP {client.protocol_version}")


async def tools(client: Client):
    if has("first-page"):
        return (await client.list_tools_mcp()).tools
    return await client.list_tools()


async def list_tools(client: Client):
    for tool in await tools(client):
        show(f"{tool.name}\n    {tool.description or '(no description)'}")


async def call(client: Client):
    try:
        result = await client.call_tool_mcp(options.tool, options.arguments)
    except MCPError as error:
        raise Failure(REFUSED, f"refused: {error}{await nearest(client)}") from error
    texts = [block.text for block in result.content if block.type == "text"]
    if result.is_error and not has("error-as-answer"):
        raise Failure(TOOL_ERROR, "the tool failed: " + "\n".join(texts) + await nearest(client))
    show("\n".join(texts))
    if result.structured_content is not None and not has("text-only"):
        show(json.dumps(result.structured_content, indent=2, ensure_ascii=False))


async def nearest(client: Client) -> str:
    names = [tool.name for tool in await tools(client)]
    if options.tool in names:
        return ""
    alike = difflib.get_close_matches(options.tool, names, n=1)
    return f". Did you mean {alike[0]}?" if alike else ""


async def read(client: Client):
    for contents in await client.read_resource(options.uri):
        show(getattr(contents, "text", f"({contents.mime_type}, not text)"))


class Door:
    """Notes the challenge of a 401: FastMCP's client says of it no more than that it failed."""

    challenge: str | None = None

    async def note(self, response: httpx2.Response):
        if response.status_code == httpx2.codes.UNAUTHORIZED:
            self.challenge = response.headers.get("www-authenticate", "")

    def http_client(self, **settings) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(**settings, event_hooks={"response": [self.note]})

    async def login(self) -> Failure:
        """Where one logs in, as the server's metadata has it (RFC 9728)."""
        found = re.search(r'resource_metadata="([^"]+)"', self.challenge or "", re.IGNORECASE)
        if not found or has("no-login"):
            return Failure(NEEDS_LOGIN, "the server wants a key: send it with -H")
        async with httpx2.AsyncClient(timeout=10) as http:
            metadata = await http.get(urljoin(options.url, found[1]))
        servers = metadata.json().get("authorization_servers", [])
        return Failure(NEEDS_LOGIN, f"log in at {' or '.join(servers)}, or send a key with -H")


async def ask():
    door = Door()
    transport = StreamableHttpTransport(
        options.url, headers=dict(options.headers), httpx_client_factory=door.http_client
    )
    # "auto" is the default: it discovers first, and falls back to initialize.
    client = Client(transport, mode="legacy" if has("legacy-only") else "auto", timeout=20)
    asked = {"info": info, "list": list_tools, "call": call, "read": read}[options.wanted]
    connected = False
    try:
        async with client:
            connected = True
            await asked(client)
    except Failure:
        raise
    except Exception as error:
        if door.challenge is not None:
            raise await door.login() from error
        if connected and isinstance(error, MCPError):
            raise Failure(REFUSED, f"refused: {error}") from error
        raise Failure(UNREACHABLE, f"no MCP server was reached: {error}") from error


if __name__ == "__main__":
    # FastMCP logs in color what is said here in a sentence.
    logging.disable()
    try:
        asyncio.run(ask())
    except Failure as failure:
        print(failure, file=sys.stderr)
        sys.exit(failure.code)
