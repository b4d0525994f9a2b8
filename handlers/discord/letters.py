"""What people do, as letters: stored before it is acknowledged, dealt with in order by Place.

An interaction waits for what comes of its letter, however long that takes; when the process died
in between, the person is told by direct message instead.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from bot.chat.discord.place import PLATFORM
from bot.domain.base import Frozen, Refused
from bot.domain.mission import Person
from bot.inbox import MAX_TRIES, Letter
from bot.ports import ChatError
from bot.store.store import StoreDown
from handlers.discord.face import Answer, Face
from handlers.discord.guard import BROKEN

log = structlog.get_logger(__name__)

WORDS, PRESS, EDITED, GONE = "words", "press", "edited", "gone"
WAITING = "That is being dealt with."
Tell = Callable[[str], Awaitable[None]]


class Sent(Frozen):
    """A file at Discord."""

    name: str
    url: str
    size: int


class Words(Frozen):
    """Words that may begin a mission or be about one.

    `message` has them, "" when they came with a command. `thread` says that they stand where the
    mission is or will be; else it gets a thread. `called` says that they were meant for the bot
    beyond doubt; `menu` that somebody else's message was picked.
    """

    guild: str
    channel: str
    person: Person
    text: str
    message: str = ""
    thread: bool = False
    called: bool = True
    menu: bool = False
    files: tuple[Sent, ...] = ()
    context: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where the words stand."""
        return f"{PLATFORM}:{self.guild}:{self.channel}"

    @property
    def command(self) -> bool:
        return not self.message

    @property
    def workspace(self) -> str:
        return self.person.workspace


class Edited(Words):
    """What words were changed to; they stand where the first ones stood."""


class Press(Frozen):
    """A button, with the values of its form when there was one."""

    place: str
    person: Person
    custom_id: str
    values: dict[str, Any] | None = None

    @property
    def workspace(self) -> str:
        return self.person.workspace


class Gone(Frozen):
    """A message was deleted. Discord does not say by whom."""

    guild: str
    channel: str
    message: str

    @property
    def place(self) -> str:
        return f"{PLATFORM}:{self.guild}:{self.channel}"

    @property
    def workspace(self) -> str:
        return f"{PLATFORM}:{self.guild}"


KINDS: dict[type[Frozen], str] = {Words: WORDS, Edited: EDITED, Press: PRESS, Gone: GONE}


def message_key(message: str) -> str:
    """The key of the words of a message."""
    return f"discord:m:{message}"


def letter(key: str, payload: Words | Press | Gone) -> Letter:
    return Letter(
        key=key,
        workspace=payload.workspace,
        place=payload.place,
        kind=KINDS[type(payload)],
        payload=payload.model_dump(mode="json"),
    )


async def deliver(face: Face, sent: Letter) -> Answer:
    """Store the letter and wait for what comes of it. Raises Refused, StoreDown."""
    hope: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    face.hopes[sent.key] = hope
    try:
        if not await face.inbox.accept(sent):
            return Answer(WAITING)
        return await hope
    finally:
        face.hopes.pop(sent.key, None)


async def settle(
    face: Face, sent: Letter, person: Person, work: Awaitable[Answer], elsewhere: Tell
) -> None:
    """Do a letter's work, and tell whoever waits for it. What may pass is tried again.

    When nobody waits any more the person gets a direct message, or, when they take none, a word
    `elsewhere`.
    """
    try:
        said = await work
    except StoreDown:
        raise
    except Refused as refused:
        said = Answer(str(refused))
    except Exception:
        if sent.tries + 1 < MAX_TRIES:
            raise
        log.exception("discord_letter_failed", key=sent.key)
        said = Answer(BROKEN)
    hope = face.hopes.get(sent.key)
    if hope is not None and not hope.done():
        hope.set_result(said)
    elif said.text and not await _tell(face, sent.place, person, said.text):
        await elsewhere(said.text)


async def _tell(face: Face, place: str, person: Person, text: str) -> bool:
    """A direct message. False when the person takes none."""
    try:
        await face.chat.tell(place, person.id, text)
    except ChatError as error:
        log.info("discord_answer_not_told", error=str(error))
        return False
    return True
