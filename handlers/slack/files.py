"""Files at Slack → attachments, and the words of a thread → context."""

import mimetypes
from collections.abc import Sequence

import structlog

from bot.chat.slack.errors import Refused as SlackRefused
from bot.chat.slack.place import Where
from bot.domain.base import Refused
from bot.domain.mission import Attachment
from bot.ports import ChatGone
from handlers.slack.face import Face
from handlers.slack.letters import Sent, Words, plain, words_of

log = structlog.get_logger(__name__)

MB = 1024 * 1024
MAX_FILES = 10
MAX_FILE, MAX_TOTAL = 50 * MB, 60 * MB
MAX_LINES = 40
"""Messages of a thread that a mission begun in it can read: the first, and the newest."""
TOO_LARGE = "A file can have 50 MB, and all together 60 MB. Nothing was started: attach less."
TOO_MANY = f"At most {MAX_FILES} files fit one mission. Nothing was started: attach fewer."


async def attach(face: Face, team: str, files: Sequence[Sent]) -> tuple[Attachment, ...]:
    """Fetch and keep what came with the words. Raises Refused, ChatError."""
    if len(files) > MAX_FILES:
        raise Refused(TOO_MANY)
    if any(f.size > MAX_FILE for f in files) or sum(f.size for f in files) > MAX_TOTAL:
        raise Refused(TOO_LARGE)
    return tuple([await _attach(face, team, file) for file in files])


async def _attach(face: Face, team: str, file: Sent) -> Attachment:
    try:
        url = await _url(face, team, file)
        data = await face.calls.fetch(team, url, MAX_FILE)
    except (SlackRefused, ChatGone) as error:
        log.info("slack_file_not_read", error=str(error))
        text = (
            f"I could not read “{file.name}”. Nothing was started: attach it again, or ask whoever "
            "runs me whether I may read files here."
        )
        raise Refused(text) from None
    try:
        sha256 = await face.files.put(data)
    except OSError as error:
        log.error("file_not_kept", error=str(error))
        text = (
            f"“{file.name}” could not be kept: the disk may be full. Make room and send it again."
        )
        raise Refused(text) from error
    kind = file.media_type or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Attachment(name=file.name, media_type=kind, size=len(data), sha256=sha256)


async def _url(face: Face, team: str, file: Sent) -> str:
    """Where the bytes are; files of other workspaces come without an address."""
    if not file.lookup:
        return file.url
    said = (await face.calls.ask(Where(team, ""), "files.info", file=file.id))["file"]
    return str(said.get("url_private_download") or said.get("url_private") or "")


async def context(face: Face, words: Words) -> tuple[tuple[str, ...], tuple[Sent, ...]]:
    """What was said in the thread before these words, and the files that still fit.

    A file that does not fit is named in the context, so that nobody wonders.
    """
    bot = (await face.installs.of(words.team)).bot_user
    before: list[Words] = []
    async for message in face.calls.messages(words.where):
        said = words_of({**message, "channel": words.channel}, words.team)
        if said is not None and said.ts < words.ts:
            before.append(said)
    before = [*before[:1], *before[1:][-(MAX_LINES - 1) :]]
    names = {w.user: await face.people.name(w.team, w.user) for w in before}
    lines = [f"{names[w.user]}: {plain(w.text, bot, names)}" for w in before if w.text.strip()]
    fitting, left = _fitting([f for w in before for f in w.files], words.files)
    lines += [f"(The file “{f.name}” of the thread was left out: it is too much.)" for f in left]
    return tuple(lines), fitting


def _fitting(
    files: Sequence[Sent], own: Sequence[Sent]
) -> tuple[tuple[Sent, ...], tuple[Sent, ...]]:
    """The newest files that fit beside the message's own, and those that do not."""
    room, places = MAX_TOTAL - sum(f.size for f in own), MAX_FILES - len(own)
    taken: list[Sent] = []
    left: list[Sent] = []
    for file in reversed(files):
        if len(taken) < places and file.size <= min(room, MAX_FILE):
            taken.append(file)
            room -= file.size
        else:
            left.append(file)
    return tuple(reversed(taken)), tuple(reversed(left))
