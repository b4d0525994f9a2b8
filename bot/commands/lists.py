"""The missions of every workspace, those that need a person first."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import case, select

from bot.commands.script import line
from bot.commands.upkeep import opened
from bot.documents.text import clean
from bot.domain.mission import NEEDS_PERSON, Mission, Status
from bot.settings import Settings
from bot.store import rows
from bot.store import tables as t
from bot.store.store import Store

WORDS = {
    Status.drafting: "planning", Status.needs_answer: "asks you",
    Status.needs_plan_approval: "plan for you", Status.queued: "queued",
    Status.running: "running", Status.reviewing: "in review",
    Status.needs_artifact_approval: "result for you", Status.delivering: "finishing",
    Status.done: "done", Status.cancelled: "cancelled", Status.failed: "failed",
    Status.paused: "needs you",
}  # fmt: skip


async def show_missions(settings: Settings, *, lines: bool, limit: int) -> None:
    """Print the missions: a table, or a JSON line each."""
    async with opened(settings) as app:
        found = await newest(app.store, limit)
        now = app.store.clock()
    if lines:
        for mission in found:
            line(**_brief(mission))
    elif found:
        console = Console(highlight=False, markup=False)
        console.print(table(found, now))
    else:
        Console(stderr=True).print('No missions yet. Begin one: concertmaster run "…"')


async def newest(store: Store, limit: int) -> Sequence[Mission]:
    """Those that need a person first, then the newest."""
    needs = case((t.missions.c.status.in_([s.value for s in NEEDS_PERSON]), 0), else_=1)
    query = select(t.missions).order_by(needs, t.missions.c.created_at.desc()).limit(limit)
    async with store.reading() as conn:
        return [rows.mission_of(row) for row in (await conn.execute(query)).mappings()]


def table(missions: Sequence[Mission], now: datetime) -> Table:
    """One row each, for a terminal."""
    grid = Table(expand=True, box=None, padding=(0, 2, 0, 0), header_style="dim")
    grid.add_column("Mission", no_wrap=True)
    grid.add_column("Status", no_wrap=True)
    grid.add_column("Begun", no_wrap=True)
    grid.add_column("", ratio=1, no_wrap=True, overflow="ellipsis")
    for mission in missions:
        style = "bold yellow" if mission.status.needs_person else ""
        begun = _ago(mission.created_at, now)
        status = Text(WORDS[mission.status], style)
        grid.add_row(mission.id, status, begun, Text(clean(mission.title)))
    return grid


def _ago(moment: datetime, now: datetime) -> str:
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440} days ago"


def _brief(mission: Mission) -> dict[str, object]:
    fields = {"id", "workspace", "requester", "title", "status", "reason", "created_at", "ended_at"}
    return {
        **mission.model_dump(mode="json", include=fields),
        "needs_you": mission.status.needs_person,
    }
