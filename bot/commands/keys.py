"""What a person types at a terminal, a line at a time."""

import asyncio
import os
from typing import TextIO

CHUNK = 65_536


class Keys:
    """Lines from a terminal, read without a thread: Ctrl-C can end a question that is open."""

    def __init__(self, file: TextIO) -> None:
        self._fd = file.fileno()

    async def line(self) -> str | None:
        """The next line without its end; None when the person ended the input (Ctrl-D)."""
        loop = asyncio.get_running_loop()
        typed: asyncio.Future[bytes] = loop.create_future()
        loop.add_reader(self._fd, self._read, typed)
        try:
            data = await typed
        finally:
            loop.remove_reader(self._fd)
        return data.decode(errors="replace").rstrip("\r\n") if data else None

    def _read(self, typed: "asyncio.Future[bytes]") -> None:
        if not typed.done():
            typed.set_result(os.read(self._fd, CHUNK))
