"""What `doctor` and `init` say about Discord. Asks Discord, changes nothing there.

`post_test_card` is the exception: it posts a card and deletes it again, when somebody asks for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from bot.cards import Card, Tone
from bot.chat.discord.chat import MESSAGE, DiscordChat
from bot.chat.discord.errors import Refused
from bot.chat.discord.pace import Pace
from bot.chat.discord.place import DM, PLATFORM, Ref
from bot.chat.discord.rest import Rest
from bot.ports import ChatError, Files, Message

Json = dict[str, Any]
Level = Literal["ok", "warn", "bad"]

PERMISSIONS: Mapping[str, tuple[int, str]] = {
    "View Channel": (1 << 10, "see where it is asked"),
    "Send Messages": (1 << 11, "say in the channel what was asked for"),
    "Create Public Threads": (1 << 35, "give each mission a thread"),
    "Send Messages In Threads": (1 << 38, "show plan, progress and result there"),
    "Embed Links": (1 << 14, "show cards where the new components are refused"),
    "Attach Files": (1 << 15, "bring pictures and results"),
    "Read Message History": (1 << 16, "find its own messages, and what was said while away"),
    "Add Reactions": (1 << 6, "say with one sign what a reply was taken for"),
}
"""What the bot asks a server for: the bit, and what it is for."""
CONTENT_FLAGS = 1 << 18 | 1 << 19
"""The content intent is switched on: for a large bot, for a small one."""
ADMINISTRATOR = 1 << 3
GUILDS_SHOWN = 20


class Found(NamedTuple):
    """One thing that was looked at, and how to mend it."""

    level: Level
    name: str
    text: str
    mend: str = ""


def invite(application: str) -> str:
    """The address that adds the bot to a server, with just the permissions that it uses."""
    bits = sum(bit for bit, _ in PERMISSIONS.values())
    return (
        f"https://discord.com/oauth2/authorize?client_id={application}"
        f"&scope=bot+applications.commands&permissions={bits}"
    )


STEPS = (
    "Open https://discord.com/developers/applications and choose New Application.",
    "Under Bot choose Reset Token, copy the token, and put it into .env as DISCORD_TOKEN.",
    "Under Bot, Privileged Gateway Intents, switch on Message Content Intent. Without it the bot "
    "works by mentions, buttons and forms only.",
    "Run `concertmaster doctor`: it checks the token and prints the address that adds the bot to "
    "your server.",
    "Open that address, choose the server, and run `concertmaster serve`.",
)
"""What `init discord` prints."""


async def examine(token: str) -> Sequence[Found]:
    """Token, intents, servers with their permissions, connections. Asks Discord some ten times."""
    rest = Rest(token, Pace())
    try:
        return await _all(rest)
    except ChatError as error:
        return [Found("bad", "Discord", *_unreachable(error))]
    finally:
        await rest.close()


def _unreachable(error: ChatError) -> tuple[str, str]:
    if isinstance(error, Refused):
        return (
            "Discord does not know this token.",
            "Under Bot choose Reset Token, and put the new one into DISCORD_TOKEN.",
        )
    return "Discord cannot be reached.", "Check the network, and look again in a minute."


async def _all(rest: Rest) -> list[Found]:
    me = await rest.ask("GET", "/users/@me")
    app = await rest.ask("GET", "/oauth2/applications/@me")
    found = [Found("ok", "Discord", f"The token is {me['username']}'s.")]
    found.append(_content(app))
    found.append(await _commands(rest, app))
    found += await _guilds(rest, app)
    found.append(await _gateway(rest))
    return found


def _content(app: Json) -> Found:
    if int(app.get("flags") or 0) & CONTENT_FLAGS:
        return Found("ok", "Discord intents", "Message Content is on.")
    return Found(
        "warn",
        "Discord intents",
        "Message Content is off: in threads only mentions, buttons and forms are heard.",
        "In the developer portal, under Bot, switch on Message Content Intent.",
    )


async def _commands(rest: Rest, app: Json) -> Found:
    known = await rest.ask("GET", "/applications/{app}/commands", app=app["id"])
    names = sorted(str(c["name"]) for c in known)
    if "mission" in names:
        return Found("ok", "Discord commands", "Registered: " + ", ".join(names) + ".")
    text = "They are not registered yet."
    return Found("warn", "Discord commands", text, "Start `concertmaster serve` once.")


async def _guilds(rest: Rest, app: Json) -> list[Found]:
    guilds: list[Json] = await rest.ask("GET", "/users/@me/guilds")
    if not guilds:
        return [
            Found("warn", "Discord servers", "The bot is on none.", f"Open {invite(app['id'])}")
        ]
    return [_guild(guild, app["id"]) for guild in guilds[:GUILDS_SHOWN]]


def _guild(guild: Json, application: str) -> Found:
    """The permissions of the bot's roles on a server; single channels may differ."""
    has = int(guild.get("permissions") or 0)
    lacks = [] if has & ADMINISTRATOR else list(lacking(has))
    name = f"Discord server {guild['name']}"
    if not lacks:
        return Found("ok", name, "All permissions are there.")
    text = f"Missing: {', '.join(lacks)}."
    mend = f"Give them to the bot's role, or add the bot anew: {invite(application)}"
    return Found("bad", name, text, mend)


def lacking(bits: int) -> Iterable[str]:
    """The permissions that are not among these bits, one by one."""
    return (name for name, (bit, _) in PERMISSIONS.items() if not bits & bit)


async def _gateway(rest: Rest) -> Found:
    about = await rest.ask("GET", "/gateway/bot")
    left = int(about["session_start_limit"]["remaining"])
    text = f"{about['shards']} connection(s), {left} starts left today."
    if left < 10:
        mend = "Something restarts the bot again and again; look into its log."
        return Found("warn", "Discord gateway", text, mend)
    return Found("ok", "Discord gateway", text)


async def post_test_card(token: str, files: Files, channel: str) -> Found:
    """Post a card in a channel or thread and delete it again."""
    place = f"{PLATFORM}:{DM}:{channel}"
    chat, rest = DiscordChat(token, files), Rest(token, Pace())
    card = Card(mission="doctor", slot="test", title="A test card", tone=Tone.good, text="Hello.")
    message = Message(place=place, mission="doctor", slot="test", version=1, card=card)
    try:
        ref = Ref.of(await chat.post(message))
        await rest.ask("DELETE", MESSAGE, channel=ref.channel, message=ref.message)
    except ChatError as error:
        mend = f"Look at the bot's permissions in {channel}, and that it is on that server."
        return Found("bad", "Discord card", f"It could not be shown: {error}", mend)
    finally:
        await chat.close()
        await rest.close()
    return Found("ok", "Discord card", f"Shown in {channel} and deleted again.")
