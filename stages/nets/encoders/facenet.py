"""InceptionResnetV1 of facenet-pytorch, imported only where it is asked for."""

from torch import Tensor, nn


class FaceNet(nn.Module):
    """facenet-pytorch's InceptionResnetV1 as an identity encoder; its weights come from the user's file.

    Source: design §6; Schroff et al. 2015. The package's import brings torchvision with it: only real-weight runs pay.
    Shapes: [B 3 160 160] -> [B 512], L2 norm 1.
    Raises: ModuleNotFoundError if facenet-pytorch is not installed.
    """

    def __init__(self):
        super().__init__()
        try:
            from facenet_pytorch import InceptionResnetV1
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "the encoder inception_resnet_v1 needs the package facenet-pytorch, which envs/core.lock installs"
            ) from error
        self.net = InceptionResnetV1(pretrained=None, classify=False)

    def embed(self, x: Tensor) -> Tensor:
        return self.net(x)
