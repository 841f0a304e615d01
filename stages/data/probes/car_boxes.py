"""Stanford Cars, whole photos, with what lies beside its layout left out."""

from stages.data.boxed import BESIDE
from stages.data.probes.stanford_cars import probe as probe_cars
from stages.data.raw import RawFolder


def probe(raw: RawFolder) -> None:
    """Raises: as the probe of Stanford Cars."""
    probe_cars(raw.without(*BESIDE))
