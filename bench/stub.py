"""A model server that speaks OpenAI's chat completions and takes exactly the seconds it is told.

python -m bench.stub      prints its port, and serves until its end
"""

import asyncio
import json
import time
from typing import Any

from aiohttp import web

from bench.work import ANSWERS, takes

FORMS = {
    "ReviewDraft": "review",
    "ArtifactDraft": "assemble",
    "WholeReviewDraft": "whole",
}
"""The form of the answer that is asked for tells the purpose; without one it is a task's work."""


async def complete(request: web.Request) -> web.Response:
    begun = time.perf_counter()
    asked = await request.json()
    form = asked.get("response_format", {}).get("json_schema", {}).get("name", "")
    purpose = FORMS.get(form, "work")
    prompt = " ".join(str(message["content"]) for message in asked["messages"])
    await asyncio.sleep(takes(prompt, purpose) - (time.perf_counter() - begun))
    return web.json_response(_completion(asked["model"], ANSWERS[purpose]))


def _completion(model: str, answer: Any) -> dict[str, Any]:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    message = {"role": "assistant", "content": text}
    return {
        "id": "stub", "object": "chat.completion", "created": 0, "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050},
    }  # fmt: skip


async def serve() -> None:
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/v1/chat/completions", complete)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
