"""Discord, for as long as it is served: the parts of an App, put together."""

from bot.app import App
from bot.chat.discord import DiscordChat, Pace, point
from handlers.discord.bot import Bot
from handlers.discord.face import Face


class Discord:
    """Discord's part of an App, made when DISCORD_TOKEN is set."""

    def __init__(self, app: App) -> None:
        given = app.settings
        token = given.discord_token.get_secret_value() if given.discord_token else ""
        point(given.discord_api_base, given.discord_gateway_url)
        pace = Pace()
        self._app = app
        self.chat = DiscordChat(token, app.files, pace=pace)
        self.face = Face.of(app.missions, app.inbox, app.files, app.workers, self.chat)
        self.bot = Bot(self.face, token, pace)

    async def run(self) -> None:
        """Serve until cancelled. Raises Ended: this platform stops, the others go on."""
        self._app.face(self.chat)
        try:
            await self.bot.run()
        finally:
            await self.chat.close()
