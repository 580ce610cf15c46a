"""MCP over HTTP: each message is a POST to /mcp, and each answer its response."""

import json
import os
import re
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import protocol
from protocol import RpcError
from switches import on

HEADER_MISMATCH = -32020

HERE = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")

sessions: set[str] = set()


class Server(ThreadingHTTPServer):
    # Many buyers come at once.
    request_queue_size = 128
    daemon_threads = True


def serve() -> None:
    address = os.environ.get("STORE_HOST", "127.0.0.1"), int(os.environ.get("STORE_PORT", "8420"))
    Server(address, Handler).serve_forever()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave together, at the end of the request.
    wbufsize = -1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if not comes_from_here(self.headers.get("Origin"), self.headers.get("Host", "")):
            status = 400 if on("foreign-as-bad-request") else 403
            return self.send(status, b"Forbidden", "text/plain")
        if self.broken():
            return None
        if self.path != "/mcp":
            return self.send(404, b"Not found", "text/plain")
        try:
            message = json.loads(body)
        except ValueError as error:
            return self.refuse(None, RpcError(protocol.PARSE_ERROR, f"That is no JSON: {error}"))
        modern = protocol.is_modern(message, self.headers.get("MCP-Protocol-Version"))
        if not protocol.knows_modern() and (modern or on("legacy-session")):
            if self.refused_by_legacy(message):
                return None
        elif modern and (wrong := wrong_header(message, self.headers)):
            return self.refuse(message.get("id"), RpcError(HEADER_MISMATCH, wrong))
        answer = protocol.answer(message, modern)
        if answer is None:
            return self.send(self.status_of_notification(), b"", None)
        if answer.get("error", {}).get("code") == protocol.METHOD_NOT_FOUND and modern:
            return self.send_json(404 if protocol.knows_modern() else 200, answer)
        return self.send_json(200, answer)

    def do_GET(self) -> None:
        """A stream on which the server speaks first. It has nothing to say."""
        self.send(405, b"", None)

    def do_DELETE(self) -> None:
        """The end of a session."""
        known = self.headers.get("Mcp-Session-Id") in sessions
        self.send(200 if known else 405, b"", None)

    def broken(self) -> bool:
        """Whether nobody gets in, whatever is asked, and has been told so."""
        if on("redirects"):
            self.send(308, b"", None, {"Location": "/mcp/"})
        elif on("not-acceptable"):
            # As servers do that want one header more.
            words = "Not Acceptable: Client must accept application/tea"
            self.send_json(406, protocol.error_of(None, RpcError(-32000, words)))
        elif on("not-found-as-json"):
            self.send(404, b'{"detail": "Not Found"}', "application/json")
        elif on("web-page"):
            self.send(200, b"<!doctype html><title>Tea</title>", "text/html")
        else:
            return False
        return True

    def refused_by_legacy(self, message: dict) -> bool:
        """Whether a server that was written before 2026-07-28 refuses this, and has said so."""
        version = self.headers.get("MCP-Protocol-Version")
        if on("legacy-silent"):
            time.sleep(60)
        if on("legacy-404"):
            self.send(404, b"Not found", "text/plain")
        elif on("legacy-version"):
            words = f"Bad Request: Unsupported protocol version: {version}"
            self.refuse(None, RpcError(-32000, words))
        elif on("legacy-session"):
            if message.get("method") == "initialize" or self.headers.get("Mcp-Session-Id") in sessions:
                return False
            self.refuse(None, RpcError(-32000, "Bad Request: Missing session ID"))
        else:
            return False
        return True

    def status_of_notification(self) -> int:
        for status in (400, 404, 500):
            if on(f"refuses-notifications-{status}"):
                return status
        return 202

    def refuse(self, id: object, error: RpcError) -> None:
        self.send_json(400, protocol.error_of(id, error))

    def send_json(self, status: int, message: dict) -> None:
        text = json.dumps(message, indent=2 if on("pretty-json") else None)
        headers = {}
        if on("legacy-session") and "protocolVersion" in message.get("result", {}):
            headers["Mcp-Session-Id"] = uuid.uuid4().hex
            sessions.add(headers["Mcp-Session-Id"])
        if on("answers-as-events"):
            return self.send(status, f"data: {text}\n\n".encode(), "text/event-stream", headers)
        if on("odd-events"):
            # All but the last line is to be ignored, says the standard.
            odd = f": tea?\nretry: soon\nnothing\n\nevent: ping\ndata: 1\n\ndata: {text}\n\n"
            return self.send(status, odd.encode(), "text/event-stream", headers)
        content_type = "application/json"
        if on("no-content-type"):
            content_type = None
        if on("plain-text"):
            content_type = "text/plain; charset=utf-8"
        return self.send(status, text.encode(), content_type, headers)

    def send(
        self, status: int, body: bytes, content_type: str | None, headers: dict | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        """Only for developers who ask for it."""
        if "RUST_LOG" in os.environ:
            super().log_message(format, *values)


def comes_from_here(origin: str | None, host: str) -> bool:
    """Whether no web page of somebody else can have sent this."""
    host_is_here = HERE.fullmatch(host) or any((
        on("any-host"),
        on("host-by-beginning") and host.startswith(("localhost", "127.0.0.1")),
        on("host-by-part") and "localhost" in host,
    ))
    if not host_is_here:
        return False
    if origin is None:
        return True
    if on("no-origin") or on("localhost-only") and "127.0.0.1" in origin:
        return False
    scheme, _, authority = origin.partition("://")
    return bool(scheme == "http" and HERE.fullmatch(authority)) or any((
        on("any-origin"),
        on("origin-by-beginning") and origin.startswith("http://localhost"),
        on("origin-by-part") and "localhost" in origin,
        on("origin-by-end") and origin.endswith("localhost"),
        on("origin-with-user") and urlsplit(origin).username == "localhost",
        on("null-origin") and origin == "null",
        on("other-scheme") and authority.startswith("localhost"),
    ))


def wrong_header(message: dict, headers: object) -> str | None:
    """What is wrong with the headers of a modern request, which repeat what its body says."""
    if "id" not in message:
        return None
    if headers.get("MCP-Protocol-Version") != protocol.MODERN:
        return "MCP-Protocol-Version is missing, or not the one in the body"
    if headers.get("Mcp-Method") != message.get("method"):
        return "Mcp-Method is missing, or not the method in the body"
    return None
