"""Which models a start finds: configured ones, a local Ollama, or the offline model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pydantic import SecretStr

from graphs.models.ask import Ledger, Models
from graphs.models.config import OLLAMA, TierConfig
from graphs.models.tiers import Tiers

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

OFFLINE = "offline model, no AI"
OFFLINE_NAME = "offline:rules"
OLLAMA_PACE = 4.0
PROBE_SECONDS = 0.3
LIST_SECONDS = 3.0

OPENAI_MODELS = ("openai:gpt-5.4-mini", "openai:gpt-5.4", "openai:gpt-5.5")
ANTHROPIC_MODELS = (
    "anthropic:claude-haiku-4-5",
    "anthropic:claude-sonnet-5",
    "anthropic:claude-opus-5",
)
"""Light, standard and strong, when only a key is given."""


class ModelSettings(Protocol):
    """The part of the settings that this module reads."""

    @property
    def model_light(self) -> str | None: ...
    @property
    def model_standard(self) -> str | None: ...
    @property
    def model_strong(self) -> str | None: ...
    @property
    def model_critic(self) -> str | None: ...
    @property
    def model_calls(self) -> int: ...
    @property
    def openai_api_key(self) -> SecretStr | None: ...
    @property
    def openai_base_url(self) -> str | None: ...
    @property
    def anthropic_api_key(self) -> SecretStr | None: ...


async def choose(settings: ModelSettings, ledger: Ledger, *, ollama: str = OLLAMA) -> Models:
    """The models to work with; their `label` says which. Never fails: the offline model is left."""
    names = _named(settings) or await _found(settings)
    if names is not None:
        return Tiers.configured(_config(names, settings, ollama), ledger)
    model = await _ollama_model(ollama)
    if model is None:
        return offline(ledger)
    config = _config(_same(f"ollama:{model}"), settings, ollama)
    label = f"{model} on this machine (Ollama)"
    return Tiers.configured(config, ledger, label=label, pace=OLLAMA_PACE)


def offline(ledger: Ledger) -> Models:
    """The built-in rules behind every tier."""
    return Tiers.local(_offline_model, ledger, name=OFFLINE_NAME, label=OFFLINE)


def _offline_model() -> BaseChatModel:
    from graphs.models.offline import OfflineModel

    return OfflineModel()


Names = tuple[str, str, str]


def _same(name: str) -> Names:
    return (name, name, name)


def _named(settings: ModelSettings) -> Names | None:
    """The named models; a tier without a name takes its nearest neighbour's."""
    light, standard, strong = (
        settings.model_light or "",
        settings.model_standard or "",
        settings.model_strong or "",
    )
    if not (light or standard or strong):
        return None
    return (light or standard or strong, standard or strong or light, strong or standard or light)


async def _found(settings: ModelSettings) -> Names | None:
    """The models that a key or an endpoint stands for."""
    if settings.openai_base_url:
        return await _listed(settings.openai_base_url, settings.openai_api_key)
    if _given(settings.openai_api_key):
        return OPENAI_MODELS
    return ANTHROPIC_MODELS if _given(settings.anthropic_api_key) else None


def _given(key: SecretStr | None) -> bool:
    return key is not None and bool(key.get_secret_value())


async def _listed(base_url: str, key: SecretStr | None) -> Names:
    """OpenAI's models where the endpoint has them or does not say, else the first it has."""
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    answer = await _get(f"{base_url.rstrip('/')}/models", LIST_SECONDS, headers)
    ids = [str(row.get("id", "")) for row in _rows(answer, "data")]
    usable = [name for name in ids if name and not _embeds(name)]
    if not usable or all(name.removeprefix("openai:") in usable for name in OPENAI_MODELS):
        return OPENAI_MODELS
    return _same(f"openai:{usable[0]}")


async def _ollama_model(url: str) -> str | None:
    """The model used last that can chat; one for all tiers, since swapping models is slow."""
    answer = await _get(f"{url.rstrip('/')}/api/tags", PROBE_SECONDS)
    names = [str(row.get("name", "")) for row in _rows(answer, "models")]
    return next((name for name in names if name and not _embeds(name)), None)


def _embeds(name: str) -> bool:
    lowered = name.lower()
    return any(word in lowered for word in ("embed", "bge-", "minilm", "rerank", "whisper", "tts"))


def _rows(answer: Any, name: str) -> list[dict[str, Any]]:
    rows: Any = answer.get(name) if isinstance(answer, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []  # pyright: ignore[reportUnknownVariableType]


async def _get(url: str, seconds: float, headers: dict[str, str] | None = None) -> Any:
    """The JSON at the address; None when there is none in time."""
    import httpx

    try:
        async with httpx.AsyncClient(timeout=seconds, trust_env=False) as client:
            return (await client.get(url, headers=headers)).raise_for_status().json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None


def _config(names: Names, settings: ModelSettings, ollama: str) -> TierConfig:
    light, standard, strong = names
    return TierConfig(
        light=light,
        standard=standard,
        strong=strong,
        openai_base_url=settings.openai_base_url or "",
        critic=settings.model_critic or "",
        openai_api_key=settings.openai_api_key,
        anthropic_api_key=settings.anthropic_api_key,
        ollama_url=ollama,
        concurrency=settings.model_calls,
    )
