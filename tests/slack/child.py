"""The bot in a process of its own, for a test that kills it."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from bot.app import App
from bot.settings import Settings
from handlers.slack import Slack


async def main() -> None:
    given = json.loads(os.environ["CHILD"])
    more: dict[str, Any] = {"_env_file": None}
    settings = Settings(
        data_dir=Path(given["folder"]), database_url=given["database"],
        slack_bot_token=given["bot"], slack_app_token=given["app"], slack_api_url=given["api"],
        **more,
    )  # fmt: skip
    app = await App.open(settings)
    async with Slack(app):
        await app.inbox.run()


if __name__ == "__main__":
    asyncio.run(main())
