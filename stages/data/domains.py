"""Two sets of pictures without pairs, in the four folders that CycleGAN's and CUT's data have."""

from stages.data import layout
from stages.data.raw import RawFolder
from stages.data.truth import FOLDER

FOLDERS = ("trainA", "trainB", "testA", "testB")
TEACHING = ("teachA", "teachB")


def read_domains(raw: RawFolder, title: str, folders: str) -> dict[str, list[str]]:
    """{folder: paths of its pictures, sorted}, those for teaching of a drawn set among them; other files are left out.

    Raises: as layout.find_base.
    """
    base = layout.find_base(raw, title, folders, *(f"{folder}/*" for folder in FOLDERS))
    places = {folder: f"{base}{folder}/" for folder in FOLDERS}
    places |= {folder: f"{FOLDER}/{folder}/" for folder in TEACHING}
    return {
        folder: [name for name in raw.files(place) if "/" not in name[len(place) :] and layout.is_picture(name)]
        for folder, place in places.items()
    }
