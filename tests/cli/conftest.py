"""A shell in a folder of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.models.openai_server import OpenAIServer

CANARY = "sk-canary-do-not-leak-4711"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "shell")


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    """A model server; its key is the canary."""
    with OpenAIServer(key=CANARY) as made:
        yield made


@pytest.fixture
def online(tmp_path: Path, server: OpenAIServer) -> Shell:
    """A shell whose models are the server's."""
    return Shell(
        tmp_path / "online", OPENAI_BASE_URL=server.url, OPENAI_API_KEY=CANARY,
        MODEL_STANDARD="openai:house-model",
    )  # fmt: skip


@pytest.fixture(scope="session")
def done_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A DATA_DIR with one approved mission, and the mission's id: to copy."""
    shell = Shell(tmp_path_factory.mktemp("once"))
    return shell.data, shell.approved()


@pytest.fixture
def approved(shell: Shell, done_once: tuple[Path, str]) -> str:
    """The id of a mission that was approved in this shell."""
    data, mission = done_once
    shutil.copytree(data, shell.data)
    return mission
