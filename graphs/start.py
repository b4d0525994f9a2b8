"""What the composition root loads last: the models and the runner, with LangGraph behind them."""

from typing import Any, Protocol

from bot.ports import Files
from bot.settings import Settings
from bot.store.ledger import Ledger
from bot.store.store import Store
from graphs.models.ask import Models
from graphs.models.choose import choose, offline
from graphs.runner import Runner
from graphs.workshop import Limits, Workshop


class Parts(Protocol):
    """What the application has ready."""

    settings: Settings
    store: Store
    files: Files
    workers: Any
    holder: str

    def shown(self, *slots: str) -> None: ...


async def models(settings: Settings, store: Store, *, only_offline: bool = False) -> Models:
    """The models that the settings name, a local Ollama, or the offline one."""
    ledger = Ledger(store)
    if only_offline:
        return offline(ledger)
    return await choose(settings, ledger, ollama=settings.ollama_url)


def workshop(app: Parts, models: Models, **more: Any) -> Workshop:
    """What the nodes work with, over everything the application has."""
    more.setdefault("limits", Limits(tasks=app.settings.mission_tasks))
    return Workshop(
        store=app.store, files=app.files, models=models, workers=app.workers,
        folder=app.settings.data_dir.resolve() / "work", shown=app.shown, **more,
    )  # fmt: skip


def runner(app: Parts, models: Models, **more: Any) -> Runner:
    """The runner that advances missions in this process."""
    return Runner(workshop(app, models, **more), app.holder)
