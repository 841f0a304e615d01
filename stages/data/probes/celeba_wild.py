"""CelebA in the wild."""

from stages.data.celeba_wild import read_faces
from stages.data.probing import any_decodes
from stages.data.raw import RawFolder


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no photo of a list can be used."""
    faces = read_faces(raw)
    for split, names in faces.splits.items():
        any_decodes(raw, [faces.folder + name for name in names], f"photos of the list for {split}")
