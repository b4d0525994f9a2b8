"""Another program that holds a SQLite file: `python -m tests.core.holder FILE`.

Says `held` once it has the lock and lets go when its input ends.
"""

import sqlite3
import sys


def main(path: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    print("held", flush=True)
    sys.stdin.read()
    connection.execute("ROLLBACK")


if __name__ == "__main__":
    main(sys.argv[1])
