"""The stand-in, driven by the unmodified discord.py client."""

import asyncio
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands
from discord.http import Route

from tests.discord_.standin import StandIn


class Client(discord.Client):
    """A plain client with one command, one menu and one button."""

    def __init__(self, **options: Any) -> None:
        intents = discord.Intents(guilds=True, messages=True, message_content=True)
        intents = options.pop("intents", intents)
        super().__init__(intents=intents, guild_ready_timeout=0.05, **options)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self._news = asyncio.Event()
        self.tree.add_command(_greet)
        self.tree.add_command(app_commands.ContextMenu(name="Quote", callback=_quote))

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.append(message)
            self._news.set()

    async def hear(self, number: int) -> list[str]:
        """Wait until so many messages were heard; gives their texts."""
        async with asyncio.timeout(5):
            while len(self.heard) < number:
                self._news.clear()
                await self._news.wait()
        return [m.content for m in self.heard]


@app_commands.command(name="greet", description="Says hello")
async def _greet(interaction: discord.Interaction, name: str) -> None:
    await interaction.response.send_message(f"Hello {name}", ephemeral=True)


async def _quote(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"> {message.content}")


async def test_a_client_hears_what_people_say_and_answers(standin: StandIn, connect: Any) -> None:
    """Messages arrive over the gateway; sends come back as messages of the bot."""
    guild = standin.guild()
    channel = standin.channel(guild)
    ada = standin.person("ada", guild)
    client = await connect(Client())
    standin.say(ada, channel, "good morning", files={"a.txt": b"42"})
    await client.hear(1)
    [message] = client.heard
    assert message.content == "good morning"
    assert await message.attachments[0].read() == b"42"
    await message.reply("good morning to you")
    assert standin.mine(channel)[0]["content"] == "good morning to you"


async def test_a_slash_command_is_answered_within_its_time(standin: StandIn, connect: Any) -> None:
    """Registered commands reach the tree; the answer and its latency are kept."""
    guild = standin.guild()
    channel = standin.channel(guild)
    ada = standin.person("ada", guild)
    client = await connect(Client())
    await client.tree.sync()
    done = await standin.answered(standin.slash(ada, channel, "greet", name="Ada"))
    assert done.text == "Hello Ada"
    assert done.private
    assert 0 < done.ack_ms < 3000


async def test_a_context_menu_gets_the_message(standin: StandIn, connect: Any) -> None:
    """The target of a context menu is readable."""
    guild = standin.guild()
    channel = standin.channel(guild)
    ada = standin.person("ada", guild)
    client = await connect(Client())
    await client.tree.sync()
    said = standin.say(ada, channel, "something quotable")
    done = await standin.answered(standin.menu(ada, channel, said, "Quote"))
    assert done.text == "> something quotable"


class Ask(discord.ui.Modal):
    words = discord.ui.Label(text="Why", component=discord.ui.TextInput(custom_id="words"))

    def __init__(self) -> None:
        super().__init__(title="Revise", custom_id="ask")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        field: Any = self.words.component
        await interaction.response.send_message(f"because {field.value}", ephemeral=True)


