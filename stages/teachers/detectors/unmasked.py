"""The keys of a detection in a set that takes no masks of the user's own."""

from pydantic import field_validator

from stages.teachers.detectors import found


class Block(found.Block):
    """As `found.Block`."""

    @field_validator("source")
    @classmethod
    def has_masks(cls, source: str) -> str:
        """Refuses what would detect for hours what `prepare` drops: it looks for classes, which such masks lack."""
        if source == "masks":
            raise ValueError("this set takes no masks of one's own; expected detectron2, torchvision or precomputed")
        return source
