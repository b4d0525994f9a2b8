"""Which models stand behind the tiers, and how each is made. Nothing is read from the environment
for providers that have a setting of their own.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.domain.base import Frozen
from bot.domain.plan import Tier
from graphs.models.brain import Brain
from graphs.models.failures import Failure, Kind

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

OPENAI = "https://api.openai.com/v1"
ANTHROPIC = "https://api.anthropic.com"
OLLAMA = "http://127.0.0.1:11434"

MAX_OUTPUT = 16_000
OLLAMA_CONTEXT = 16_384
"""Ollama cuts a longer question off without a word; its own default is 4096 tokens."""


class TierConfig(Frozen):
    """Each tier as `provider:model`. `deadline` is seconds for one question to one model.

    `critic` is a model of its own for those who judge; empty: the tiers judge too.
    """

    light: str
    standard: str
    strong: str
    critic: str = ""
    openai_base_url: str = ""
    openai_api_key: SecretStr | None = None
    anthropic_base_url: str = ""
    anthropic_api_key: SecretStr | None = None
    ollama_url: str = OLLAMA
    deadline: float = 120.0
    concurrency: int = 8

    def brains(self) -> dict[Tier, Brain]:
        """One Brain for each tier; tiers with the same model share it."""
        names = {tier: _full(getattr(self, tier.value)) for tier in Tier}
        made = {name: self._brain(name) for name in set(names.values())}
        return {tier: made[name] for tier, name in names.items()}

    def judge(self) -> Brain | None:
        """The critic's and reviewer's own model, when one is named."""
        return self._brain(_full(self.critic)) if self.critic else None

    def _brain(self, name: str) -> Brain:
        provider, _, model = name.partition(":")
        url = self._url(provider)
        free = provider == "ollama" and _loopback(url) and not model.endswith("cloud")
        return Brain(name, partial(_make, name, self), base_url=url, free=free)

    def _url(self, provider: str) -> str:
        match provider:
            case "openai":
                return self.openai_base_url or OPENAI
            case "anthropic":
                return self.anthropic_base_url or ANTHROPIC
            case "ollama":
                return self.ollama_url
            case _:
                return ""


def _full(name: str) -> str:
    """A bare model name is OpenAI's, or one of an OpenAI-compatible endpoint."""
    return name if ":" in name else f"openai:{name}"


def _loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _make(name: str, config: TierConfig) -> BaseChatModel:
    """The LangChain model. Its own retries are off: ours decide."""
    from langchain.chat_models import init_chat_model  # pyright: ignore[reportUnknownVariableType]

    options = _options(name.partition(":")[0], config)
    return cast("BaseChatModel", init_chat_model(name, **options))


def _options(provider: str, config: TierConfig) -> dict[str, Any]:
    match provider:
        case "openai":
            return _openai(config)
        case "anthropic":
            key = _key(config.anthropic_api_key, config.anthropic_base_url)
            url = config.anthropic_base_url or ANTHROPIC
            return _common(config) | {"base_url": url, "api_key": key}
        case "ollama":
            limits = {"num_ctx": OLLAMA_CONTEXT, "num_predict": MAX_OUTPUT // 4}
            kwargs = {"timeout": config.deadline}
            return {"base_url": config.ollama_url, "client_kwargs": kwargs, **limits}
        case _:
            return _common(config)


def _openai(config: TierConfig) -> dict[str, Any]:
    """Endpoints other than OpenAI's own speak chat completions only.

    The HTTP client is ours: LangChain's is shared in the process and outlives its event loop.
    """
    from openai import DefaultAsyncHttpxClient

    own = config.openai_base_url
    return _common(config) | {
        "base_url": own or OPENAI,
        "api_key": _key(config.openai_api_key, own),
        "http_async_client": DefaultAsyncHttpxClient(timeout=config.deadline),
        "use_responses_api": False if own else None,
    }


def _common(config: TierConfig) -> dict[str, Any]:
    return {"max_retries": 0, "timeout": config.deadline, "max_tokens": MAX_OUTPUT}


def _key(key: SecretStr | None, base_url: str) -> SecretStr:
    """The key, or a placeholder where an endpoint of one's own may need none."""
    if key is not None and key.get_secret_value():
        return key
    if base_url:
        return SecretStr("none")
    raise Failure(Kind.setup)
