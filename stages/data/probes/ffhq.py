"""FFHQ, whose list of 250 MB is read by its head alone."""

import re

from stages.data.ffhq import FFHQ
from stages.data.image import decode_labels
from stages.data.probing import any_decodes
from stages.data.raw import RawFolder

HEAD_BYTES = 1 << 16
HEAD = re.compile(r'\s*\{\s*"\d+"\s*:\s*\{.*?"category"\s*:\s*"', re.DOTALL)


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no photo or no label map can be used."""
    reader = FFHQ.open(raw)
    with raw.path(reader.listed).open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if len(head) < HEAD_BYTES:
        reader.categories()
    elif not HEAD.match(head.decode("utf-8", "replace")):
        raise ValueError(
            f'{raw.root / reader.listed}: expected {{"0": {{"category": …}}, …}}, came {head[:40]!r}; fetch it anew'
        )
    images, strange = reader.image_names()
    if not images:
        raise ValueError(f"{raw.root / strange[0]}: expected images1024x1024/<thousand>/<5 digits>.png, came this name")
    any_decodes(raw, list(images.values()), "photos")
    any_decodes(raw, [reader.mask_place(index) for index in images], "label maps", decode_labels)
