"""Interactions: what people do, the three seconds to answer, the fifteen minutes to follow up."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.discord_.standin.refusal import Refusal, invalid, unknown
from tests.discord_.standin.rules import EPHEMERAL, check_message, check_modal
from tests.discord_.standin.world import Json, World, texts

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
SAY, DEFER, DEFER_UPDATE, UPDATE, SUGGEST, MODAL = 4, 5, 6, 7, 8, 9
ANSWER_WITHIN = 3.0
TOKEN_LASTS = 15 * 60.0
ALLOWED = {
    COMMAND: {SAY, DEFER, MODAL},
    COMPONENT: {SAY, DEFER, DEFER_UPDATE, UPDATE, MODAL},
    AUTOCOMPLETE: {SUGGEST},
    MODAL_SUBMIT: {SAY, DEFER, DEFER_UPDATE, UPDATE},
}
MAX_SUGGESTIONS = 25


@dataclass
class Interaction:
    """One thing a person did, and how it was answered."""

    payload: Json
    channel: Json
    person: Json
    created: float
    sent: float = field(default_factory=time.perf_counter)
    answer: Json | None = None
    ack_ms: float = 0.0
    said: list[Json] = field(default_factory=list[Json])
    original: Json | None = None

    @property
    def id(self) -> str:
        return self.payload["id"]

    @property
    def token(self) -> str:
        return self.payload["token"]

    @property
    def type(self) -> int:
        return self.payload["type"]

    @property
    def answered(self) -> int:
        """The callback's type, 0 when there was none."""
        return self.answer["type"] if self.answer else 0

    @property
    def text(self) -> str:
        """Everything the person was told in answer."""
        return "\n".join(t for m in self.said for t in texts(m) if t)

    @property
    def private(self) -> bool:
        """True when the answers were for this person's eyes only."""
        return all(m["flags"] & EPHEMERAL for m in self.said)

    @property
    def modal(self) -> Json:
        assert self.answer, "not answered"
        assert self.answered == MODAL, f"no modal: {self.answer}"
        return self.answer["data"]

    @property
    def choices(self) -> list[Json]:
        assert self.answer, "not answered"
        assert self.answered == SUGGEST, f"no suggestions: {self.answer}"
        return self.answer["data"]["choices"]


