"""What can go wrong with a file, each in one sentence for a person.

    DocumentError
    ├── WorkError            the helper process, not the file
    │   ├── WorkTimeout      took too long and was stopped
    │   ├── WorkMemory       needed more memory than allowed
    │   └── WorkFailed       broke off; `detail` says why, for the log
    ├── Unsupported          a kind of file that is not read here
    ├── Corrupt              damaged, cut off or empty
    ├── TooLarge             over a named limit
    ├── Bomb                 unpacks to far more than it should
    ├── Protected            needs a password
    └── ExporterMissing      a converter that is not installed

`str(error)` is shown to people as it is: what happened and what to do.
"""


class DocumentError(Exception):
    """A file could not be handled. `detail` (for logs only) may say more."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class WorkError(DocumentError):
    """The helper process gave no result."""


class WorkTimeout(WorkError):
    """The work took too long and was stopped."""


class WorkMemory(WorkError):
    """The work needed more memory than it may have."""


class WorkFailed(WorkError):
    """The work broke off."""


class Unsupported(DocumentError):
    """A kind of file that is not read or written here."""


class Corrupt(DocumentError):
    """The file is damaged, cut off or empty."""


class TooLarge(DocumentError):
    """The file is over a limit."""


class Bomb(DocumentError):
    """The file unpacks to far more than an honest one would."""


class Protected(DocumentError):
    """The file is locked with a password."""


class ExporterMissing(DocumentError):
    """The converter for this format is not installed."""


def lineage(error: DocumentError) -> list[str]:
    """Give the names of the error's classes, nearest first, to send over a pipe."""
    return [kind.__name__ for kind in type(error).__mro__ if issubclass(kind, DocumentError)]


def revive(names: list[str], message: str, detail: str) -> DocumentError:
    """Give the error that `lineage` named, as the nearest class known in this process."""
    known = _tree(DocumentError)
    kind = next((known[name] for name in names if name in known), WorkFailed)
    return kind(message, detail=detail)


def _tree(kind: type[DocumentError]) -> dict[str, type[DocumentError]]:
    found = {kind.__name__: kind}
    for child in kind.__subclasses__():
        found |= _tree(child)
    return found
