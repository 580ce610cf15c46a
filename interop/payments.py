"""The page on which a user of `store4.py` connects their payments: on a port of its own, which opens
with the first link. Whoever opens a link must know the code that the client has shown."""

import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

FORM = """<!doctype html><title>Payments</title>
<form method="post"><label>Code <input name="code" autocomplete="off"></label><button>Connect</button></form>"""


class Payments:
    def __init__(self, code_in_link=False):
        self.code_in_link = code_in_link
        # The code of each link; none once it was typed.
        self.links: dict[str, str | None] = {}
        self.server = None

    def open(self) -> tuple[str, str, str]:
        """A new link, its code, and its address."""
        if self.server is None:
            self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
            threading.Thread(target=self.server.serve_forever, daemon=True).start()
        code = f"{secrets.randbelow(10**6):06}"
        link = secrets.token_hex() + (f"-{code}" if self.code_in_link else "")
        self.links[link] = code
        return link, code, f"http://127.0.0.1:{self.server.server_port}/{link}"

    def is_finished(self, link: str) -> bool:
        return self.links.get(link, "") is None

    def handler(self):
        links = self.links

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                known = self.path[1:] in links
                self.reply(200 if known else 404, FORM if known else "There is no such page.")

            def do_POST(self):
                typed = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                link = self.path[1:]
                if links.get(link) is None or typed.get("code") != [links[link]]:
                    return self.reply(403, "That is not the code.")
                links[link] = None
                self.reply(200, "Connected. You can close this page.")

            def reply(self, status, words):
                self.send_response(status)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.send_header("cache-control", "no-store")
                self.end_headers()
                self.wfile.write(words.encode())

            def log_message(self, *_):
                pass

        return Handler
