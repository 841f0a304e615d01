"""What drawn sets say of their own pictures; users' sets have none of it, and no training reads it."""

import json

import numpy as np

from stages.data.image import decode_channel
from stages.data.raw import RawFolder

FOLDER = "demo_truth"
KINDS = "kinds.jsonl"


def map_name(picture: str) -> str:
    """Where the map of a picture lies: all in one folder, so that none of them looks like a set's own folder."""
    return f"{FOLDER}/maps/{picture.rsplit('.', 1)[0].replace('/', '__')}.png"


def read_kinds(raw: RawFolder) -> dict[str, str]:
    """{picture: what kind of scene it shows}; empty for a user's set. Raises: ValueError naming file and line."""
    place = f"{FOLDER}/{KINDS}"
    if not raw.exists(place):
        return {}
    kinds = {}
    for number, line in enumerate(raw.text(place).splitlines(), 1):
        try:
            row = json.loads(line)
            kinds[row["picture"]] = row["kind"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{raw.root / place}, line {number}: expected JSON with picture and kind, came {line!r}"
            ) from error
    return kinds


def read_map(raw: RawFolder, picture: str) -> np.ndarray | None:
    """What is where in a drawn picture. Shapes: -> uint8 [H W]. Raises: ImageError."""
    place = map_name(picture)
    return decode_channel(raw.read(place)) if raw.exists(place) else None
