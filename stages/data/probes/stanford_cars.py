"""Stanford Cars."""

from stages.data.probing import any_decodes
from stages.data.raw import RawFolder
from stages.data.stanford_cars import read_cars


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no training photo can be used."""
    cars = read_cars(raw)[1]
    any_decodes(raw, [car.name for car in cars if car.split == "train"], "training photos of the annotations")
