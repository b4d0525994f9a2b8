"""A chat in which one mission stands at a gate of one's choice, and a person who writes."""

from datetime import timedelta
from typing import Any

from bot.domain.gate import Decision, Gate, GateKind
from bot.domain.mission import Attachment, Mission, Person, Status
from bot.missions import Missions
from bot.store.store import Store
from handlers.asks import Ask, Heard, hear
from tests.core.world import ADA, brief, plan, task

PLACE = "memory:W1:C1"
CSV = Attachment(name="a.csv", media_type="text/csv", size=3, sha256="0" * 64)


class Chat:
    """`writes` is what a person says; the rest sets the scene."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.missions = Missions(store, self._wake, lambda: None)
        self._count = 0

    async def _wake(self, mission: str) -> None:
        pass

    async def writes(self, text: str, person: Person = ADA, **more: Any) -> Heard:
        self._count += 1
        key = more.pop("key", f"key-{self._count}")
        return await hear(
            self.missions, Ask(key=key, place=PLACE, person=person, text=text, **more)
        )

    async def mission(self, status: Status = Status.running) -> Mission:
        """A mission with a settled plan of two tasks."""
        heard = await self.writes("Compare the two offers and tell me which one to take.")
        async with self.store.begin() as tx:
            await tx.add_brief(heard.mission, brief())
            await tx.put_plan(heard.mission, plan(task("T1"), task("T2", "T1")))
            await tx.set_status(heard.mission, status)
        return await self.now(heard.mission)

    async def at(self, kind: GateKind, **data: Any) -> Gate:
        """A mission that waits at a gate of this kind."""
        mission = await self.mission(Status.paused)
        now = self.store.clock()
        gate = Gate(
            id=f"g-{kind}", mission=mission.id, kind=kind, name=f"{kind}:1", subject="s", version=1,
            policy=mission.policy, data=data, opened_at=now, expires_at=now + timedelta(days=1),
        )  # fmt: skip
        async with self.store.begin() as tx:
            await tx.open_gate(gate)
        return gate

    async def asked(self, *questions: dict[str, Any]) -> Gate:
        """A mission that asks these questions, `Q1…`."""
        asked = [{"id": f"Q{n}", **q} for n, q in enumerate(questions, start=1)]
        return await self.at(GateKind.question, questions=asked)

    async def now(self, mission: str) -> Mission:
        found = await self.store.mission(mission)
        assert found is not None
        return found

    async def closed(self, gate: Gate) -> Gate:
        """The gate as it stands now."""
        async with self.store.begin() as tx:
            found = await tx.gate(gate.id)
        assert found is not None
        return found

    async def decision(self, gate: Gate) -> Decision:
        """The only decision at this gate."""
        async with self.store.begin() as tx:
            (found,) = await tx.decisions(gate.id)
        return found

    async def answers(self, gate: Gate) -> dict[str, str]:
        return (await self.decision(gate)).data["answers"]
