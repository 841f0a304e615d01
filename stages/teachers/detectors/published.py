"""torchvision's published Mask R-CNN from the user's file."""

from pathlib import Path

from stages.teachers.detectors import network
from stages.teachers.weights import open_file


def convert(key: str, file: str, sha256: str, out: Path) -> None:
    """Leaves the file that `key` names as a detector folder, with torchvision's image sizes and COCO's class names.

    Raises: FileNotFoundError, ValueError as `open_file` and `fit` do.
    """
    from torchvision.models.detection import MaskRCNN_ResNet50_FPN_V2_Weights

    given = open_file(key, file, sha256)
    net = network.build(network.PUBLISHED, {})
    read = given.fill(net, f"torchvision's {network.PUBLISHED}")
    classes = list(MaskRCNN_ResNet50_FPN_V2_Weights.COCO_V1.meta["categories"])
    facts = {"architecture": network.PUBLISHED, "arguments": {}, "classes": classes, "source": "file",
             "file": given.path.name, "file_sha256": given.sha256, "file_reading": read}  # fmt: skip
    network.save(out, net, facts)
