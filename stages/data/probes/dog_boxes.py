"""Stanford Dogs."""

from stages.data.boxed import box_of, read_dogs
from stages.data.probing import any_decodes, spread
from stages.data.raw import RawFolder


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no training photo, or no annotation, can be used."""
    dogs = read_dogs(raw)[1]
    any_decodes(raw, [dog.photo for dog in dogs if dog.split == "train"], "training photos of train_list.mat")
    if not any(box_of(raw, dog) for dog in spread(dogs)):
        raise ValueError(
            f"{raw.root}: expected an annotation with a box beside each photo, in Annotation/, came none; restore it"
        )
