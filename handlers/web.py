"""The browser's door: each request becomes one call of the product, each answer a page.

`create` makes the Starlette app. It must be served on a loopback address only; what else guards it
is in `web_guard`. The page works without JavaScript: a form is then answered with a redirect, and
with it, by `{"say": …, "url": …}` or `{"error": …}`.
"""

import mimetypes

import anyio
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse as Page
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.cards import CardFile
from bot.chat.web import render
from bot.chat.web.messages import PLACE
from bot.chat.web.samples import SAMPLES
from bot.domain.base import Refused
from bot.domain.mission import Attachment, HouseContext, Mission
from bot.store.store import StoreDown
from handlers import clicks, web_files
from handlers import web_answers as answers
from handlers.asks import Ask, Heard, hear
from handlers.web_events import article, events, moment, stamp
from handlers.web_face import (
    THEMES,
    Face,
    face_of,
    frame_of,
    missions_of,
    models_of,
    place_of,
    theme_of,
)
from handlers.web_forms import Sent, read_clicked, read_form, read_sent
from handlers.web_guard import Guard

log = structlog.get_logger(__name__)

HOUSE = (
    ("organisation", "Organisation", "Who you are and what you do."),
    ("audience", "Audience", "Who usually reads the results."),
    ("conventions", "Conventions", "Names, units, formats; what is never said."),
    ("preferences", "Preferences", "How you like results: length, tone, language."),
)


def create(face: Face, *, token: str, port: int) -> Starlette:
    """The app. `token` lets a browser in; `port` is the one in the browser's address."""
    app = Starlette(
        routes=[
            Route("/", home),
            Route("/t", begin, methods=["POST"]),
            Route("/t/{number:int}", thread),
            Route("/t/{number:int}", reply, methods=["POST"]),
            Route("/click", click, methods=["POST"]),
            Route("/events", feed),
            Route("/files/{sha256}/{name}", web_files.file),
            Route("/missions/{mission}/artifact/{version:int}.{format}", web_files.artifact),
            Route("/house", house),
            Route("/house", keep_house, methods=["POST"]),
            Route("/healthz", health),
            Mount("/static", StaticFiles(directory=render.TEMPLATES.parent / "static")),
        ],
        middleware=[Middleware(Guard, token=token, port=port, refuse=answers.refuse)],
        exception_handlers=answers.HANDLERS,
    )
    app.state.face = face
    return app


# -- pages -----------------------------------------------------------------------------------------


async def home(request: Request) -> Response:
    """A new mission, beside the list of all."""
    return await _home(request)


async def _home(request: Request, words: str = "", error: str = "", note: str = "") -> Response:
    sample = SAMPLES.get(request.query_params.get("example", ""))
    return Page(
        render.page(
            "home",
            frame=await frame_of(request, at="home"),
            theme=theme_of(request),
            words=words or (sample.words if sample else ""),
            sample=sample,
            error=error,
            note=note,
            examples=SAMPLES.all,
        ),
        status_code=400 if error else 200,
    )


async def thread(request: Request) -> Response:
    """One conversation."""
    return await _thread(request)


async def _thread(request: Request, words: str = "", error: str = "") -> Response:
    face, place = face_of(request), place_of(request)
    since = face.store.clock()
    messages = await face.chat.messages.of(place)
    title = await _title(face, place)
    if not messages and not title:
        raise HTTPException(404)
    return Page(
        render.page(
            "thread",
            frame=await frame_of(request, place=place, since=stamp(since)),
            theme=theme_of(request),
            title=title or "Conversation",
            number=request.path_params["number"],
            messages=[article(told) for told in messages],
            words=words,
            error=error,
        ),
        status_code=400 if error else 200,
    )


async def _title(face: Face, place: str) -> str:
    missions = await face.store.missions(face.person.workspace, place=place, limit=1)
    return missions[0].title if missions else ""


async def house(request: Request) -> Response:
    """What a person keeps about the house."""
    face = face_of(request)
    known = await face.store.house(face.person.workspace)
    return Page(
        render.page(
            "house",
            frame=await frame_of(request, at="house"),
            theme=theme_of(request),
            house=known.model_dump(),
            fields=HOUSE,
        )
    )


async def keep_house(request: Request) -> Response:
    """Keep the house context and the appearance."""
    face, form = face_of(request), await read_form(request)
    told = {name: str(form.get(name, "")).strip()[:4_000] for name, _, _ in HOUSE}
    await face.missions.set_house(face.person, HouseContext(**told))
    await face.chat.tell("", face.person.id, "Saved. Every mission from now on carries it.")
    answer = RedirectResponse("/house", status_code=303)
    theme = str(form.get("theme", ""))
    if theme in THEMES:
        answer.set_cookie("theme", theme, max_age=365 * 86400, samesite="strict", httponly=True)
    else:
        answer.delete_cookie("theme", samesite="strict", httponly=True)
    return answer


# -- what people do --------------------------------------------------------------------------------


