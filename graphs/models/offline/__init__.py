"""The built-in model: rules that do real work on real input, with no AI and no network."""

from graphs.models.offline.model import LABEL, OfflineModel

__all__ = ["LABEL", "OfflineModel"]
