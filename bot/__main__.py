"""`python -m bot` and the console script `concertmaster`."""

import os
import signal


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGINT, _leave)
    from bot.cli import app

    app()


def _leave(*_: object) -> None:
    """While the command line is loaded nothing is begun."""
    os._exit(130)


if __name__ == "__main__":
    main()
