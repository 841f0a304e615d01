"""Tiny raw datasets in the real layouts, written independently of stages/draw."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from stages.runner import params

ROOT = Path(__file__).resolve().parents[2]


def jpeg(image: np.ndarray, **options) -> bytes:
    return encode(image, "JPEG", quality=95, **options)


def encode(image: np.ndarray, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, kind, **options)
    return stream.getvalue()


def flat(height: int, width: int, colour=(200, 30, 30)) -> np.ndarray:
    return np.broadcast_to(np.array(colour, np.uint8), (height, width, 3)).copy()


def put(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rectangle(height: int, width: int, x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    """A bool mask with inclusive limits, set pixel by pixel."""
    mask = np.zeros((height, width), bool)
    for y in range(y1, y2 + 1):
        for x in range(x1, x2 + 1):
            mask[y, x] = True
    return mask


def block_of(module, group: str, **changes):
    """The module's Block from the base layer of a group, with changes."""
    values = params.load(ROOT)[group]["base"]
    assert not set(changes) - set(values)
    return module.Block.model_validate_json(json.dumps(values | changes))


def faces(root: Path, count: int, lists: bool = True) -> Path:
    """CelebAMask-HQ with `count` faces of 64 px and masks of 32 px: skin, nose, ear ring, cloth."""
    base = root / "CelebAMask-HQ"
    for i in range(count):
        put(base / f"CelebA-HQ-img/{i}.jpg", jpeg(flat(64, 64, (i * 9 % 256, 80, 120))))
        parts = {"skin": (8, 8, 23, 23), "nose": (14, 14, 17, 17), "ear_r": (4, 20, 5, 24), "cloth": (0, 26, 31, 31)}
        for part, corners in parts.items():
            mask = rectangle(32, 32, *corners).astype(np.uint8) * 255
            put(base / f"CelebAMask-HQ-mask-anno/{i // 2000}/{i:05d}_{part}.png", encode(mask, "PNG"))
    if lists:
        rows = "".join(f"{i:>8}  {7 * i}   {7 * i + 1:06d}.jpg\n" for i in range(count))
        put(base / "CelebA-HQ-to-CelebA-mapping.txt", "idx     orig_idx    orig_file\n" + rows)
        put(root / "list_eval_partition.txt", "".join(f"{n:06d}.jpg {(n // 7) % 3}\n" for n in range(1, 7 * count + 1)))
        put(root / "identity_CelebA.txt", "".join(f"{n:06d}.jpg  {100 + n // 14}\n" for n in range(1, 7 * count + 1)))
    return root


def struct(fields: dict[str, list]) -> np.ndarray:
    """A 1 x n MATLAB struct array whose values are nested 1 x 1 arrays."""
    count = len(next(iter(fields.values())))
    rows = np.zeros((1, count), dtype=[(name, object) for name in fields])
    for name, values in fields.items():
        for i, value in enumerate(values):
            rows[0, i][name] = value
    return rows


def class_names(names: list[str]) -> np.ndarray:
    cell = np.empty((1, len(names)), object)
    cell[0] = names
    return cell


def file_list(user: Path, folder: Path) -> Path:
    """A raw folder of the second form: the paths, sizes and digests of a user's files."""
    from stages.data.files import write_json, write_table

    names = sorted(path.relative_to(user).as_posix() for path in user.rglob("*") if path.is_file())
    contents = [(user / name).read_bytes() for name in names]
    folder.mkdir(parents=True)
    digests = [hashlib.sha256(content).hexdigest() for content in contents]
    write_table(folder / "files.parquet", {"path": names, "size": [len(c) for c in contents], "sha256": digests})
    write_json(folder / "root.json", {"root": str(user)})
    return folder


def lmdb_folder(folder: Path, values: dict[str, bytes]) -> Path:
    import lmdb

    folder.mkdir(parents=True, exist_ok=True)
    with lmdb.open(str(folder), map_size=1 << 26) as environment, environment.begin(write=True) as transaction:
        for key, value in values.items():
            transaction.put(key.encode(), value)
    return folder


def runs_of(mask: np.ndarray) -> str:
    """COCO's compressed run-length code of a mask, written from its description; an oracle for pycocotools."""
    runs, last = [0], 0
    for pixel in mask.T.reshape(-1).astype(int):
        if pixel != last:
            runs.append(0)
            last = pixel
        runs[-1] += 1
    text = ""
    for i, run in enumerate(runs):
        value = run - runs[i - 2] if i > 2 else run
        more = True
        while more:
            bits = value & 31
            value >>= 5
            more = not (value == -1 and bits & 16) and not (value == 0 and not bits & 16)
            text += chr(48 + (bits | (32 if more else 0)))
    return text
