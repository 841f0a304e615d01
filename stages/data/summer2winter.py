"""summer2winter: photos of Yosemite in summer and in winter."""

from stages.data.domains import read_domains
from stages.data.raw import RawFolder

LAYOUT = """
  {trainA,testA}/*.jpg (summer), {trainB,testB}/*.jpg (winter)
  (all of it may lie some folders deeper)"""
TITLE = "summer2winter"


def read_pictures(raw: RawFolder) -> dict[str, list[str]]:
    """{folder: paths of its pictures}. Raises: as read_domains."""
    return read_domains(raw, TITLE, LAYOUT)
