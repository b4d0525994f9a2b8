"""The settings: the environment and `.env`, read once and passed on explicitly."""

import os
import secrets
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

TRACING = (
    "LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2",
    "LANGCHAIN_HANDLER",
)  # fmt: skip
"""With one of these in the environment, LangChain would send every prompt to a tracing service."""

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
DRIVERS = ("postgresql+asyncpg://", "sqlite://")


def untraced() -> None:
    """Take those out of this process: nobody who uses the product agreed to that.

    Call it before the graph is loaded, since LangChain remembers what it once read.
    """
    for name in TRACING:
        os.environ.pop(name, None)


class Settings(BaseSettings):
    """Every setting, with a safe default. The README lists them; a test compares the two."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True,
        env_ignore_empty=True,
    )  # fmt: skip

    data_dir: Path = Field(
        default=Path("data"), description="Where files and the SQLite database are kept"
    )
    database_url: str = Field(
        default="", description="SQLite in DATA_DIR, or postgresql+asyncpg://…"
    )
    redis_url: str = Field(
        default="",
        description="Slack's rate limits shared by several processes; empty: one process",
    )
    web_host: str = Field(default="127.0.0.1", description="Where the browser chat listens")
    web_port: int = Field(default=8765, ge=0, le=65535, description="0 takes a free port")
    public_url: str = Field(
        default="", description="The address under which Slack's HTTP mode and OAuth reach this bot"
    )
    secret_key: SecretStr | None = Field(default=None, description="Encrypts tokens at rest")

    mission_cap: Decimal = Field(
        default=Decimal("2.00"), gt=0, description="US dollars a mission may cost"
    )
    mission_tasks: int = Field(default=8, ge=1, le=64, description="Tasks of one mission at once")
    missions_at_once: int = Field(default=200, ge=1, description="Missions that advance at once")
    retention_days: int = Field(
        default=0, ge=0, description="Forget ended missions after so many days; 0: never"
    )
    log_level: str = Field(default="WARNING", description="DEBUG, INFO, WARNING or ERROR")

    model_light: str = Field(default="", description="provider:model for small tasks")
    model_standard: str = Field(default="", description="provider:model for most tasks")
    model_strong: str = Field(default="", description="provider:model for plans and the whole")
    model_critic: str = Field(
        default="", description="provider:model for critic and reviewer; empty: the tiers' own"
    )
    model_calls: int = Field(
        default=8, ge=1, le=1_000, description="Calls to one model provider at once"
    )
    openai_api_key: SecretStr | None = Field(default=None, description="For openai: models")
    openai_base_url: str = Field(default="", description="Any OpenAI-compatible endpoint")
    anthropic_api_key: SecretStr | None = Field(default=None, description="For anthropic: models")
    ollama_url: str = Field(
        default="http://127.0.0.1:11434", description="A local Ollama, used when there"
    )

    slack_bot_token: SecretStr | None = Field(default=None, description="xoxb-…")
    slack_app_token: SecretStr | None = Field(default=None, description="xapp-…, for Socket Mode")
    slack_signing_secret: SecretStr | None = Field(default=None, description="For HTTP mode")
    slack_client_id: str = Field(default="", description="For several workspaces (OAuth)")
    slack_client_secret: SecretStr | None = Field(
        default=None, description="For several workspaces (OAuth)"
    )
    slack_api_url: str = Field(
        default="https://slack.com/api/", description="Another base URL, for tests"
    )

    discord_token: SecretStr | None = Field(default=None, description="The bot's token")
    discord_api_base: str = Field(default="", description="Another base URL, for tests")
    discord_gateway_url: str = Field(default="", description="Another gateway, for tests")

    @field_validator("log_level")
    @classmethod
    def _level(cls, value: str) -> str:
        if value.upper() not in LEVELS:
            raise ValueError(f"say one of {', '.join(LEVELS)}")
        return value.upper()

    @field_validator("database_url")
    @classmethod
    def _driver(cls, value: str) -> str:
        if value and not value.startswith(DRIVERS):
            raise ValueError(f"it must begin with {' or '.join(DRIVERS)}; empty: DATA_DIR")
        return value

    @property
    def database(self) -> str:
        """The URL of the database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'concertmaster.db'}"

    def secrets(self) -> tuple[str, ...]:
        """Everything that must never be seen in a log."""
        values = [getattr(self, name) for name in type(self).model_fields]
        hidden = [v.get_secret_value() for v in values if isinstance(v, SecretStr)]
        urls = [unquote(urlsplit(u).password or "") for u in (self.database_url, self.redis_url)]
        return tuple(secret for secret in (*hidden, *urls) if secret)

    def key(self) -> str:
        """The secret key; made at the first start and kept in DATA_DIR, readable by its owner."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        path = self.data_dir / "secret.key"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(32), encoding="utf-8")
        return path.read_text(encoding="utf-8")
