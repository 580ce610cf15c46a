"""Between the conformance suite and the client of exercise 1.

The suite runs one command, with a URL as its last argument. The client wants to be asked something,
and one thing at a time: ASKS has the command lines, as JSON. CALL_LISTED has arguments with which
each tool is called that the client lists.
"""

import json
import os
import subprocess
import sys

client, url = sys.argv[1:]


def ask(words):
    done = subprocess.run([client, url, *words], stdout=subprocess.PIPE, encoding="utf-8")
    print(done.stdout, end="", flush=True)
    if done.returncode != 0:
        sys.exit(done.returncode)
    return done.stdout


for words in json.loads(os.environ.get("ASKS", "[]")):
    ask(words)
if arguments := os.environ.get("CALL_LISTED"):
    # A name stands at the beginning of its line, its description is indented.
    for line in ask(["list"]).splitlines():
        if line and not line.startswith(" "):
            ask(["call", line, arguments])
