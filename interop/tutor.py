"""A FastMCP client with the workshop's tutor: every tool that only reads, pages, prompts.

    tutor.py 2026-07-28 http://127.0.0.1:8430/mcp
    tutor.py 2025-11-25 target/debug/checker tutor
"""

import json

from checks import MODERN, RESOURCE_NOT_FOUND, check, equal, refusal, run
from mcp_types import INVALID_PARAMS, PromptReference, ResourceTemplateReference

# What they change is nothing, so that a maintainer's progress stays as it is.
READ_ONLY = ["explain_finding", "workshop_status"]
PROMPTS = ["explain_my_error", "i_am_stuck", "introduce_step", "review_my_code"]


@check
async def the_revision(client, revision):
    """the client and the tutor agree on the revision that was asked for"""
    equal(client.protocol_version, revision, "the revision")
    equal(client.server_info.name, "workshop-tutor", "the server's name")
    return f"{revision}, with {client.server_info.name} {client.server_info.version}"


@check
async def the_tools(client, _):
    """four tools are listed, with schemas, descriptions and hints"""
    tools = {tool.name: tool for tool in await client.list_tools()}
    equal(sorted(tools), sorted([*READ_ONLY, "check_exercise", "next_hint"]), "the tools")
    for name, tool in tools.items():
        assert tool.description and tool.output_schema, f"{name} lacks something"
        equal(tool.annotations.read_only_hint, name in READ_ONLY, f"readOnlyHint of {name}")
        for parameter, schema in tool.input_schema.get("properties", {}).items():
            assert schema["description"], f"{parameter} of {name} has no description"
    return ", ".join(sorted(tools))


@check
async def workshop_status(client, _):
    """workshop_status has structured content, and the same as text"""
    # FastMCP holds it against the output schema.
    answer = await client.call_tool("workshop_status")
    status = answer.structured_content
    equal(json.loads(answer.content[0].text), status, "the text")
    steps = [step["id"] for one in status["exercises"] for step in one["steps"]]
    assert "3.4" in steps, steps
    return f"{len(steps)} steps"


@check
async def explain_finding(client, _):
    """explain_finding says that nothing was checked, as a tool error"""
    answer = await client.call_tool_mcp("explain_finding", {})
    assert answer.is_error, answer
    assert "check_exercise" in answer.content[0].text, answer
    return answer.content[0].text


@check
async def unknown_step(client, _):
    """an unknown step is a tool error that names those that there are"""
    answer = await client.call_tool_mcp("explain_finding", {"step": "3.44"})
    assert answer.is_error and "3.1, 3.2" in answer.content[0].text, answer
    return "isError"


@check
async def the_pages(client, _):
    """every resource that is listed can be read"""
    uris = [str(one.uri) for one in await client.list_resources()]
    assert "workshop://book/ex3" in uris and "workshop://exercise/current" in uris, uris
    for uri in uris:
        contents = await client.read_resource(uri)
        assert contents and all(one.text for one in contents), uri
    return f"{len(uris)} resources"


@check
async def a_section(client, _):
    """a section of a page and a file of an exercise can be read by template"""
    templates = [one.uri_template for one in await client.list_resource_templates()]
    equal(len(templates), 3, "the templates")
    [section] = await client.read_resource("workshop://book/ex3#step-3-4")
    assert section.text.startswith("## 3.4"), section
    [file] = await client.read_resource("workshop://exercise/ex3/src/main.rs")
    assert "fn main()" in file.text, file
    return ", ".join(templates)


@check
async def unknown_resource(client, revision):
    """an unknown resource is a protocol error that names it"""
    uri = "workshop://solutions/ex3_store"
    error = await refusal(client.read_resource(uri))
    equal(error.code, INVALID_PARAMS if revision == MODERN else RESOURCE_NOT_FOUND, "the code")
    equal(error.data, {"uri": uri}, "the data")
    return f"{error.code}, {error.message}"


@check
async def the_prompts(client, _):
    """each prompt says how to tutor"""
    equal(sorted(one.name for one in await client.list_prompts()), PROMPTS, "the prompts")
    for name in PROMPTS:
        arguments = {"exercise": "ex3"} if name == "review_my_code" else {"step": "3.4"}
        answer = await client.get_prompt(name, arguments)
        assert "do not open `solutions/`" in answer.messages[0].content.text, answer
    error = await refusal(client.get_prompt("i_am_stuck", {"step": "3.44"}))
    equal(error.code, INVALID_PARAMS, "the code for an unknown step")
    return f"{len(PROMPTS)} prompts"


@check
async def completions(client, _):
    """steps and pages are completed from what was typed"""
    prompt = PromptReference(name="i_am_stuck")
    completion = await client.complete(prompt, {"name": "step", "value": "3.1"})
    equal(completion.values, ["3.1", "3.10", "3.11"], "the steps")
    page = ResourceTemplateReference(uri="workshop://book/{+page}")
    completion = await client.complete(page, {"name": "page", "value": "ex3"})
    equal(completion.values, ["ex3"], "the pages")
    return "of a prompt and of a template"


if __name__ == "__main__":
    run()
