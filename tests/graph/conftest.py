"""The graph is tested through the whole bot: the same studio as on the tour."""

from tests.tour.conftest import open_studio

__all__ = ["open_studio"]
