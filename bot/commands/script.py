"""For programs: each event is one JSON line on stdout, and the last line says how it ended."""

import json
import sys
from typing import Any

from bot.app import App
from bot.commands.results import Written
from bot.commands.short import sentence
from bot.domain.gate import Gate
from bot.domain.mission import Mission, Status
from bot.domain.record import Record
from bot.missions import Said


class Script:
    """Decides nothing: a gate that `--approve all` does not cover ends it with a `waits` line."""

    def __init__(self, app: App, mission: Mission) -> None:
        self.app, self.mission, self.seen = app, mission, 0

    async def show(self, record: Record) -> None:
        for event in await self.app.store.events(self.mission.id, self.seen):
            self.seen = event.number
            line(**event.model_dump(mode="json"))

    async def decide(self, record: Record, gate: Gate) -> Said | None:
        return None

    async def say(self, text: str) -> None:
        line(kind="said", mission=self.mission.id, text=text)

    async def waits(self, record: Record) -> None:
        gates = [
            {"name": g.name, "about": g.kind.value, "version": g.version,
             "verbs": [v.value for v in g.verbs]}
            for g in record.open_gates
        ]  # fmt: skip
        line(
            kind="waits", mission=self.mission.id, gates=gates, paused=record.paused,
            short=sentence(record),
        )  # fmt: skip

    async def end(self, record: Record, written: Written | None) -> None:
        mission, artifact = record.mission, record.artifact
        approved = mission.status is Status.done and artifact is not None
        line(
            kind="result", mission=mission.id, status=mission.status.value, reason=mission.reason,
            artifact=artifact.model_dump(mode="json") if approved and artifact else None,
            written=list(written.names) if written else [],
            notes=list(written.notes) if written else [],
        )  # fmt: skip

    def close(self) -> None:
        pass


def line(**body: Any) -> None:
    """One line of JSON, at once."""
    sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
    sys.stdout.flush()
