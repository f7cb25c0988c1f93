"""A site of which only the timezone matters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ParisSite:
    """Stands for a session where dates are worked out."""

    version = 2025100606.0
    timezone = "Europe/Paris"
    extra: Mapping[str, Any] = {}
