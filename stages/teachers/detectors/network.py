"""torchvision's Mask R-CNN: the demo's narrow form, and the published one that a user's weight file fits."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.data.files import read_json, write_json
from stages.data.image import resize
from stages.teachers.detectors.alike import run_alike

if TYPE_CHECKING:
    from torchvision.models.detection import MaskRCNN
    from torchvision.models.detection.transform import GeneralizedRCNNTransform

PUBLISHED = "maskrcnn_resnet50_fpn_v2"
NARROW = "narrow"


def layer(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, batch norm (not frozen: it is taught from scratch), ReLU."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class NarrowBackbone(nn.Module):
    """Three levels of a small feature pyramid, each C wide.

    Shapes: [B 3 H W] -> {"0": [B C H/4 W/4], "1": [B C H/8 W/8], "2": [B C H/16 W/16]}.
    """

    def __init__(self, width: int):
        super().__init__()
        half = width // 2
        self.out_channels = width
        self.stem = nn.Sequential(layer(3, half, 2), layer(half, width, 2))
        self.downs = nn.ModuleList([layer(width, width), nn.Sequential(layer(width, width, 2), layer(width, width)),
                                    nn.Sequential(layer(width, width, 2), layer(width, width))])  # fmt: skip
        self.ups = nn.ModuleList(layer(width, width) for _ in range(3))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        x, levels = self.stem(x), []
        for down in self.downs:
            x = down(x)
            levels.append(x)
        for place in (1, 0):
            above = F.interpolate(levels[place + 1], size=levels[place].shape[2:], mode="nearest")
            levels[place] = levels[place] + above
        return {str(place): up(level) for place, (up, level) in enumerate(zip(self.ups, levels, strict=True))}


def build_narrow(
    classes: int, width: int, anchors_px: Sequence[int], proposals: int, side_px: Sequence[int]
) -> "MaskRCNN":
    """A Mask R-CNN whose backbone and heads are `width` wide, with one anchor size per level and three shapes."""
    from torchvision.models.detection import MaskRCNN
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.faster_rcnn import FastRCNNConvFCHead, FastRCNNPredictor
    from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor

    anchors = AnchorGenerator(tuple((size,) for size in anchors_px), ((0.5, 1.0, 2.0),) * len(anchors_px))
    return MaskRCNN(
        NarrowBackbone(width), min_size=side_px[0], max_size=side_px[1],
        rpn_anchor_generator=anchors,
        rpn_pre_nms_top_n_train=4 * proposals, rpn_pre_nms_top_n_test=4 * proposals,
        rpn_post_nms_top_n_train=proposals, rpn_post_nms_top_n_test=proposals,
        box_nms_thresh=0.3,  # drawn objects seldom overlap more
        box_head=FastRCNNConvFCHead((width, 7, 7), [width, width], [4 * width], nn.BatchNorm2d),
        box_predictor=FastRCNNPredictor(4 * width, classes),
        mask_head=MaskRCNNHeads(width, (width, width), 1), mask_predictor=MaskRCNNPredictor(width, width, classes),
        box_batch_size_per_image=16, rpn_batch_size_per_image=64,
    )  # fmt: skip


def build(architecture: str, arguments: dict[str, Any]) -> "MaskRCNN":
    """The named network without weights. Raises: ValueError for another name."""
    if architecture == NARROW:
        return build_narrow(**arguments)
    if architecture == PUBLISHED:
        from torchvision.models.detection import maskrcnn_resnet50_fpn_v2

        return maskrcnn_resnet50_fpn_v2(weights=None, weights_backbone=None, **arguments)
    raise ValueError(f"a detector is {NARROW} or {PUBLISHED}, found {architecture!r}")


def shrink(image: np.ndarray, side_px: Sequence[int]) -> np.ndarray:
    """Antialiased resize to the shorter side side_px[0], or less where the longer side would pass side_px[1].

    Shapes: uint8 [H W 3] -> uint8 [H' W' 3].
    """
    return resize(image, *_shrunk(image, side_px))


def _shrunk(image: np.ndarray, side_px: Sequence[int]) -> tuple[int, int]:
    height, width = image.shape[:2]
    scale = min(side_px[0] / min(height, width), side_px[1] / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def input_size(net: "MaskRCNN", image: np.ndarray) -> tuple[int, int]:
    """The height and width in which an image goes into the network."""
    return _shrunk(image, _side_px(net))


def _side_px(net: "MaskRCNN") -> tuple[int, int]:
    transform = cast("GeneralizedRCNNTransform", net.transform)
    return cast("tuple[int, ...]", transform.min_size)[0], transform.max_size


def to_input(image: np.ndarray) -> Tensor:
    """Shapes: uint8 [H W 3] -> float32 [3 H W] in [0, 1], as torchvision's detectors expect."""
    return torch.from_numpy(image.transpose(2, 0, 1).copy()).float() / 255


def detect(net: "MaskRCNN", images: Sequence[np.ndarray]) -> list[dict[str, Tensor]]:
    """boxes [n 4], labels [n], scores [n], masks [n 1 H W] of each image, in the image's own pixels, best score first.

    The images are shrunk antialiased before torchvision's own (then idle) resize; results are scaled back from there.
    """
    sizes = [input_size(net, image) for image in images]
    return run_alike(images, sizes, len(images), lambda alike: _detect(net, alike))


@torch.no_grad()
def _detect(net: "MaskRCNN", images: Sequence[np.ndarray]) -> list[dict[str, Tensor]]:
    transform, device = cast("GeneralizedRCNNTransform", net.transform), next(net.parameters()).device
    small, _ = transform([to_input(shrink(image, _side_px(net))).to(device) for image in images])
    features = net.backbone(small.tensors)
    proposals, _ = net.rpn(small, features)
    found, _ = net.roi_heads(features, proposals, small.image_sizes)
    return transform.postprocess(found, small.image_sizes, [image.shape[:2] for image in images])


def save(folder: Path, net: nn.Module, facts: dict[str, Any]) -> None:
    """Writes detector.json and weights.safetensors; `facts` name architecture, arguments and classes."""
    from safetensors.torch import save as to_bytes

    state = {name: value.detach().cpu().contiguous().clone() for name, value in sorted(net.state_dict().items())}
    # Not save_file, which makes a file that only its owner may read.
    (folder / "weights.safetensors").write_bytes(to_bytes(state))
    write_json(folder / "detector.json", facts)


def load(folder: Path) -> tuple["MaskRCNN", dict[str, Any]]:
    """The network in evaluation mode and its facts.

    Raises: FileNotFoundError where the folder is no detector; ValueError where the weights do not fit.
    """
    from safetensors.torch import load_file

    for name in ("detector.json", "weights.safetensors"):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder} has no {name}; a detector has detector.json and weights.safetensors")
    facts = read_json(folder / "detector.json")
    net = build(facts["architecture"], facts["arguments"])
    try:
        net.load_state_dict(load_file(folder / "weights.safetensors"))
    except RuntimeError as error:
        raise ValueError(f"{folder}: the weights do not fit {facts['architecture']}: {error}") from error
    return net.eval().requires_grad_(False), facts
