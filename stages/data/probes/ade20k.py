"""ADE20K."""

from stages.data.ade20k import read_photos
from stages.data.image import decode_labels
from stages.data.probing import any_decodes
from stages.data.raw import RawFolder


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no photo, or no label map, of a split can be used."""
    photos, _ = read_photos(raw)
    for split in ("train", "val"):
        held = [photo for photo in photos if photo.split == split]
        any_decodes(raw, [photo.photo for photo in held if photo.photo], f"photos of {split}")
        any_decodes(raw, [photo.labels for photo in held if photo.labels], f"label maps of {split}", decode_labels)
