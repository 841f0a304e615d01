"""horse2zebra: photos of horses and of zebras."""

from stages.data.domains import read_domains
from stages.data.raw import RawFolder

LAYOUT = """
  {trainA,testA}/*.jpg (horses), {trainB,testB}/*.jpg (zebras)
  (all of it may lie some folders deeper)"""
TITLE = "horse2zebra"


def read_pictures(raw: RawFolder) -> dict[str, list[str]]:
    """{folder: paths of its pictures}. Raises: as read_domains."""
    return read_domains(raw, TITLE, LAYOUT)
