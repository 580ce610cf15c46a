"""A store written by hand, without any MCP library, for the checker to judge.

    python interop/by_hand                                HTTP on STORE_PORT
    python interop/by_hand --stdio                        stdin and stdout
    python interop/by_hand --switches any-origin,no-order   the same, with these switched on

It does what exercise 3 asks for, in both eras of the protocol. A switch makes it wrong in one way, or
unusual and still right: switches.toml lists them.

    switches.py     what is switched on
    store.py        what is sold, and the rules of selling; knows no MCP
    offers.py       the store's tools, resources, prompts and completions
    protocol.py     JSON-RPC and the methods of MCP
    over_http.py    the messages over HTTP, and who may send them
    over_stdio.py   the messages over stdin and stdout
"""

import argparse

import switches

words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
words.add_argument("--stdio", action="store_true")
words.add_argument("--switches", default="", metavar="NAME,NAME")
options = words.parse_args()
# Before anything else is imported: some of them act at once.
switches.switch_on([name for name in options.switches.split(",") if name])

import over_http  # noqa: E402
import over_stdio  # noqa: E402

if options.stdio:
    over_stdio.serve()
else:
    over_http.serve()