class Desk:
    """Takes the answers to interactions."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.open: dict[str, Interaction] = {}

    def make(self, kind: int, person: Json, channel: Json, data: Json, **more: Any) -> Interaction:
        """A new interaction, told to the gateway."""
        payload: Json = {
            "id": self.world.ids.next(),
            "token": secrets.token_urlsafe(24),
            "type": kind,
            "version": 1,
            "application_id": self.world.app,
            "data": data,
            "channel_id": channel["id"],
            "channel": _partial(channel),
            "locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {},
            "attachment_size_limit": self.world.upload_limit(channel),
            "app_permissions": str(self.world.permissions(channel)),
            **self._who(person, channel),
            **more,
        }
        found = Interaction(payload, channel, person, self.world.clock.now())
        self.open[payload["token"]] = found
        self.world.announce("INTERACTION_CREATE", payload)
        return found

    def _who(self, person: Json, channel: Json) -> Json:
        if "guild_id" not in channel:
            return {"user": person, "context": 1}
        guild = self.world.guilds[channel["guild_id"]]
        member = self.world.member(guild, person["id"])
        bits = sum(int(r["permissions"]) for r in guild["roles"] if r["id"] in member["roles"])
        return {
            "guild_id": guild["id"],
            "guild": {"id": guild["id"], "locale": "en-US", "features": []},
            "guild_locale": "en-US",
            "context": 0,
            "member": member | {"permissions": str(bits)},
        }

    # the first answer

    def callback(self, number: str, token: str, body: Json) -> Json | None:
        """Take the first answer. Gives the message that it made, if any. Raises Refusal."""
        found = self._waiting(number, token)
        kind = body.get("type")
        if kind not in ALLOWED[found.type]:
            raise invalid("type", f"{kind} does not answer an interaction of type {found.type}")
        made = self._apply(found, kind, body.get("data") or {})
        found.answer = body
        found.ack_ms = (time.perf_counter() - found.sent) * 1000
        self.world.touched()
        return made

    def _waiting(self, number: str, token: str) -> Interaction:
        found = self.open.get(token)
        if found is None or found.id != number:
            raise unknown("interaction", 10062)
        if found.answer is not None:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        if self.world.clock.now() - found.created > ANSWER_WITHIN:
            raise unknown("interaction", 10062)
        return found

    def _apply(self, found: Interaction, kind: int, data: Json) -> Json | None:
        match kind:
            case 4:
                return self._say(found, data, original=True)
            case 5:
                if (data.get("flags") or 0) & ~EPHEMERAL:
                    raise invalid("data.flags", "Only EPHEMERAL may be set here.")
            case 6 | 7:
                return self._update(found, kind, data)
            case 8:
                if len(data["choices"]) > MAX_SUGGESTIONS:
                    raise invalid("data.choices", "Must be 25 or fewer in length.")
            case _:
                check_modal(data)
        return None

    def _update(self, found: Interaction, kind: int, data: Json) -> Json | None:
        shown = found.payload.get("message")
        if shown is None:
            raise invalid("type", "There is no message to update.")
        message = self.world.messages[found.channel["id"]].get(shown["id"])
        if kind == DEFER_UPDATE or message is None:
            return None
        check_message(data, old=message)
        self.world.edit_message(message, data)
        return message

    def _say(self, found: Interaction, body: Json, *, original: bool = False) -> Json:
        check_message(body)
        private = (body.get("flags") or 0) & EPHEMERAL
        if private:
            message = self.world.message_json(found.channel, self.world.bot, body)
            message["flags"] |= EPHEMERAL
        else:
            message = self.world.add_message(found.channel, self.world.bot, body)
        self.world.note_pings(message, body)
        found.said.append(message)
        if original:
            found.original = message
        self.world.touched()
        return message

    # later answers, by token

    def of(self, token: str) -> Interaction:
        found = self.open.get(token)
        if found is None:
            raise unknown("Webhook", 10015)
        if self.world.clock.now() - found.created > TOKEN_LASTS:
            raise Refusal(401, 50027, "Invalid Webhook Token")
        if found.answer is None:
            raise unknown("Webhook", 10015)
        return found

    def follow(self, token: str, body: Json) -> Json:
        found = self.of(token)
        deferred = found.answered == DEFER and found.original is None
        if deferred and found.answer is not None:
            flags = (found.answer.get("data") or {}).get("flags") or 0
            body = {**body, "flags": (body.get("flags") or 0) & ~EPHEMERAL | flags}
        return self._say(found, body, original=deferred)

    def message(self, token: str, number: str) -> Json:
        found = self.of(token)
        for message in found.said:
            if number == message["id"] or (number == "@original" and message is found.original):
                return message
        if number == "@original" and (shown := found.payload.get("message")):
            return self.world.message(found.channel["id"], shown["id"])
        raise unknown("Message", 10008)

    def edit(self, token: str, number: str, body: Json) -> Json:
        found = self.of(token)
        if number == "@original" and found.answered == DEFER and found.original is None:
            return self.follow(token, body)
        message = self.message(token, number)
        check_message(body, old=message)
        self.world.edit_message(message, body)
        return message

    def delete(self, token: str, number: str) -> None:
        message = self.message(token, number)
        self.world.messages[message["channel_id"]].pop(message["id"], None)
        self.world.touched()


def _partial(channel: Json) -> Json:
    return {k: v for k, v in channel.items() if not k.startswith("_")} | {"permissions": "0"}


def response(found: Interaction, message: Json | None) -> Mapping[str, Any]:
    """What Discord answers to a callback with `with_response=1`."""
    about = {"id": found.id, "type": found.type}
    if message is None:
        return {"interaction": about}
    about |= {
        "response_message_id": message["id"],
        "response_message_loading": False,
        "response_message_ephemeral": bool(message["flags"] & EPHEMERAL),
    }
    return {"interaction": about, "resource": {"type": found.answered, "message": message}}


__all__ = ["Desk", "Interaction", "response"]
