"""Tiny raw sets of GANSeg's four layouts, written independently of stages/draw."""

from pathlib import Path

import numpy as np

from tests.parts.raw_fixtures import encode, flat, jpeg, put

POINT_NAMES = (
    "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y"
)


def wild_faces(root: Path, photos: dict[str, tuple], lists: dict[str, list[str]], anno: str = "") -> Path:
    """photos: name -> (width, height, box, ten landmark values)."""
    rows = sorted(photos.items())
    for name, (width, height, _, _) in rows:
        put(root / "img_celeba" / name, jpeg(flat(height, width, (width % 256, height % 256, 90))))
    lines = [f"{name} {' '.join(str(value) for value in photo[2])}" for name, photo in rows]
    put(root / anno / "list_bbox_celeba.txt", "\n".join([str(len(rows)), "image_id x_1 y_1 width height", *lines]))
    lines = [f"{name}  {'  '.join(str(value) for value in photo[3])}" for name, photo in rows]
    put(root / anno / "list_landmarks_celeba.txt", "\n".join([str(len(rows)), POINT_NAMES, *lines]) + "\n")
    for file in ("celebA_training", "training", "testing"):
        put(root / "MAFL" / f"{file}.txt", "".join(f"{name}\n" for name in lists[file]))
    return root


def masked_birds(root: Path, codes: dict[str, str], size=(20, 30)) -> Path:
    """codes: <class>/<file>.jpg -> 0, 1 or 2; the left half of each photo is the bird."""
    names = sorted(codes)
    put(root / "images.txt", "".join(f"{i} {name}\n" for i, name in enumerate(names, 1)))
    put(root / "train_val_test_split.txt", "".join(f"{i} {codes[name]}\n" for i, name in enumerate(names, 1)))
    mask = np.zeros(size, np.uint8)
    mask[:, : size[1] // 2] = 255
    for name in names:
        put(root / "images" / name, jpeg(flat(*size)))
        put(root / "segmentations" / name.replace(".jpg", ".png"), encode(mask, "PNG"))
    return root


def flowers(root: Path, ids: dict[str, list[int]], size=(40, 40)) -> Path:
    """ids: trnid, valid, tstid; the flower is the middle of each photo."""
    from scipy.io import savemat

    image = flat(*size, (20, 120, 30))
    image[10:30, 10:30] = (250, 240, 60)
    colours = flat(*size, (0, 0, 254))
    colours[10:30, 10:30] = (250, 235, 60)
    for number in (value for values in ids.values() for value in values):
        put(root / f"jpg/image_{number:05d}.jpg", jpeg(image))
        put(root / f"segmim/segmim_{number:05d}.jpg", encode(colours, "JPEG", quality=100, subsampling=0))
    savemat(root / "setid.mat", {key: np.array([values]) for key, values in ids.items()})
    return root


def taichi(root: Path, frames: list[str], train: dict[str, np.ndarray], test: dict[str, np.ndarray]) -> Path:
    """frames: <video>/<frame>.png; train, test: file name -> joints [18 2] (x, y), -1 where missing."""
    for name in frames:
        put(root / "train" / name, encode(flat(32, 32), "PNG"))
    (root / "landmark").mkdir(parents=True, exist_ok=True)
    for split, joints in (("train", train), ("test", test)):
        for name in joints:
            put(root / f"eval_images/taichi-256/{split}/{name}", encode(flat(32, 32, (9, 90, 200)), "PNG"))
        names = list(joints)
        value = np.stack([joints[name] for name in names]).astype(np.float32)
        np.savez(root / f"landmark/taichi_{split}_gt.npz", file_name=np.array(names), value=value)
    mask = np.zeros((32, 32), np.uint8)
    mask[8:24, 12:20] = 255
    for name in test:
        put(root / f"taichi-test-masks/{name}", encode(mask, "PNG"))
    return root
