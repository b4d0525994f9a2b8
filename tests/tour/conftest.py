"""Every stop of the tour gets a fresh bot."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.tour.script import Script
from tests.tour.studio import Studio, studio

Open = Callable[..., AbstractAsyncContextManager[Studio]]


@pytest.fixture
def open_studio(tmp_path: Path, sqlite_url: str) -> Open:
    """Opens a bot with this script, on a database of its own."""

    def open_(script: Script, **more: Any) -> AbstractAsyncContextManager[Studio]:
        return studio(tmp_path, script, more.pop("url", sqlite_url), **more)

    return open_
