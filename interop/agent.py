"""The agent of exercise 2 on OpenAI's package and FastMCP's client, for the checker to pass.

    agent.py --mcp URL [--mcp URL …] [--max-steps N] QUESTION

It is written as a Python developer would write it. With --flaw NAME it has exactly one thing wrong,
which the checker has to name.
"""

import argparse
import asyncio
import json
import logging
import os
import re
import sys
from contextlib import AsyncExitStack, suppress
from itertools import chain, count

from fastmcp import Client
from openai import AsyncOpenAI

FLAWS = {
    "no-schema": "the model is offered tools without their parameters",
    "own-id": "a result goes back under an id of the agent's own",
    "first-call-only": "of several calls in one reply only the first is carried out",
    "crashes": "a call that fails ends the agent",
    "asks-nobody": "it goes ahead with whatever the model proposes",
}

words = argparse.ArgumentParser(description=__doc__)
words.add_argument("--flaw", choices=FLAWS)
words.add_argument("--mcp", action="append", required=True, metavar="URL")
words.add_argument("--max-steps", type=int, default=10)
words.add_argument("question")
options = words.parse_args()


def has(flaw: str) -> bool:
    assert flaw in FLAWS
    return options.flaw == flaw


def say(text: str):
    print(text, file=sys.stderr)


class NoAnswer(Exception):
    """Why the model came to no answer."""


class Toolbox:
    """The tools of all servers, each by a name that OpenAI takes and no other has."""

    def __init__(self):
        self.tools = {}

    async def connect(self, stack: AsyncExitStack) -> "Toolbox":
        for url in options.mcp:
            try:
                client = await stack.enter_async_context(Client(url, timeout=20))
                tools = await client.list_tools()
            except Exception as error:
                say(f"{url} cannot be used: {error}")
                continue
            for tool in tools:
                self.tools[self.free_name(tool.name)] = (client, tool)
        return self

    def free_name(self, declared: str) -> str:
        name = re.sub(r"[^a-zA-Z0-9_-]", "_", declared)[:64]
        names = chain([name], (f"{name[:60]}_{number}" for number in count(2)))
        return next(name for name in names if name not in self.tools)

    def offered(self) -> list[dict]:
        return [
            {
                "type": "function",
                "function": {
                    "name": name,
                    "description": tool.description or "",
                    "parameters": {"type": "object"} if has("no-schema") else {"properties": {}, **tool.input_schema},
                },
            }
            for name, (_, tool) in self.tools.items()
        ]

    async def execute(self, name: str, arguments: str) -> str:
        """What came of a proposed call, in words for the model."""
        if name not in self.tools:
            return f"There is no tool {name!r}. There are: {', '.join(self.tools)}."
        client, tool = self.tools[name]
        try:
            parsed = json.loads(arguments or "{}")
        except ValueError as error:
            return f"The arguments are not JSON: {error}."
        reads = tool.annotations is not None and tool.annotations.read_only_hint is True
        if not reads and not has("asks-nobody") and not agreed(name, parsed):
            return "The user refused this call."
        try:
            result = await client.call_tool_mcp(tool.name, parsed)
        except Exception as error:
            if has("crashes"):
                raise
            return f"The call failed: {error}"
        texts = [block.text for block in result.content if block.type == "text"]
        text = "\n".join(texts) or json.dumps(result.structured_content)
        return f"The tool reported an error: {text}" if result.is_error else text


def agreed(name: str, arguments: dict) -> bool:
    say(f"This may change something: {name} {json.dumps(arguments, ensure_ascii=False)}")
    print("Go ahead? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


async def answer() -> str:
    stack = AsyncExitStack()
    try:
        return await loop(await Toolbox().connect(stack))
    finally:
        # A server that is gone hears no goodbye, which is no reason to lose the answer.
        with suppress(Exception):
            await stack.aclose()


async def loop(toolbox: Toolbox) -> str:
    model = AsyncOpenAI()  # OPENAI_BASE_URL and OPENAI_API_KEY, from the environment
    conversation = [{"role": "user", "content": options.question}]
    tools = toolbox.offered()
    for _ in range(options.max_steps):
        completion = await model.chat.completions.create(
            model=os.environ["OPENAI_MODEL"],
            messages=conversation,
            **({"tools": tools} if tools else {}),
        )
        reply = completion.choices[0].message
        if not reply.tool_calls:
            if not reply.content:
                raise NoAnswer("the model said nothing")
            return reply.content
        conversation.append(reply.model_dump(exclude_none=True))
        for call in reply.tool_calls[: 1 if has("first-call-only") else None]:
            say(f"→ {call.function.name} {call.function.arguments}")
            told = await toolbox.execute(call.function.name, call.function.arguments)
            say(f"← {told}")
            conversation.append(
                {
                    "role": "tool",
                    "tool_call_id": call.function.name if has("own-id") else call.id,
                    "content": told,
                }
            )
    raise NoAnswer(f"no answer after {options.max_steps} steps")


if __name__ == "__main__":
    # FastMCP logs what is said here in a sentence.
    logging.disable()
    try:
        print(asyncio.run(answer()))
    except Exception as error:
        say(f"no answer: {error}")
        sys.exit(1)
