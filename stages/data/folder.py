"""A folder of one's own photos: any tree of pictures, with nothing beside them."""

from stages.data import layout
from stages.data.raw import RawFolder

LAYOUT = """
  any tree of folders with .jpg, .jpeg, .png or .webp photos; nothing else is needed, and other files are left out"""
TITLE = "photos of one's own"


def read_photos(raw: RawFolder) -> list[str]:
    """The paths of all pictures, sorted. Raises: NotLaidOut where there is none."""
    found = [name for name in raw.files() if layout.is_picture(name)]
    if not found:
        raise layout.NotLaidOut(raw, TITLE, LAYOUT, f"no picture{layout.others(raw)}")
    return found
