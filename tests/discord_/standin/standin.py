"""A stand-in for Discord in this process: REST and gateway over real HTTP and WebSocket.

It is strict where Discord is, and lets a test do what people and networks do.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self

from aiohttp import web

from tests.discord_.standin.clock import Clock
from tests.discord_.standin.faults import Fault, Journal
from tests.discord_.standin.gateway import Gateway
from tests.discord_.standin.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    Desk,
    Interaction,
)
from tests.discord_.standin.rest import Rest
from tests.discord_.standin.rules import walk
from tests.discord_.standin.world import MB, Json, World, texts

TOKEN = "bot-token-of-the-stand-in"
SUBCOMMANDS = (1, 2)
ATTACHMENT = 11


class StandIn:
    """Discord, for one test. Use it as an async context manager."""

    def __init__(self, *, fast: bool = True) -> None:
        self.clock = Clock()
        self.token = TOKEN
        self.world = World(self.clock, lambda event, data: self.gateway.announce(event, data))
        self.gateway = Gateway(self.world, TOKEN)
        self.desk = Desk(self.world)
        self.rest = Rest(self.world, self.desk, TOKEN)
        if fast:
            self.rest.limits.open_wide()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=30 * MB)
        app.add_routes(self.rest.routes())
        app.add_routes([web.get("/gateway/", self.gateway.serve)])
        app.add_routes([web.get("/cdn/{path:.*}", self._blob)])
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._locate(self._runner.addresses[0][1])
        self._pump = asyncio.create_task(self.gateway.pump())
        return self

    def _locate(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}/api/v10"
        self.gateway_url = f"ws://127.0.0.1:{port}/gateway/"
        self.gateway.url = self.rest.gateway_url = self.gateway_url
        self.world.cdn = f"http://127.0.0.1:{port}/cdn"

    async def __aexit__(self, *_: object) -> None:
        self._pump.cancel()
        await self.gateway.drop()
        await self._runner.cleanup()

    async def _blob(self, request: web.Request) -> web.Response:
        data = self.world.blobs.get("/" + request.match_info["path"])
        return web.Response(status=404) if data is None else web.Response(body=data)

    # the stage

    def guild(self, name: str = "Acme", tier: int = 0) -> Json:
        return self.world.guild(name, tier)

    def channel(self, guild: Json, name: str = "general") -> Json:
        return self.world.channel(guild, name)

    def person(self, name: str, *guilds: Json, roles: Sequence[str] = (), powers: int = 0) -> Json:
        """A user, a member of these guilds; `powers` are permission bits of an own role."""
        user = self.world.user(name)
        for guild in guilds:
            names = [*roles, *([f"powers of {name}"] if powers else [])]
            bits = {n: powers if n not in roles else 0 for n in names}
            given = [self.world.role(guild, n, bits[n])["id"] for n in names]
            guild["members"].append(self.world.member_json(user, tuple(given)))
        return user

    # what people do

    def say(
        self,
        person: Json,
        channel: Json,
        text: str,
        *,
        files: Mapping[str, bytes] | None = None,
        reply_to: Json | None = None,
    ) -> Json:
        """Send a message as this person."""
        body: Json = {"content": text}
        body["attachments"] = [self.rest.keep(channel, n, d) for n, d in (files or {}).items()]
        if reply_to is not None:
            body["message_reference"] = {"message_id": reply_to["id"]}
        return self.world.add_message(channel, person, body)

    def rewrite(self, message: Json, text: str) -> None:
        """Its author edits a message."""
        self.world.edit_message(message, {"content": text})

    def remove(self, message: Json) -> None:
        """Somebody deletes a message."""
        self.world.delete_message(message)

    def dm(self, person: Json) -> Json:
        return self.world.dm(person["id"])

    def slash(self, person: Json, channel: Json, name: str, /, **options: Any) -> Interaction:
        """Run a command such as `mission start`; bytes become an attachment of that name."""
        return self._command(COMMAND, person, channel, name, options)

    def complete(
        self, person: Json, channel: Json, name: str, focus: str, /, **options: Any
    ) -> Interaction:
        """Type in the option `focus` and ask for suggestions."""
        return self._command(AUTOCOMPLETE, person, channel, name, options, focus)

    def _command(
        self, kind: int, person: Json, channel: Json, name: str, options: Json, focus: str = ""
    ) -> Interaction:
        top, *path = name.split()
        command = self._registered(channel, top, 1)
        leaf = command
        for part in path:
            leaf = next(o for o in leaf["options"] if o["name"] == part)
        resolved: Json = {"attachments": {}}
        given = self._options(leaf, options, channel, resolved, focus)
        for part in reversed(path):
            deep = any(o["type"] in SUBCOMMANDS for o in given)
            given = [{"name": part, "type": 2 if deep else 1, "options": given}]
        data = {"id": command["id"], "name": top, "type": 1, "options": given, "resolved": resolved}
        return self.desk.make(kind, person, channel, data)

    def _registered(self, channel: Json, name: str, kind: int) -> Json:
        scopes = [*self.world.commands.get(channel.get("guild_id", "-"), [])]
        known = [*scopes, *self.world.commands.get("", [])]
        return next(c for c in known if c["name"] == name and c["type"] == kind)

    def _options(
        self, leaf: Json, given: Json, channel: Json, resolved: Json, focus: str
    ) -> list[Json]:
        known = {o["name"]: o for o in leaf.get("options", [])}
        assert set(given) <= set(known), f"no such option: {set(given) - set(known)}"
        missing = [n for n, o in known.items() if o.get("required") and n not in given]
        assert not missing or focus, f"required: {missing}"
        made = []
        for name, value in given.items():
            if known[name]["type"] == ATTACHMENT:
                filename, data = value
                kept = self.rest.keep(channel, filename, data)
                resolved["attachments"][kept["id"]] = kept
                value = kept["id"]
            made.append({"name": name, "type": known[name]["type"], "value": value})
            if name == focus:
                made[-1]["focused"] = True
        return made

    def menu(self, person: Json, channel: Json, message: Json, name: str) -> Interaction:
        """Use a message's context menu."""
        command = self._registered(channel, name, 3)
        resolved = {"messages": {message["id"]: self.world.with_member(message)}}
        data = {"id": command["id"], "name": name, "type": 3, "target_id": message["id"]}
        return self.desk.make(COMMAND, person, channel, data | {"resolved": resolved})

    def click(self, person: Json, message: Json, button: str) -> Interaction:
        """Press the button with this label or custom id."""
        found = self.button(message, button)
        assert not found.get("disabled"), f"{button} is disabled"
        data = {"custom_id": found["custom_id"], "component_type": found["type"], "id": 1}
        return self._on(person, message, data)

    def button(self, message: Json, button: str) -> Json:
        """The message's button with this label or custom id."""
        for part in walk(message["components"]):
            if part["type"] == 2 and button in (part.get("label"), part.get("custom_id")):
                return part
        raise AssertionError(f"no button {button!r} among {self.buttons(message)}")

    def buttons(self, message: Json) -> list[str]:
        """The labels of the buttons that can be pressed."""
        parts = [p for p in walk(message["components"]) if p["type"] == 2]
        return [p.get("label", "") for p in parts if not p.get("disabled")]

    def choose(self, person: Json, message: Json, custom_id: str, *values: str) -> Interaction:
        """Pick in a select menu of a message."""
        part = next(p for p in walk(message["components"]) if p.get("custom_id") == custom_id)
        assert {o["value"] for o in part["options"]} >= set(values)
        data = {"custom_id": custom_id, "component_type": part["type"], "values": list(values)}
        return self._on(person, message, data)

    def _on(self, person: Json, message: Json, data: Json) -> Interaction:
        channel = self.world.channels[message["channel_id"]]
        return self.desk.make(COMPONENT, person, channel, data, message=message)

    def submit(self, shown: Interaction, /, **fields: str | Iterable[str]) -> Interaction:
        """Send the modal that answered `shown`; what is not given stays as it was."""
        modal = shown.modal
        data = {"custom_id": modal["custom_id"], "components": []}
        for number, part in enumerate(modal["components"], 1):
            data["components"].append(_filled(part, number, dict(fields)))
        more = {"message": m} if (m := shown.payload.get("message")) else {}
        return self.desk.make(MODAL_SUBMIT, shown.person, shown.channel, data, **more)

    # looking

    def messages(self, channel: Json) -> list[Json]:
        return list(self.world.messages[channel["id"]].values())

    def mine(self, channel: Json) -> list[Json]:
        """The bot's messages there, oldest first."""
        return [m for m in self.messages(channel) if m["author"]["id"] == self.world.bot["id"]]

    def threads(self, channel: Json) -> list[Json]:
        return [c for c in self.world.channels.values() if c.get("parent_id") == channel["id"]]

    def text(self, message: Json) -> str:
        return "\n".join(t for t in texts(message) if t)

    def data(self, attachment: Json) -> bytes:
        return self.world.blobs[attachment["url"].removeprefix(self.world.cdn)]

    @property
    def journal(self) -> Journal:
        return self.rest.journal

    async def until(self, true: Callable[[], Any], timeout: float = 10.0) -> Any:
        """Wait for something to become true here; gives it. Raises TimeoutError."""
        return await self.world.until(true, timeout)

    async def answered(self, interaction: Interaction, timeout: float = 10.0) -> Interaction:
        """Wait for the interaction's first answer."""
        await self.until(lambda: interaction.answered, timeout)
        return interaction

    # what networks do

    def fault(self, method: str, path: str, **how: Any) -> Fault:
        """Make coming requests fail; see Fault."""
        fault = Fault(method, path, **how)
        self.rest.faults.append(fault)
        return fault

    def advance(self, seconds: float) -> None:
        """Move Discord's clock on."""
        self.clock.advance(seconds)
        self.world.touched()


def _filled(part: Json, number: int, fields: Json) -> Json:
    if part["type"] != 18:
        return {"type": part["type"], "id": number}
    inner = part["component"]
    name, kind = inner["custom_id"], inner["type"]
    made: Json = {"type": kind, "custom_id": name, "id": number + 100}
    if kind == 4:
        made["value"] = str(fields.get(name, inner.get("value") or ""))
        assert made["value"] or not inner.get("required", True), f"{name} is required"
    elif kind == 21:
        made["value"] = fields.get(name, next(iter(_defaults(inner)), None))
        assert made["value"] or not inner.get("required", True), f"{name} is required"
    else:
        made["values"] = list(fields.get(name, _defaults(inner)))
        _check_picked(inner, made["values"])
    return {"type": 18, "id": number, "component": made}


def _defaults(inner: Json) -> list[str]:
    return [o["value"] for o in inner["options"] if o.get("default")]


def _check_picked(inner: Json, values: list[str]) -> None:
    assert set(values) <= {o["value"] for o in inner["options"]}, f"no such option: {values}"
    least = inner.get("min_values", 1) if inner.get("required", True) else 0
    assert least <= len(values) <= (inner.get("max_values") or 1)