async def begin(request: Request) -> Response:
    """The first words of a new conversation."""
    face = face_of(request)
    sent = await read_sent(request)
    try:
        files = await _attach(face, sent)
        async with face.opening:
            heard = await _hear(face, await face.chat.messages.fresh_place(), sent, files)
    except (Refused, StoreDown) as error:
        wrong = str(error)
        return await answers.again(request, error, lambda: _home(request, sent.words, wrong))
    mission = await face.store.mission(heard.mission) if heard.mission else None
    if mission is None:
        return await _noted(request, heard.text)
    return answers.done(request, f"/t/{mission.place.removeprefix(PLACE)}")


async def reply(request: Request) -> Response:
    """Words in a conversation that exists."""
    face, place = face_of(request), place_of(request)
    sent = await read_sent(request)
    try:
        heard = await _hear(face, place, sent, await _attach(face, sent))
    except (Refused, StoreDown) as error:
        wrong = str(error)
        return await answers.again(request, error, lambda: _thread(request, sent.words, wrong))
    return await _tell(request, place, heard.text if heard.kind == "refused" else "")


async def _noted(request: Request, text: str) -> Response:
    """Words that began nothing are answered where they were written, until the next are sent."""
    if answers.wants_json(request.headers):
        return JSONResponse({"note": text})
    return await _home(request, note=text)


async def _attach(face: Face, sent: Sent) -> tuple[Attachment, ...]:
    """Keep the files; they are read when the mission begins."""
    return tuple(
        [
            Attachment(
                name=name,
                media_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
                size=len(data),
                sha256=await _kept(face, name, data),
            )
            for name, data in sent.files
        ]
    )


async def _kept(face: Face, name: str, data: bytes) -> str:
    try:
        return await face.files.put(data)
    except OSError as error:
        log.error("file_not_kept", error=str(error))
        text = f"“{name}” could not be kept: the disk may be full. Make room and send it again."
        raise Refused(text) from error


async def _hear(face: Face, place: str, sent: Sent, files: tuple[Attachment, ...]) -> Heard:
    """Hand the words on, then keep them with the reply where they were said.

    Twice with one key is once. A refusal is private: it is told, not kept.
    """
    ask = Ask(key=sent.key, place=place, person=face.person, text=sent.words, attachments=files)
    heard = await hear(face.missions, ask)
    mission = await _about(face, place, heard)
    if mission is not None:
        messages, at = face.chat.messages, (mission.place, sent.key, mission.id)
        await messages.say(*at, sent.words, _shown(files))
        if heard.text and heard.kind != "refused":
            await messages.reply(*at, heard.text)
        face.chat.nudge()
    return heard


async def _about(face: Face, place: str, heard: Heard) -> Mission | None:
    """The mission that words were about; after its end, the last one of this conversation."""
    if heard.mission:
        return await face.store.mission(heard.mission)
    last = await face.store.missions(face.person.workspace, place=place, limit=1)
    return last[0] if last else None


def _shown(files: tuple[Attachment, ...]) -> tuple[CardFile, ...]:
    return tuple(
        CardFile(name=f.name, media_type=f.media_type, size=f.size, sha256=f.sha256) for f in files
    )


async def click(request: Request) -> Response:
    """A button, with its form when it has one."""
    face, clicked = face_of(request), await read_clicked(request)
    place = await _place_of(face, clicks.read(clicked.id).mission)
    told = await clicks.click(face.missions, clicked.key, face.person, clicked.id, clicked.values)
    return await _tell(request, place, told.text)


async def _place_of(face: Face, mission: str) -> str:
    """The conversation of a mission. Raises Refused for one that is not here."""
    found = await face.store.mission(mission)
    if found is None or found.workspace != face.person.workspace:
        raise Refused(clicks.UNKNOWN)
    return found.place


# -- what the page reads ---------------------------------------------------------------------------


async def feed(request: Request) -> Response:
    """The events of an open page, from the last one it saw."""
    from sse_starlette.sse import EventSourceResponse

    face, place = face_of(request), request.query_params.get("place", "")
    seen = request.headers.get("last-event-id") or request.query_params.get("since")
    since = moment(seen) or face.store.clock()

    async def listed() -> dict[str, str]:
        return {"html": await missions_of(face, place), "models": models_of(face)}

    ending = anyio.Event()
    return EventSourceResponse(
        events(face.chat, place, since, listed, ending),
        ping=15,
        headers={"Cache-Control": "no-store"},
        shutdown_event=ending,
        shutdown_grace_period=1,
    )


async def health(request: Request) -> Response:
    """Alive, and the database answers."""
    async with face_of(request).store.reading() as conn:
        await conn.exec_driver_sql("SELECT 1")
    return PlainTextResponse("ok")


async def _tell(request: Request, place: str, text: str) -> Response:
    """A private word: in the answer, or on the page that the answer leads to."""
    if answers.wants_json(request.headers):
        return JSONResponse({"say": text})
    face = face_of(request)
    if text:
        await face.chat.tell(place, face.person.id, text)
    return answers.go(f"/t/{place.removeprefix(PLACE)}")
