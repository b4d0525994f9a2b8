"""The mission graph for LangGraph's own development server: see `langgraph.json`.

    langgraph dev        then send {"mission": "<id>"} of a mission that nobody else advances

The server brings its own checkpointer; ours is not used. The lease is taken at the first node.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from bot.app import App
from bot.settings import Settings
from graphs import mission, start
from graphs.workshop import Hold, Workshop

TTL = timedelta(hours=1)
"""Long enough to look around in the studio: only its own commits renew this lease."""


@asynccontextmanager
async def graph() -> AsyncGenerator[Any]:
    """The compiled graph over the database that the settings name."""
    app = await App.open(Settings())
    try:
        shop = start.workshop(app, await start.models(app.settings, app.store))
        yield mission.build(shop, Leases(shop, app.holder).take).compile()
    finally:
        await app.close()


class Leases:
    """Takes a mission when a node first asks for it. Raises LookupError when it is held."""

    def __init__(self, shop: Workshop, holder: str) -> None:
        self.shop, self.holder = shop, holder
        self.held: dict[str, Hold] = {}

    async def take(self, name: str) -> Hold:
        if name not in self.held:
            lease = await self.shop.store.claim(name, self.holder, TTL)
            if lease is None:
                raise LookupError(f"mission {name} is being advanced elsewhere")
            self.held[name] = Hold(lease)
        return self.held[name]
