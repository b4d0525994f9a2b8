"""`python -m bot` as a person or a script runs it: a real process in a folder of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pexpect
import pyte

ROOT = Path(__file__).parents[2]
NOBODY = "http://127.0.0.1:9"
"""An address at which nothing listens."""
GOAL = "From the attached export, which region sold most units? Show a table."
CSV = """region,product,units,revenue
North,Apple,10,100
South,Apple,20,210
North,Pear,5,75
West,Plum,7,91
South,Pear,9,130
"""
"""South sold 29 units."""


class Done(NamedTuple):
    """What a process left: its exit code, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """stdout as JSON lines: anything else there is an error."""
        return [json.loads(line) for line in self.out.splitlines()]


class Shell:
    """Runs commands in `folder`, with nothing of this machine's own configuration."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.env = {
            "PATH": os.environ.get("PATH", ""), "HOME": str(folder), "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(self.data), "OLLAMA_URL": NOBODY, "LANG": "C.UTF-8", **env,
        }  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "sales.csv").write_text(CSV)

    def __call__(self, *args: str, **env: str) -> Done:
        """Run to the end, with nobody at the terminal."""
        done = subprocess.run(
            [sys.executable, "-m", "bot", *args], cwd=self.folder, env=self.env | env, text=True,
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *args: str, **env: str) -> "subprocess.Popen[str]":
        """A process that runs on."""
        return subprocess.Popen(
            [sys.executable, "-m", "bot", *args], cwd=self.folder, env=self.env | env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def mission(self, *more: str, **env: str) -> Done:
        """The usual mission, offline."""
        return self("run", GOAL, "-f", "sales.csv", "--offline", *more, **env)

    def approved(self) -> str:
        """A mission that was approved; gives its id."""
        done = self.mission("--approve", "all", "--json")
        assert done.code == 0, done.err
        return done.lines[-1]["mission"]

    def waiting(self) -> str:
        """A mission whose plan waits for a decision; gives its id."""
        done = self.mission("--json")
        assert done.code == 3, done.err
        return done.lines[-1]["mission"]

    def listed(self) -> dict[str, str]:
        """The status of every mission."""
        return {m["id"]: m["status"] for m in self("list", "--json").lines}

    def traces(self, *words: str) -> list[str]:
        """The files under DATA_DIR in which any of the words stands."""
        return [
            str(path.relative_to(self.data))
            for path in sorted(self.data.rglob("*"))
            if path.is_file() and any(word.encode() in path.read_bytes() for word in words)
        ]


class Screen:
    """A terminal of 80 columns with a process in it; `shows` is what a person sees."""

    def __init__(self, shell: Shell, *args: str) -> None:
        self._screen = pyte.Screen(80, 100)
        self._stream = pyte.ByteStream(self._screen)
        self.child: Any = pexpect.spawn(
            sys.executable, ["-m", "bot", *args], cwd=str(shell.folder), timeout=60,
            env=shell.env | {"TERM": "xterm-256color"}, dimensions=(100, 80),
        )  # fmt: skip
        self.child.delaybeforesend = None
        self.child.logfile_read = self

    def write(self, data: bytes) -> None:
        self._stream.feed(data)

    def flush(self) -> None:
        pass

    @property
    def shows(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    def until(self, text: str) -> None:
        """Wait until the process has written this."""
        self.child.expect_exact(text)

    def type(self, text: str) -> None:
        self.child.sendline(text)

    def end(self) -> int:
        """Wait for the end; gives the exit code."""
        self.child.expect(pexpect.EOF)
        self.child.close()
        return int(self.child.exitstatus)
