"""Where Discord is. The one place that points discord.py elsewhere."""

import yarl
from discord import VoiceClient
from discord.gateway import DiscordWebSocket
from discord.http import Route

API_BASE = "https://discord.com/api/v10"
GATEWAY_URL = "wss://gateway.discord.gg/"


def point(api_base: str = "", gateway_url: str = "") -> None:
    """Make every client of this process speak to these addresses; empty means Discord itself.

    discord.py keeps both in class attributes, so there is one Discord per process.
    """
    VoiceClient.warn_nacl = VoiceClient.warn_dave = False  # the bot does not speak
    Route.BASE = (api_base or API_BASE).rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url or GATEWAY_URL)
