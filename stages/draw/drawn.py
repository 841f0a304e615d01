"""What a figure's module hands back."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Drawn:
    """A finished figure, the profile it shows, and its caption."""

    figure: Any
    profile: str
    caption: str