class Page(discord.ui.LayoutView):
    """A layout with a button that opens a form."""

    row: discord.ui.ActionRow[Any] = discord.ui.ActionRow()

    @row.button(label="Revise", custom_id="revise")
    async def revise(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.send_modal(Ask())


async def test_a_click_opens_a_modal_that_can_be_sent(standin: StandIn, connect: Any) -> None:
    """Click, modal and submit, with components of version 2."""
    guild = standin.guild()
    channel = standin.channel(guild)
    ada = standin.person("ada", guild)
    client = await connect(Client())
    await client.get_channel(int(channel["id"])).send(view=Page())
    [shown] = standin.mine(channel)
    opened = await standin.answered(standin.click(ada, shown, "Revise"))
    assert opened.modal["title"] == "Revise"
    sent = await standin.answered(standin.submit(opened, words="of the table"))
    assert sent.text == "because of the table"


async def test_an_answer_after_three_seconds_is_refused(standin: StandIn, connect: Any) -> None:
    """The token of an unanswered interaction dies: 404, 10062."""
    guild = standin.guild()
    channel = standin.channel(guild)
    ada = standin.person("ada", guild)
    refused: list[discord.NotFound] = []

    class Slow(Client):
        async def on_interaction(self, interaction: discord.Interaction) -> None:
            standin.advance(4)
            try:
                await interaction.response.defer()
            except discord.NotFound as error:
                refused.append(error)
            standin.world.touched()

    await connect(Slow())
    standin.desk.make(2, ada, channel, {"id": "1", "name": "nothing", "type": 1})
    await standin.until(lambda: refused)
    assert refused[0].code == 10062


async def test_the_token_lasts_a_quarter_of_an_hour(standin: StandIn, connect: Any) -> None:
    """After that: 401, 50027; the message itself can still be edited as the bot."""
    guild = standin.guild()
    channel = standin.channel(guild)
    ada = standin.person("ada", guild)
    kept: list[discord.Interaction] = []

    class Keeper(Client):
        async def on_interaction(self, interaction: discord.Interaction) -> None:
            await interaction.response.send_message("working on it")
            kept.append(interaction)
            standin.world.touched()

    await connect(Keeper())
    standin.desk.make(2, ada, channel, {"id": "1", "name": "nothing", "type": 1})
    await standin.until(lambda: kept)
    message: Any = await kept[0].original_response()
    standin.advance(16 * 60)
    with pytest.raises(discord.HTTPException) as error:
        await kept[0].edit_original_response(content="done")
    assert error.value.code == 50027
    await message.channel.get_partial_message(message.id).edit(content="done")
    assert standin.mine(channel)[0]["content"] == "done"


async def test_events_missed_by_a_cut_socket_are_replayed(standin: StandIn, connect: Any) -> None:
    """The session is resumed, and what was said meanwhile arrives once."""
    guild = standin.guild()
    channel = standin.channel(guild)
    ada = standin.person("ada", guild)
    client = await connect(Client())
    await standin.gateway.drop()
    standin.say(ada, channel, "while you were away")
    await standin.until(lambda: standin.gateway.resumed)
    await client.hear(1)
    assert [m.content for m in client.heard] == ["while you were away"]
    assert standin.gateway.identified == 1


async def test_a_session_lost_for_minutes_starts_anew(standin: StandIn, connect: Any) -> None:
    """Invalid session, then identify: what was said meanwhile is not delivered again."""
    guild = standin.guild()
    channel = standin.channel(guild)
    ada = standin.person("ada", guild)
    client = await connect(Client())
    standin.gateway.refuse = True
    await standin.gateway.drop()
    standin.say(ada, channel, "nobody hears this")
    standin.advance(600)
    standin.gateway.refuse = False
    await standin.until(lambda: standin.gateway.identified == 2, 20)
    standin.say(ada, channel, "but this")
    await client.hear(1)
    assert [m.content for m in client.heard] == ["but this"]


@pytest.mark.parametrize("code", [4004, 4010, 4011, 4012, 4013])
async def test_fatal_close_codes_end_the_client(standin: StandIn, code: int) -> None:
    """No retry: the client ends with the code."""
    standin.gateway.close_next = code
    client = Client()
    with pytest.raises(discord.ConnectionClosed) as error:
        await asyncio.wait_for(client.start(standin.token), 10)
    assert error.value.code == code
    await client.close()


async def test_an_intent_that_was_not_allowed_closes_with_4014(standin: StandIn) -> None:
    """discord.py names it: a privileged intent is missing."""
    standin.world.content_allowed = False
    client = Client()
    with pytest.raises(discord.PrivilegedIntentsRequired):
        await asyncio.wait_for(client.start(standin.token), 10)
    await client.close()


async def test_without_the_content_intent_text_is_blank(standin: StandIn, connect: Any) -> None:
    """Except where the bot is mentioned, and in direct messages."""
    guild = standin.guild()
    channel = standin.channel(guild)
    ada = standin.person("ada", guild)
    intents = discord.Intents(guilds=True, messages=True)
    client = await connect(Client(intents=intents))
    standin.say(ada, channel, "a secret")
    standin.say(ada, channel, f"<@{standin.world.app}> for you")
    standin.say(ada, standin.dm(ada), "and this")
    await client.hear(3)
    assert [bool(m.content) for m in client.heard] == [False, True, True]


async def test_one_nonce_makes_one_message(standin: StandIn, connect: Any) -> None:
    """`enforce_nonce` gives the first message again for a few minutes."""
    channel = standin.channel(standin.guild())
    client = await connect(Client())
    target = client.get_channel(int(channel["id"]))
    first = await target.send("once", nonce="n1")
    again = await target.send("once", nonce="n1")
    assert first.id == again.id
    standin.advance(600)
    assert (await target.send("once", nonce="n1")).id != first.id


async def test_a_lost_answer_leaves_the_message(standin: StandIn, connect: Any) -> None:
    """The connection is cut after storing: discord.py raises, the message is there."""
    channel = standin.channel(standin.guild())
    client = await connect(Client())
    standin.fault("POST", "/messages$", drop=True, after=True)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.get_channel(int(channel["id"])).send("hello?")
    assert len(standin.mine(channel)) == 1


async def test_buckets_are_kept_by_the_client(connect: Any, standin: StandIn) -> None:
    """Seven messages at once wait for the bucket instead of being refused."""
    standin.rest.limits.channel.count, standin.rest.limits.channel.seconds = 5, 0.3
    channel = standin.channel(standin.guild())
    client = await connect(Client())
    target = client.get_channel(int(channel["id"]))
    await asyncio.gather(*(target.send(str(n)) for n in range(7)))
    assert len(standin.mine(channel)) == 7
    assert len(standin.journal.of("POST", "/messages$")) - len(standin.journal.unhandled) == 7


async def test_old_messages_take_few_edits(standin: StandIn, connect: Any) -> None:
    """The fourth edit of an old message in twenty seconds: 429, 30046."""
    channel = standin.channel(standin.guild())
    client = await connect(Client())
    message = await client.get_channel(int(channel["id"])).send("v0")
    standin.advance(3700)
    for number in range(3):
        await message.edit(content=f"v{number + 1}")
    task = asyncio.create_task(message.edit(content="v4"))
    await standin.until(lambda: standin.journal[-1].code == 30046)
    task.cancel()


async def test_threads_bear_the_id_of_their_message(standin: StandIn, connect: Any) -> None:
    """A second thread from one message: 160004. Edits in an archived one: 50083."""
    guild = standin.guild()
    channel = standin.channel(guild)
    ada = standin.person("ada", guild)
    client = await connect(Client())
    said = standin.say(ada, channel, "start here")
    target = client.get_channel(int(channel["id"])).get_partial_message(int(said["id"]))
    thread = await target.create_thread(name="Mission")
    assert str(thread.id) == said["id"]
    with pytest.raises(discord.HTTPException) as twice:
        await target.create_thread(name="Mission")
    assert twice.value.code == 160004
    message = await thread.send("hello")
    standin.world.set_thread(standin.world.channels[said["id"]], archived=True)
    with pytest.raises(discord.HTTPException) as archived:
        await message.edit(content="x")
    assert archived.value.code == 50083
    await thread.send("sending unarchives")
    assert not standin.world.channels[said["id"]]["thread_metadata"]["archived"]
    standin.world.set_thread(standin.world.channels[said["id"]], locked=True)
    with pytest.raises(discord.HTTPException) as locked:
        await thread.send("locked")
    assert locked.value.code == 160005


async def test_missing_permissions_are_told_apart(standin: StandIn, connect: Any) -> None:
    """Not seeing is 50001, not being allowed to send is 50013."""
    guild = standin.guild()
    hidden, mute = standin.channel(guild, "hidden"), standin.channel(guild, "mute")
    client = await connect(Client())
    standin.world.deny(hidden, "view_channel")
    standin.world.deny(mute, "send_messages")
    for place, code in ((hidden, 50001), (mute, 50013)):
        with pytest.raises(discord.Forbidden) as error:
            await client.get_partial_messageable(int(place["id"])).send("hi")
        assert error.value.code == code


async def test_it_records_who_would_be_pinged(standin: StandIn, connect: Any) -> None:
    """Without allowed_mentions everything pings; with none, nothing does."""
    guild = standin.guild()
    channel = standin.channel(guild)
    ada = standin.person("ada", guild)
    client = await connect(Client())
    target = client.get_channel(int(channel["id"]))
    text = f"@everyone <@{ada['id']}>"
    await target.send(text, allowed_mentions=discord.AllowedMentions.none())
    assert standin.world.pings == []
    await target.send(text)
    assert standin.world.pings[0].everyone
    assert standin.world.pings[0].users == (ada["id"],)


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("components", {"flags": 1 << 15, "components": [{"type": 10, "content": "x" * 4001}]}),
        ("components", {"flags": 1 << 15, "components": [{"type": 10, "content": "x"}] * 41}),
        (
            "content",
            {"flags": 1 << 15, "content": "x", "components": [{"type": 10, "content": "y"}]},
        ),
        ("components", {"components": [{"type": 10, "content": "no flag"}]}),
        ("content", {"content": "x" * 2001}),
        ("embeds", {"embeds": [{"description": "x" * 4000}] * 2}),
        ("nonce", {"content": "x", "nonce": "n" * 26}),
        (
            "components",
            {
                "components": [
                    {
                        "type": 1,
                        "components": [{"type": 2, "style": 1, "label": "a", "custom_id": "c"}],
                    }
                ]
                * 2
            },
        ),
    ],
)
async def test_what_discord_refuses_is_refused(
    standin: StandIn, connect: Any, field: str, body: dict[str, Any]
) -> None:
    """400, 50035, and the field is named."""
    channel = standin.channel(standin.guild())
    client = await connect(Client())
    route = Route("POST", "/channels/{channel_id}/messages", channel_id=channel["id"])
    with pytest.raises(discord.HTTPException) as error:
        await client.http.request(route, json=body)
    assert error.value.code == 50035
    assert field in error.value.text
