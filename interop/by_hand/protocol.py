"""JSON-RPC, and the methods of MCP in both eras.

2026-07-28 (modern) is stateless: a client begins with server/discover, and every request says in its
_meta who asks. 2025-11-25 and older (legacy) begin with initialize and notifications/initialized.
"""

import offers
from offers import INTERNAL_ERROR, INVALID_PARAMS, RpcError
from switches import on

MODERN = "2026-07-28"
LEGACY = ["2025-11-25", "2025-06-18", "2025-03-26"]

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
UNSUPPORTED_VERSION = -32022

META = "io.modelcontextprotocol/"
SERVER_INFO = {"name": "tea-by-hand", "version": "1.4.0"}
INSTRUCTIONS = "A tea shop. Prices are in cents. Look at the products before you buy."

# What a server has that was written before 2026-07-28.
LEGACY_ONLY = ["legacy-session", "legacy-method", "legacy-version", "legacy-404", "legacy-silent"]

METHODS = {
    "tools/list": offers.tools,
    "tools/call": offers.call,
    "resources/list": offers.resources,
    "resources/templates/list": offers.templates,
    "resources/read": offers.read,
    "prompts/list": offers.prompts,
    "prompts/get": offers.prompt,
    "completion/complete": offers.complete,
}


def is_modern(message: dict, header_version: str | None = None) -> bool:
    meta = message.get("params", {}).get("_meta", {})
    return (
        f"{META}protocolVersion" in meta
        or (header_version or "") >= MODERN
        or message.get("method") == "server/discover"
    )


def knows_modern() -> bool:
    return not any(on(name) for name in LEGACY_ONLY)


def answer(message: dict, modern: bool) -> dict | None:
    """The answer to a message; None where there is none, as for a notification."""
    if "method" not in message:
        return error_of(None, RpcError(INVALID_REQUEST, "That is no request."))
    if "id" not in message:
        return None
    try:
        if modern and knows_modern():
            result = modern_result(message)
        else:
            result = legacy_result(message)
    except RpcError as error:
        return error_of(message["id"], error)
    except Exception as error:
        return error_of(message["id"], RpcError(INTERNAL_ERROR, f"The server broke down: {error}"))
    return {"jsonrpc": "2.0", "id": message["id"], "result": result}


def error_of(id: object, error: RpcError) -> dict:
    told = {"code": error.code, "message": error.message}
    if error.data is not None:
        told["data"] = error.data
    return {"jsonrpc": "2.0", "id": id, "error": told}


def modern_result(message: dict) -> dict:
    method, params = message["method"], message.get("params", {})
    meta = params.get("_meta", {})
    version = meta.get(f"{META}protocolVersion")
    if version is None or f"{META}clientCapabilities" not in meta:
        raise RpcError(INVALID_PARAMS, "_meta lacks protocolVersion or clientCapabilities")
    if version != MODERN:
        data = {"requested": version, "supported": [MODERN, *LEGACY]}
        raise RpcError(UNSUPPORTED_VERSION, "Unsupported protocol version", data)
    if method == "server/discover":
        result = {
            "supportedVersions": [MODERN, *LEGACY],
            "capabilities": capabilities(),
            "instructions": INSTRUCTIONS,
            "_meta": {f"{META}serverInfo": SERVER_INFO},
        }
    else:
        result = dispatch(method, params, modern=True)
    # Every modern result says that it is complete; what can be kept says for how long.
    result = {"resultType": "complete"} | result
    if method in ("server/discover", "resources/read") or method.endswith("/list"):
        result |= {"ttlMs": 0, "cacheScope": "private"}
    return result


def legacy_result(message: dict) -> dict:
    method, params = message["method"], message.get("params", {})
    if method == "initialize":
        wanted = params.get("protocolVersion")
        return {
            "protocolVersion": wanted if wanted in LEGACY else LEGACY[0],
            "capabilities": capabilities(),
            "serverInfo": SERVER_INFO,
            "instructions": INSTRUCTIONS,
        }
    if method == "ping":
        return {}
    return dispatch(method, params, modern=False)


def dispatch(method: str, params: dict, modern: bool) -> dict:
    if method not in METHODS:
        raise RpcError(METHOD_NOT_FOUND, f"Method not found: {method}")
    return METHODS[method](params, modern)


def capabilities() -> dict:
    return {"tools": {}, "resources": {}, "prompts": {}, "completions": {}}
