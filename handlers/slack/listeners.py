"""All that Slack may send, on one screen. `manifest.yml` says the same; a test compares the two.

Each listener keeps what came in the inbox and then acknowledges: Bolt runs it before it answers, so
a store that is down means no acknowledgement, and Slack sends it again. Only what needs a trigger
id, or an answer in the acknowledgement itself, is done here.
"""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, cast

import structlog
from slack_bolt.app.async_app import AsyncApp

from bot.cards import PREFIX, Button
from bot.chat.slack.place import Where
from bot.chat.slack.render import DOWNLOAD
from bot.chat.slack.views import FORM, modal
from bot.domain.base import Refused
from bot.ports import ChatError
from handlers import clicks
from handlers.slack import forms, letters
from handlers.slack.commands import NAME
from handlers.slack.face import Face
from handlers.slack.messages import concerns

log = structlog.get_logger(__name__)

Json = dict[str, Any]
Ack = Callable[..., Awaitable[Any]]

WHOLE = "is_enterprise_install"
"""Bolt's word for an organisation that has the app as a whole."""
MAKE = "make_mission"
"""The callback id of “Make this a mission”."""
EVENTS = (
    "app_context_changed", "app_home_opened", "app_mention", "app_uninstalled",
    "agent_session_stopped", "message", "tokens_revoked",
)  # fmt: skip


AT_ONCE = frozenset({"approve", "cancel", "skip", "accept", clicks.STOP, DOWNLOAD, *clicks.RATES})
"""What is never asked about by a form: nothing has to be read before the acknowledgement."""


def listen(app: AsyncApp, face: Face) -> None:
    """Register everything."""
    on, bolt = Listeners(face), cast("Any", app)  # Bolt is only half typed
    bolt.event("app_mention")(on.message)
    bolt.event("message")(on.message)
    bolt.event("app_home_opened")(on.look)
    bolt.event("app_context_changed")(on.beside)
    bolt.event("agent_session_stopped")(on.halt)
    bolt.event("app_uninstalled")(on.removed)
    bolt.event("tokens_revoked")(on.revoked)
    bolt.command(NAME)(on.command)
    bolt.shortcut(MAKE)(on.shortcut)
    bolt.action(re.compile(rf"^{re.escape(PREFIX)}\|"))(on.click)
    bolt.action(forms.EDIT_HOUSE)(on.edit_house)
    bolt.view(FORM)(on.form)
    bolt.view(forms.START)(on.start_form)
    bolt.view(forms.HOUSE)(on.form)


