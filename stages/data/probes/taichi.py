"""Taichi."""

from stages.data.image import decode_channel
from stages.data.probing import any_decodes
from stages.data.raw import RawFolder
from stages.data.taichi import FOLDERS, find_base, find_frames, find_masks, read_joints, train_frames


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no frame of a part, or no mask of a test frame, can be used."""
    base = find_base(raw)
    any_decodes(raw, [f"{base}train/{name}" for name in train_frames(raw, base)], "frames to train on")
    joints = {split: read_joints(raw, base, split) for split in FOLDERS}
    for split in FOLDERS:
        frames = find_frames(raw, base, split)
        any_decodes(raw, [frames + name for name in joints[split]], f"frames with joints ({split})")
    masks = find_masks(raw, base)
    any_decodes(raw, [masks + name for name in joints["test"]], "masks of test frames", decode_channel)
