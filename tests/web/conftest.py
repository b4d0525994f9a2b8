"""The browser's door over a real store, without an engine behind it; and over a real socket."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Coroutine, Generator, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bot.chat.web.chat import WebChat
from bot.documents.worker import Workers
from bot.domain.gate import Gate, GateKind
from bot.domain.mission import Person, Status
from bot.files import FolderFiles
from bot.missions import Missions
from bot.store.store import Store
from handlers.web import Face, create

PORT = 8765
TOKEN = "token-of-this-start"
HOME = f"http://127.0.0.1:{PORT}"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECONDS = 60_000
MODELS = ("OPENAI", "ANTHROPIC", "OLLAMA", "MODEL")
ME = Person(workspace="local", id="you", name="You")


async def _nothing(mission: str) -> None:
    """Nobody advances missions here: tests do."""


def face_over(store: Store, folder: Path) -> Face:
    """Everything the page needs, over this store."""
    chat = WebChat(store)
    missions = Missions(store, _nothing, chat.nudge, models="offline model, no AI")
    return Face(
        missions=missions, chat=chat, files=FolderFiles(folder), workers=Workers(), person=ME
    )


@pytest.fixture
async def face(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Face]:
    made = face_over(sqlite_store, tmp_path / "files")
    yield made
    await made.workers.close()


@pytest.fixture
async def stranger(face: Face) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that was not let in."""
    app = create(face, token=TOKEN, port=PORT)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=HOME) as client:
        yield client


@pytest.fixture
async def browser(stranger: httpx.AsyncClient) -> httpx.AsyncClient:
    """A browser that was let in, and says where its requests come from, as browsers do."""
    await stranger.get("/", params={"token": TOKEN})
    stranger.headers["Origin"] = HOME
    return stranger


async def ask_for_plan(face: Face, mission: str) -> str:
    """Open a gate on version 1 of the plan, as the graph does; gives its id."""
    now = face.store.clock()
    gate = Gate(
        id=f"g-{mission}", mission=mission, kind=GateKind.plan, name="plan:1", subject="s",
        version=1, opened_at=now, expires_at=now + timedelta(days=7),
    )  # fmt: skip
    async with face.store.begin() as tx:
        await tx.open_gate(gate)
        await tx.set_status(mission, Status.needs_plan_approval)
    return gate.id


class Live:
    """The page on a real socket, in a thread with a loop of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self._database = url
        self._folder = folder
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self.server: uvicorn.Server
        self.face: Face
        self.base = ""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(20)

    def _run(self) -> None:
        with closing(self._loop):
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        store = Store(self._database, lambda: datetime.now(UTC))
        self.face = face_over(store, self._folder)
        with closing(_socket()) as listening:
            port = listening.getsockname()[1]
            self.base = f"http://127.0.0.1:{port}"
            app = create(self.face, token=TOKEN, port=port)
            config = uvicorn.Config(
                app, log_level="error", lifespan="off", timeout_graceful_shutdown=1
            )
            self.server = uvicorn.Server(config)
            self._ready.set()
            await self.server.serve([listening])
        await self.face.workers.close()
        await store.close()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run this in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self.face.chat.close)
        self.server.should_exit = True
        self._thread.join(20)


def _socket() -> Any:
    import socket

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(64)
    return listening


@pytest.fixture
def live(sqlite_url: str, tmp_path: Path) -> Iterator[Live]:
    made = Live(sqlite_url, tmp_path / "files")
    yield made
    made.close()


# -- a real browser, and the product as a process of its own ---------------------------------------


@contextmanager
def started(folder: Path, *args: str, **env: str) -> Generator[str]:
    """`concertmaster try`, as a newcomer starts it; gives the address that it prints."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(MODELS)}
    clean |= {"DATA_DIR": str(folder / "data"), "WEB_PORT": "0", **env}
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "try", "--no-open", *args],
        env=clean, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    ) as process:  # fmt: skip
        assert process.stdout is not None
        found = None
        while found is None:
            line = process.stdout.readline()
            assert line, "the product ended before it printed its address"
            found = re.search(r"http://\S+", line)
        yield found[0]
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def chromium(sqlite_template: Path) -> Iterator[Browser]:
    """One Chromium for all tests of a module. A missing one is an error: tests never skip it.

    Playwright's loop runs in this thread until the end, so the template is made before.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    made = chromium.new_context(viewport={"width": 1280, "height": 900})
    made.set_default_timeout(SECONDS)
    yield made
    made.close()


class Trouble(list[str]):
    """What a page complained of: errors, refused policies, requests to elsewhere."""

    def watch(self, page: Page, base: str) -> None:
        page.on("pageerror", lambda error: self.append(str(error)))
        page.on("console", lambda m: self.append(m.text) if m.type == "error" else None)
        page.on("request", lambda r: self._request(r.url, base))

    def _request(self, url: str, base: str) -> None:
        if not url.startswith((base, "data:", "blob:")):
            self.append(f"asked {url}")


@pytest.fixture
def trouble() -> Iterator[Trouble]:
    """No test here may leave a page that complained."""
    made = Trouble()
    yield made
    assert made == []
