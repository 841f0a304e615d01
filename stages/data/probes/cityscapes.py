"""Cityscapes."""

from stages.data.cityscapes import SPLITS, read_frames
from stages.data.image import decode_labels
from stages.data.probing import any_decodes
from stages.data.raw import RawFolder


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no photo of a split, or no label file, can be used."""
    frames, _ = read_frames(raw)
    for split in SPLITS:
        held = [frame for frame in frames if frame.split == split]
        any_decodes(raw, [frame.photo for frame in held if frame.photo], f"photos of {split}")
        labels = [frame.labels for frame in held if frame.labels]
        if labels:
            any_decodes(raw, labels, f"label ids of {split}", decode_labels)
        else:
            any_decodes(raw, [frame.colours for frame in held if frame.colours], f"label ids or colours of {split}")
