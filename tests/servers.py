"""Real servers for tests, each on a free port. A missing one is an error: tests never skip it."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path
from typing import Any


class NotInstalled(RuntimeError):
    """A server that the tests need is not on this machine."""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgres_programs() -> Path:
    """The folder of `initdb` and `pg_ctl`, of the newest version. Raises NotInstalled."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    other = shutil.which("initdb")
    if not found and not other:
        raise NotInstalled("PostgreSQL is not installed: apt-get install postgresql")
    return (found[-1] if found else Path(str(other))).parent


def _version(path: Path) -> float:
    return float(path.parts[-3])


class Postgres:
    """A PostgreSQL of its own. `database` gives the URL of a new one."""

    def __init__(self) -> None:
        self._programs = postgres_programs()
        self._user = "postgres" if os.geteuid() == 0 else None
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        if self._user:
            shutil.chown(self.folder, self._user, self._user)
        self._run("initdb", "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8")
        self.start()

    def start(self) -> None:
        """Start, or start again on the same port, and wait until it answers."""
        options = (
            f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 "
            "-c fsync=off -c max_connections=200"
        )
        log = str(self.folder / "log")
        self._run("pg_ctl", "start", "-w", "-s", "-l", log, "-o", options)

    def stop(self) -> None:
        """Stop at once, as a crash would."""
        self._run("pg_ctl", "stop", "-w", "-s", "-m", "immediate")

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self, template: str = "template1") -> str:
        """The URL of a new database, a copy of the template."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{name}"

    def sql(self, statement: str, name: str = "postgres") -> None:
        """Run statements in a database, as the owner of the server."""
        place = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", name)
        self._run("psql", "-q", "-v", "ON_ERROR_STOP=1", *place, "-c", statement)

    def _run(self, program: str, *args: str) -> None:
        where = [] if program == "psql" else ["-D", str(self.folder / "data")]
        as_user: dict[str, Any] = {"user": self._user, "group": self._user} if self._user else {}
        # pg_ctl's child inherits its output: a file, since a pipe would never end.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                [str(self._programs / program), *where, *args],
                stdout=said, stderr=said, stdin=subprocess.DEVNULL, cwd="/tmp", check=False,
                **as_user,
            )  # fmt: skip
            said.seek(0)
            if done.returncode:
                raise RuntimeError(f"{program}: {said.read().decode(errors='replace')}")


class Redis:
    """A Redis of its own, with nothing kept on disk."""

    def __init__(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise NotInstalled("Redis is not installed: apt-get install redis-server")
        self._program = program
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="redis-", dir="/tmp"))
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start, or start again on the same port, and wait until it answers."""
        args = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        self._process = subprocess.Popen(
            [self._program, *args, "--save", "", "--appendonly", "no"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        said: list[str] = []
        for line in self._process.stdout:
            if "Ready to accept connections" in line:
                return
            said.append(line)
        raise RuntimeError("redis-server: " + "".join(said))

    def stop(self) -> None:
        """Stop at once, as a crash would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
