"""The desk: a letter from the inbox → the one call that it means."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import structlog

from bot.chat.slack.place import Where
from bot.domain.base import Frozen
from bot.inbox import MAX_TRIES, Apply, Letter
from bot.ports import ChatBusy, ChatLost
from bot.store.store import StoreDown
from handlers.slack import clicks, commands, home, messages
from handlers.slack.face import Face
from handlers.slack.letters import (
    Command,
    Deleted,
    Filled,
    Halted,
    Opened,
    Press,
    Removed,
    Shortcut,
    Words,
    read,
)

log = structlog.get_logger(__name__)

BROKEN = (
    "Something went wrong here, and it is in the log. What was accepted before is kept. Please "
    "try again; if it happens again, ask whoever runs me to run `concertmaster doctor`."
)


class Doing(NamedTuple):
    """What a letter of a kind is read as, and who deals with it."""

    model: type[Frozen]
    deal: Callable[[Face, Letter, Any], Awaitable[None]]


async def _hear(face: Face, letter: Letter, words: Words) -> None:
    await messages.hear(face, letter.key, words)


async def _follow(face: Face, letter: Letter, words: Words) -> None:
    await messages.follow(face, letter.key, words)


async def _offer_stop(face: Face, letter: Letter, gone: Deleted) -> None:
    await messages.offer_stop(face, gone)


async def _command(face: Face, letter: Letter, said: Command) -> None:
    await commands.command(face, letter, said)


async def _shortcut(face: Face, letter: Letter, asked: Shortcut) -> None:
    await commands.shortcut(face, letter.key, asked)


async def _press(face: Face, letter: Letter, pressed: Press) -> None:
    await clicks.press(face, letter.key, pressed)


async def _filled(face: Face, letter: Letter, form: Filled) -> None:
    await clicks.filled(face, letter, form)


async def _opened(face: Face, letter: Letter, look: Opened) -> None:
    await home.opened(face, look)


async def _halt(face: Face, letter: Letter, halt: Halted) -> None:
    where = Where(halt.team, halt.channel, halt.thread)
    mission = await face.running(where)
    if mission is None:
        return
    person = await face.person(halt.team, halt.user, mission)
    reply = await face.missions.stop(letter.key, person, mission.id)
    if reply.kind == "refused":
        await face.tell(where, halt.user, reply.text)


async def _removed(face: Face, letter: Letter, gone: Removed) -> None:
    await face.installs.remove(gone.team)


DOING = {
    "words": Doing(Words, _hear),
    "edit": Doing(Words, _follow),
    "deletion": Doing(Deleted, _offer_stop),
    "command": Doing(Command, _command),
    "shortcut": Doing(Shortcut, _shortcut),
    "click": Doing(Press, _press),
    "form": Doing(Filled, _filled),
    "look": Doing(Opened, _opened),
    "halt": Doing(Halted, _halt),
    "removed": Doing(Removed, _removed),
}


def desk(face: Face) -> Apply:
    """Deals with Slack's letters. Raises StoreDown, ChatBusy, ChatLost: then it comes again."""

    async def apply(letter: Letter) -> None:
        doing = DOING[letter.kind]
        asked = read(doing.model, letter.payload)
        try:
            await doing.deal(face, letter, asked)
        except (StoreDown, ChatBusy, ChatLost):
            raise
        except Exception:
            if letter.tries + 1 >= MAX_TRIES:
                await _sorry(face, letter, asked)
            raise

    return apply


async def _sorry(face: Face, letter: Letter, asked: Any) -> None:
    """The last try has failed: the person must not wait in vain."""
    user = getattr(asked, "user", "")
    if user:
        await face.answer(Where.of(letter.place), user, BROKEN, getattr(asked, "answer", ""))
