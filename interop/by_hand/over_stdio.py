"""MCP on stdin and stdout: a message a line, in UTF-8. The program ends when its stdin does."""

import json
import sys
import time

import protocol
from switches import on


def serve() -> None:
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        try:
            message = json.loads(line)
        except ValueError as error:
            refusal = protocol.RpcError(protocol.PARSE_ERROR, f"That is no JSON: {error}")
            write(protocol.error_of(None, refusal))
            continue
        modern = protocol.is_modern(message)
        if modern and on("legacy-silent"):
            continue
        answer = protocol.answer(message, modern)
        if answer is not None:
            write(answer)
    while on("outlives-stdin"):
        time.sleep(1)


def write(message: dict) -> None:
    if on("error-null") and "result" in message:
        message["error"] = None
    if on("pretty-lines"):
        text = json.dumps(message, ensure_ascii=False, indent=2)
    else:
        text = json.dumps(message, ensure_ascii=False)
    written = text.encode("latin-1" if on("latin-1") else "utf-8")
    if on("content-length"):
        # As the Language Server Protocol has it.
        put(b"Content-Length: %d\r\n\r\n" % len(written) + written)
    elif on("byte-order-mark"):
        put(b"\xef\xbb\xbf" + written + b"\n")
    elif on("in-pieces"):
        for piece in (written[: len(written) // 2], written[len(written) // 2 :], b"\n"):
            put(piece)
            time.sleep(0.003)
    else:
        put(written + b"\n")


def put(piece: bytes) -> None:
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
