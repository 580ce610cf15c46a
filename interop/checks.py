"""What the scripts of a FastMCP client share: checks, and the way to a server.

Prints a line of JSON for each check: what was checked, and what was seen or went wrong.
"""

import asyncio
import json
import sys
import traceback

from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from mcp.shared.exceptions import MCPError

MODERN = "2026-07-28"
RESOURCE_NOT_FOUND = -32002  # what 2025-11-25 has for it

CHECKS = []


def check(function):
    """Its docstring is the sentence that it proves; it returns what it saw."""
    CHECKS.append(function)
    return function


def equal(got, expected, what):
    assert got == expected, f"{what}: expected {expected!r}, got {got!r}"


async def refusal(asked):
    """The protocol error that something ends in."""
    try:
        answer = await asked
    except MCPError as error:
        return error.error
    raise AssertionError(f"expected a protocol error, got {answer!r}")


def connecting(revision, server, arguments):
    """Makes clients of the server that the arguments name, on that revision. A stdio server is started
    for each of them anew."""
    # "auto" asks `server/discover` first; the first check sees that it did not fall back.
    mode = "auto" if revision == MODERN else "legacy"

    def connect(**options):
        is_url = server.startswith("http://")
        transport = server if is_url else StdioTransport(server, arguments, keep_alive=False)
        return Client(transport, mode=mode, timeout=20, **options)

    return connect


async def main(subject, revision):
    for function in CHECKS:
        said = {"check": function.__doc__}
        try:
            said["seen"] = await function(subject, revision)
        except AssertionError as error:
            said["failed"] = str(error)
        except Exception:
            said["failed"] = traceback.format_exc()
        print(json.dumps(said))


async def with_one_client(revision, connect):
    async with connect() as client:
        await main(client, revision)


def run():
    """Makes all checks with one client, on the revision and with the server that the arguments name."""
    revision, server, *arguments = sys.argv[1:]
    asyncio.run(with_one_client(revision, connecting(revision, server, arguments)))


def run_with_clients():
    """The same, where each check gets what makes clients, and not a client."""
    revision, server, *arguments = sys.argv[1:]
    asyncio.run(main(connecting(revision, server, arguments), revision))
