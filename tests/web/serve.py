"""The whole product on this machine, for tests: `python -m tests.web.serve FOLDER PORT TOKEN`.

Prints `ready` when the socket listens and the engine works.
"""

import asyncio
import sys
from pathlib import Path

import uvicorn

from bot.app import App
from bot.chat.web.chat import WebChat
from bot.domain.mission import Person
from bot.settings import Settings
from handlers.web import Face, create


async def main(folder: str, port: str, token: str) -> None:
    settings = Settings.model_validate(
        {"data_dir": Path(folder), "web_port": int(port), "ollama_url": ""}
    )
    app = await App.open(settings)
    chat = WebChat(app.store)
    app.face(chat)
    face = Face(
        missions=app.missions,
        chat=chat,
        files=app.files,
        workers=app.workers,
        person=Person(workspace="local", id="you", name="you"),
    )
    config = uvicorn.Config(
        create(face, token=token, port=int(port)),
        host="127.0.0.1",
        port=int(port),
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await app.work()
    print("ready", flush=True)
    await serving
    await app.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