class Listeners:
    """What each does with what it hears."""

    def __init__(self, face: Face) -> None:
        self.face = face

    async def _team(self, body: Json, context: Json) -> str:
        """The workspace; that it is served by its organisation is kept, for the time after this."""
        team = letters.team_of(body, str(context.get("team_id") or ""))
        await self.face.installs.of(team, str(context.get("enterprise_id") or ""))
        return team

    async def _keep(self, key: str, kind: str, team: str, place: str, model: Any) -> None:
        await self.face.inbox.accept(letters.letter(key, kind, team, place, model))

    # -- events --------------------------------------------------------------------------------

    async def message(self, event: Json, body: Json, context: Json) -> None:
        """A message, its edit or its deletion; what does not concern the bot is not kept."""
        team = await self._team(body, context)
        match event.get("subtype", ""):
            case "message_changed":
                await self._edit(letters.edited_of(event, team))
            case "message_deleted":
                await self._deletion(letters.deleted_of(event, team))
            case _:
                await hear(self.face, letters.words_of(event, team))

    async def _edit(self, words: letters.Words | None) -> None:
        if words is not None and await concerns(self.face, words):
            await self._keep(words.key, "edit", words.team, words.where.place, words)

    async def _deletion(self, gone: letters.Deleted | None) -> None:
        if gone is not None and await self.face.running(gone.where) is not None:
            key = f"{gone.first_key}:deleted"
            await self._keep(key, "deletion", gone.team, gone.where.place, gone)

    async def look(self, event: Json, body: Json, context: Json) -> None:
        look = letters.opened_of(event, await self._team(body, context))
        await self._keep_look(look, f"slack:h:{look.team}:{look.user}:{look.ts}")

    async def beside(self, event: Json, body: Json, context: Json) -> None:
        """What a person has open beside their messages to the bot; kept when it is news."""
        look = letters.beside_of(event, body, await self._team(body, context))
        if look is not None and self.face.beside.get(look.team, look.user) != look.beside:
            await self._keep_look(look, f"slack:x:{look.team}:{look.user}:{body['event_id']}")

    async def _keep_look(self, look: letters.Opened, key: str) -> None:
        place = Where(look.team, look.user, "home").place
        await self._keep(key, "look", look.team, place, look)

    async def halt(self, event: Json, body: Json, context: Json) -> None:
        team = await self._team(body, context)
        halt = letters.Halted(
            team=team, user=event["user"], channel=event["channel"], thread=event["thread_ts"]
        )
        key = f"slack:s:{team}:{halt.channel}:{halt.thread}:{event['event_ts']}"
        await self._keep(key, "halt", team, Where(team, halt.channel, halt.thread).place, halt)

    async def removed(self, body: Json, context: Json) -> None:
        """A workspace removed the app, or a whole organisation did."""
        whole = str(context.get("enterprise_id") or "") if context.get(WHOLE) else ""
        team = whole or letters.team_of(body, str(context.get("team_id") or ""))
        key = f"slack:u:{team}:{body['event_id']}"
        gone = letters.Removed(team=team)
        await self._keep(key, "removed", team, Where(team, "app").place, gone)

    async def revoked(self, event: Json, body: Json, context: Json) -> None:
        """A bot's token was taken back; tokens of people are not used here."""
        if letters.inner(event, "tokens").get("bot"):
            await self.removed(body, context)

    # -- people at work ------------------------------------------------------------------------

    async def command(self, ack: Ack, body: Json, context: Json) -> None:
        """With words: kept, then dealt with. Alone: the form, which needs the trigger id."""
        team = await self._team(body, context)
        said = letters.command_of(body, team)
        if said.text.strip():
            where = Where(team, said.channel)
            await self._keep(letters.trigger_key(body, team), "command", team, where.place, said)
        else:
            await self._offer_form(body, said)
        await ack()

    async def _offer_form(self, body: Json, said: letters.Command) -> None:
        where = Where(said.team, said.channel)
        private = json.dumps({"place": where.place, "answer": said.answer})
        groups = await self.face.people.groups(said.team)
        view = forms.start_form(private, self.face.missions.cap, groups)
        await self._open(body, where, said.user, view, said.answer)

    async def shortcut(self, ack: Ack, body: Json, context: Json) -> None:
        team = await self._team(body, context)
        asked, where = letters.shortcut_of(body, team), Where(team, body["channel"]["id"])
        if asked is None:
            text = "Only a message that a person wrote can become a mission."
            answer = str(body.get("response_url") or "")
            await self.face.answer(where, body["user"]["id"], text, answer)
        else:
            key, place = letters.trigger_key(body, team), asked.words.where.place
            await self._keep(key, "shortcut", team, place, asked)
        await ack()

    async def click(self, ack: Ack, body: Json, context: Json) -> None:
        """A button with a form opens it; every other one is kept, then dealt with."""
        team = await self._team(body, context)
        pressed = letters.press_of(body, team)
        button = await self._with_form(pressed)
        if button is not None and button.form is not None:
            private = json.dumps({"button": button.id, "place": pressed.place})
            where = Where.of(pressed.place) if pressed.place else Where(team, pressed.user)
            view = modal(button.form, private)
            await self._open(body, where, pressed.user, view, pressed.answer)
        else:
            place = pressed.place or Where(team, pressed.user, "home").place
            await self._keep(letters.press_key(body, team), "click", team, place, pressed)
        await ack()

    async def _with_form(self, pressed: letters.Press) -> Button | None:
        """The button, when it asks for something first. Who may not press it gets no form."""
        try:
            if clicks.read(pressed.id).verb in AT_ONCE:
                return None
            mission = await self.face.mission_of(pressed.team, pressed.id)
            if mission is None:
                return None
            person = await self.face.person(pressed.team, pressed.user, mission)
            return await self.face.button(pressed.id, person)
        except (Refused, ChatError) as error:
            log.info("slack_no_form", error=str(error))
            return None

    async def edit_house(self, ack: Ack, body: Json, context: Json) -> None:
        team, user = await self._team(body, context), body["user"]["id"]
        where = Where(team, user)
        house = await self.face.store.house(where.workspace)
        await self._open(body, where, user, forms.house_form(house))
        await ack()

    async def start_form(self, ack: Ack, body: Json, context: Json) -> None:
        """What is wrong is said in the form itself, by the acknowledgement."""
        filled = letters.filled_of(body, await self._team(body, context))
        try:
            forms.read_start(filled.values, "UTC", self.face.missions.cap)
        except forms.Wrong as wrong:
            await ack(response_action="errors", errors=wrong.errors)
            return
        await self._keep_form(body, filled)
        await ack()

    async def form(self, ack: Ack, body: Json, context: Json) -> None:
        await self._keep_form(body, letters.filled_of(body, await self._team(body, context)))
        await ack()

    async def _keep_form(self, body: Json, filled: letters.Filled) -> None:
        private: Json = json.loads(filled.private or "{}")
        place = str(private.get("place") or Where(filled.team, filled.user, "home").place)
        key = letters.filled_key(body, filled.team)
        await self._keep(key, "form", filled.team, place, filled)

    async def _open(
        self, body: Json, where: Where, user: str, view: Json, answer: str = ""
    ) -> None:
        """Open a modal; when that is not possible any more, say so."""
        try:
            await self.face.calls.ask(where, "views.open", trigger_id=body["trigger_id"], view=view)
        except ChatError as error:
            log.warning("slack_form_not_opened", error=str(error))
            text = "Slack did not open the form in time. Please press again."
            await self.face.answer(where, user, text, answer)


async def hear(face: Face, words: letters.Words | None) -> bool:
    """Keep a person's words when they concern the bot; False when there is nothing new to keep."""
    if words is None or not await concerns(face, words):
        return False
    made = letters.letter(words.key, "words", words.team, words.where.place, words)
    return await face.inbox.accept(made)
