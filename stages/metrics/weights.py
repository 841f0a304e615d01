"""Metric networks whose weights the user supplies: Inception of torch-fidelity, AlexNet of lpips. Nothing is unpickled blindly."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from stages.metrics.perceptual import Perceptor


def read_state(path: Path, sha256: str) -> dict[str, Tensor]:
    """Read a user's weight file: safetensors, or a torch file by torch's restricted reader, which runs no code.

    Raises: FileNotFoundError where it is missing; ValueError where its digest is another or it holds more than tensors.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected metric weights at {path}: put the file there and its sha256 into params.yaml")
    payload = path.read_bytes()
    found = hashlib.sha256(payload).hexdigest()
    if found != sha256:
        raise ValueError(f"{path.name}: expected sha256 {sha256}, found {found}: another file, or params.yaml names another")
    if path.suffix == ".safetensors":
        from safetensors.torch import load

        return load(payload)
    try:
        state = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises several kinds here; each means that the file is no plain state
        raise ValueError(f"{path.name}: expected a plain state of tensors, torch's restricted reader refuses it: {error}") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"{path.name}: expected names and tensors, got {type(state).__name__} with other things inside")
    return state


def state_to_inception(state: dict[str, Tensor]) -> Callable[[Tensor], Tensor]:
    """torch-fidelity's InceptionV3 (the ported TensorFlow network) as images in [−1, 1] → [N, 2048].

    It takes 8-bit images and resizes them itself to 299 px as TensorFlow 1 did.
    """
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    buffer = io.BytesIO()  # the class reads with the unrestricted reader: it gets bytes that we wrote ourselves
    torch.save(state, buffer)
    buffer.seek(0)
    network = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], feature_extractor_weights_path=buffer)

    def encode(images: Tensor) -> Tensor:
        return network(((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8))[0]

    return encode


def state_to_lpips(state: dict[str, Tensor]) -> Perceptor:
    """LPIPS v0.1 over a user's torchvision AlexNet (keys features.0.weight …) with the linear heads inside the lpips package.

    Raises: ValueError where the AlexNet layers are not all there.
    """
    import lpips

    model = lpips.LPIPS(net="alex", version="0.1", pnet_rand=True, verbose=False)
    for name, parameter in model.net.named_parameters():  # slice3.6.weight is torchvision's features.6.weight
        source = "features." + name.split(".", 1)[1]
        if source not in state or state[source].shape != parameter.shape:
            raise ValueError(f"AlexNet weights: expected {source} of shape {tuple(parameter.shape)}, got {tuple(state[source].shape) if source in state else 'none'}")
        parameter.data.copy_(state[source].float())
    heads = tuple(head.model[-1].weight.detach().reshape(-1) for head in model.lins)
    return Perceptor(lambda images: model.net(model.scaling_layer(images)), heads)
