"""`make try` from a clean copy: what a newcomer types first."""

import os
import re
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project as git would hand it to a newcomer: no venv, no data, nothing left over."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        source, target = ROOT / name, tmp_path / "concertmaster" / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return tmp_path / "concertmaster"


@pytest.fixture
def trying(copy: Path) -> Iterator[subprocess.Popen[str]]:
    """`make try`, with nothing of this environment but the way to Python and the registry."""
    kept = {
        k: v
        for k, v in os.environ.items()
        if k.startswith(("PATH", "HOME", "PIP", "UV", "SSL", "LANG"))
    }
    process = subprocess.Popen(
        ["make", "-s", "try"], cwd=copy, env={**kept, "WEB_PORT": "0", "OLLAMA_URL": "http://127.0.0.1:9"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    yield process
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_make_try_opens_a_chat_that_takes_a_mission(trying: subprocess.Popen[str]) -> None:
    """From nothing but Python and make to a page that answers, with the offline model."""
    assert trying.stdout is not None
    said: list[str] = []
    for line in trying.stdout:
        said.append(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", line):
            opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
            page = opener.open(found[0], timeout=20).read().decode()
            assert "What should we get done?" in page
            return
    pytest.fail("".join(said[-30:]))
