"""What every page of the browser chat stands on, and what surrounds it."""

import asyncio
from dataclasses import dataclass, field

from markupsafe import Markup
from starlette.requests import Request

from bot.chat.web import render
from bot.chat.web.chat import WebChat
from bot.chat.web.messages import PLACE
from bot.documents.worker import Workers
from bot.domain.mission import Person
from bot.missions import Missions
from bot.ports import Files
from bot.store.store import Store
from handlers.web_events import stamp

THEMES = ("light", "dark")


@dataclass(frozen=True)
class Face:
    """Everything a request needs; `person` is the one who sits at this machine."""

    missions: Missions
    chat: WebChat
    files: Files
    workers: Workers
    person: Person
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def store(self) -> Store:
        return self.missions.store


async def frame_of(
    request: Request, *, place: str = "", at: str = "", since: str = ""
) -> render.Frame:
    face = face_of(request)
    return render.Frame(
        list=await missions_of(face, place),
        models=models_of(face),
        since=since or stamp(face.store.clock()),
        place=place,
        at=at,
        notices=face.chat.unread(place),
    )


async def missions_of(face: Face, place: str) -> Markup:
    workspace = face.person.workspace
    missions = [m for m in await face.store.missions(workspace) if m.place.startswith(PLACE)]
    asking = await face.chat.messages.asking(workspace)
    return render.mission_list(render.grouped(missions, asking), place)


def models_of(face: Face) -> str:
    """Which models work here; the page answers before they are loaded."""
    return face.missions.models or "Waking up…"


def face_of(request: Request) -> Face:
    return request.app.state.face


def place_of(request: Request) -> str:
    return f"{PLACE}{request.path_params['number']}"


def theme_of(request: Request) -> str:
    theme = request.cookies.get("theme", "")
    return theme if theme in THEMES else ""
