"""Raw folders as drawn: real layouts, exact bytes, and every bad item where a reader must find it."""

import hashlib
import importlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.data.celebamask import CelebAMaskHQ
from stages.data.detection_records import read_records
from stages.data.detections import write_detections
from stages.data.files import read_json, read_table
from stages.data.image import decode_upright
from stages.data.raw import RawFolder
from stages.data.shapes import shape_of
from stages.draw.scenes import celebamask_hq, cub, lsun, lsun_bird, lsun_car, stanford_cars
from stages.draw.scenes.car_names import CLASS_NAMES
from stages.draw.scenes.encode import spoiled
from stages.draw.scenes.faults import FAULTS, FRAMES, planted_faults
from stages.draw.scenes.supply import list_user_files
from stages.runner import layers, params

ROOT = Path(__file__).resolve().parents[2]
SETS = {"celebamask_hq": "face", "lsun_bird": "bird", "lsun_car": "car", "stanford_cars": "cars", "cub": "cub"}


def block_of(name: str, profile: str = "smoke", **changes):
    """The set's block as its parameters make it, with some keys changed."""
    module = importlib.import_module(f"stages.draw.scenes.{name}")
    names = tuple(f"{group}.{name}.{layer}" for group in ("raw", "supply") for layer in ("base", f"profile.{profile}"))
    merged = layers.merge(params.load(ROOT), tuple(sorted(names, key=lambda text: "profile" in text)))
    return layers.validate(module.Block, merged | changes, names)


def drawn(name: str, out: Path, **changes) -> Path:
    out.mkdir(parents=True)
    importlib.import_module(f"stages.draw.scenes.{name}").draw(block_of(name, **changes), out)
    return out


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> dict[str, Path]:
    """All five sets at smoke size."""
    top = tmp_path_factory.mktemp("raw")
    return {name: drawn(name, top / name) for name in SETS}


@pytest.fixture(scope="module")
def prepared(raw, tmp_path_factory) -> dict[str, tuple[set[str], dict[str, str]]]:
    """What the readers make of each set: kept keys, and the reason of each reject."""
    found = {}
    for name, target in SETS.items():
        top = tmp_path_factory.mktemp(name)
        inputs = {"raw": raw[name]}
        if (raw[name] / "detections.jsonl").is_file():
            inputs["detections"] = top / "detections"
            inputs["detections"].mkdir()
            write_detections(inputs["detections"], read_records(raw[name] / "detections.jsonl"), {})
        module = importlib.import_module(f"stages.data.sets.{target}")
        names = (f"{target}.base", f"{target}.profile.smoke")
        block = layers.validate(module.Block, layers.merge(params.load(ROOT), names), names)
        (top / "packed").mkdir()
        module.prepare(block, inputs, top / "packed")
        rejects = read_table(top / "packed" / "rejects.parquet")
        index = read_table(top / "packed" / "index.parquet")
        found[name] = set(index["key"]), dict(zip(rejects["key"], rejects["reason"], strict=True))
    return found


def keys_of(name: str) -> dict[int, str]:
    """{item number: key in the prepared set or its rejects}."""
    block = block_of(name)
    total = block.images + len(planted_faults(name, block.images, block.faults))
    if name == "celebamask_hq":
        kinds = {number: fault.kind for number, fault in planted_faults(name, block.images, block.faults).items()}
        strange = "CelebAMask-HQ/CelebA-HQ-img/{:05d}.jpg"
        places = celebamask_hq.indices(block)
        return {n: strange.format(i) if kinds.get(n) == "strange_name" else f"{i:05d}" for n, i in enumerate(places)}
    if name.startswith("lsun"):
        return {number: lsun.key_of(name, block.seed, number) for number in range(total)}
    if name == "stanford_cars":
        return stanford_cars.names(block)
    paths = cub.paths(block)
    return dict(enumerate(paths))


@pytest.mark.parametrize("name", SETS)
def test_equal_seeds_give_equal_bytes_and_others_differ(name, raw, tmp_path):
    first, other = digests(raw[name]), digests(drawn(name, tmp_path / "other", seed=1))
    assert digests(drawn(name, tmp_path / "again")) == first
    shared = set(first) & set(other)
    differing = {key for key in shared if other[key] != first[key]}
    fixed = {"lock.mdb", "devkit/cars_meta.mat"}
    assert differing
    assert {key for key in shared if key.endswith((".mdb", ".jsonl", "annos.mat"))} - fixed <= differing


@pytest.mark.parametrize("name", SETS)
def test_readers_reject_each_planted_fault_for_its_reason_and_keep_the_rest(name, prepared):
    kept, reasons = prepared[name]
    keys = keys_of(name)
    block = block_of(name)
    for number, fault in planted_faults(name, block.images, block.faults).items():
        key = keys[number]
        if fault.kept:
            assert key in kept, (fault.kind, reasons.get(key))
        else:
            assert reasons.get(key) == fault.reason, fault.kind
    # Large birds may by chance fill the crop or be cut by it, as large real ones are.
    by_chance = {"large_hole", "cut_by_crop"} if name.startswith("lsun") else set()
    good = [keys[number] for number in range(block.images)]
    assert {reasons[key] for key in good if key in reasons} <= by_chance
    assert sum(key in kept for key in good) >= 0.85 * len(good)
    assert len(kept) + len(reasons) == len(keys)


@pytest.mark.parametrize("name", SETS)
def test_every_fault_is_planted_as_often_as_asked(name):
    assert [fault.kind for fault in planted_faults(name, 10, 2).values()][::2] == [fault.kind for fault in FAULTS[name]]
    assert sorted(planted_faults(name, 10, 2)) == list(range(10, 10 + 2 * len(FAULTS[name])))
    assert planted_faults(name, 10, 0) == {}


def test_spoiled_files_are_spoiled_as_named():
    image = np.zeros((20, 30, 3), np.uint8)
    image[:10] = 250
    image[:, :5] = (200, 0, 0)
    assert spoiled(image, "empty", 90) == b""
    with pytest.raises(OSError, match="truncated"):
        Image.open(
            io.BytesIO(spoiled(np.random.default_rng(0).integers(0, 255, (99, 99, 3), np.uint8), "truncated", 90))
        ).load()
    assert Image.open(io.BytesIO(spoiled(image, "cmyk", 90))).mode == "CMYK"
    assert Image.open(io.BytesIO(spoiled(image, "sixteen_bit", 90))).mode == "I;16"
    turned = Image.open(io.BytesIO(spoiled(image, "rotated", 90)))
    assert turned.size == (20, 30)
    assert decode_upright(spoiled(image, "rotated", 90)).shape == (20, 30, 3)
    from PIL import ImageOps

    upright = np.asarray(ImageOps.exif_transpose(turned)).astype(int)
    assert np.abs(upright - image).mean() < 8
    with pytest.raises(ValueError, match="came 'burnt'"):
        spoiled(image, "burnt", 90)


def test_faces_lie_in_the_official_layout(raw):
    folder = RawFolder.open(raw["celebamask_hq"])
    reader = CelebAMaskHQ.open(folder)
    images, _ = reader.image_names()
    assert {1999, 2000} <= set(images) | set(reader.orphans())
    assert 0 in images
    annotated = [path.split("/")[-2:] for path in folder.files("CelebAMask-HQ/CelebAMask-HQ-mask-anno/")]
    assert {int(folder) for folder, _ in annotated} == {0, 1}
    assert all(int(name[:5]) // 2000 == int(place) for place, name in annotated)
    assert len({name[6:-4] for _, name in annotated}) >= 15
    modes = {
        Image.open(raw["celebamask_hq"] / path).mode for path in folder.files("CelebAMask-HQ/CelebAMask-HQ-mask-anno/")
    }
    assert modes == {"L", "RGB"}
    image = Image.open(raw["celebamask_hq"] / images[0])
    assert (image.format, image.size) == ("JPEG", (256, 256))


def test_face_lists_are_spelt_as_the_originals(raw):
    lines = (raw["celebamask_hq"] / "CelebAMask-HQ/CelebA-HQ-to-CelebA-mapping.txt").read_text().splitlines()
    assert lines[0].split() == ["idx", "orig_idx", "orig_file"]
    rows = [line.split() for line in lines[1:]]
    assert all(file == f"{int(original) + 1:06d}.jpg" for _, original, file in rows)
    assert len({index for index, _, _ in rows}) == len(rows) == len({file for _, _, file in rows})
    identities = (raw["celebamask_hq"] / "identity_CelebA.txt").read_text().splitlines()
    assert {line.count(" ") for line in identities} == {1, 2}
    partition = dict(
        line.split() for line in (raw["celebamask_hq"] / "list_eval_partition.txt").read_text().splitlines()
    )
    assert set(partition.values()) == {"0", "1", "2"}
    # The two ends of CelebA's ranges, where a 0-based join goes wrong by one.
    assert partition["162770.jpg"] == "0"
    assert partition["162771.jpg"] == "1"
    assert partition["182638.jpg"] == "2"
    for file, split in partition.items():
        number = int(file[:6])
        assert split == ("0" if number <= 162770 else "1" if number <= 182637 else "2")


@pytest.mark.parametrize("name", ["lsun_bird", "lsun_car"])
def test_lsun_is_a_readable_lmdb_with_detections_of_the_drawn_masks(name, raw):
    import lmdb
    from pycocotools import mask as coco

    block, module = block_of(name), {"lsun_bird": lsun_bird, "lsun_car": lsun_car}[name]
    assert (raw[name] / "lock.mdb").stat().st_size == 0
    with lmdb.open(str(raw[name]), readonly=True, lock=False) as environment, environment.begin() as transaction:
        stored = {key.decode(): bytes(value) for key, value in transaction.cursor()}
    assert (raw[name] / "lock.mdb").stat().st_size == 0
    assert list(stored) == sorted(stored)
    assert all(len(key) == 40 and set(key) <= set("0123456789abcdef") for key in stored)
    starts = {value[:4] if value[:4] == b"RIFF" else value[:2] for value in stored.values()}
    assert {b"RIFF", b"\xff\xd8"} <= starts
    records = {row["key"]: row for row in map(json.loads, (raw[name] / "detections.jsonl").read_text().splitlines())}
    assert set(stored) - set(records) == {key_with_fault(name, block, "no_record")}
    for number in range(12):
        request, _ = lsun.request_of(block, name, number)
        scene, record = lsun.scene_of(block, name, request, module.painter(block)), records[request.key]
        assert (record["height"], record["width"]) == scene.image.shape[:2] == (request.height, request.width)
        assert min(request.width, request.height) > 400 and max(request.width, request.height) > 512
        for row, instance in zip(record["instances"], scene.instances, strict=True):
            decoded = coco.decode({**row["rle"], "counts": row["rle"]["counts"].encode()}).astype(bool)
            assert np.array_equal(decoded, instance.mask)
            xs, ys = np.flatnonzero(decoded.any(0)), np.flatnonzero(decoded.any(1))
            assert row["box"] == [xs[0], ys[0], xs[-1] + 1, ys[-1] + 1]
            assert 0.5 < row["score"] < 1
        assert len({instance.mask.tobytes() for instance in scene.instances}) == len(scene.instances)


def key_with_fault(name: str, block, kind: str) -> str:
    faults = planted_faults(name, block.images, block.faults)
    return lsun.key_of(name, block.seed, next(number for number, fault in faults.items() if fault.kind == kind))


def test_probes_of_the_size_filter_have_the_sizes_they_name():
    block = block_of("lsun_bird")
    for number, fault in planted_faults("lsun_bird", block.images, block.faults).items():
        if fault.kind in FRAMES:
            request, kind = lsun.request_of(block, "lsun_bird", number)
            assert kind == f"frame_{request.width}x{request.height}"
            width, height = request.width, request.height
            assert fault.kept == (width > 400 and height > 400 and max(width, height) > 512)


def test_lsun_forms_hold_the_same_images(tmp_path):
    import lmdb

    folders = {
        form: drawn("lsun_bird", tmp_path / form, form=form, images=6, faults=0) for form in ("lmdb", "tree", "zip")
    }
    with lmdb.open(str(folders["lmdb"]), readonly=True, lock=False) as environment, environment.begin() as transaction:
        stored = {key.decode(): bytes(value) for key, value in transaction.cursor()}
    tree = [path for path in folders["tree"].rglob("*") if path.suffix in (".webp", ".jpg")]
    assert {path.stem: path.read_bytes() for path in tree} == stored
    for path in tree:
        assert path.relative_to(folders["tree"]).parts[:-1] == tuple(path.stem[:6])
    with zipfile.ZipFile(folders["zip"] / "images.zip") as archive:
        assert {Path(entry).stem: archive.read(entry) for entry in archive.namelist()} == stored
    for form in ("tree", "zip"):
        assert digests(drawn("lsun_bird", tmp_path / "again" / form, form=form, images=6, faults=0)) == digests(
            folders[form]
        )


def test_mat_files_have_the_structure_of_the_real_ones(raw, shared_data):
    from scipy.io import loadmat

    with zipfile.ZipFile(shared_data / "stanford_cars.zip") as archive:
        real = {
            name: archive.read(f"devkit/{name}.mat") for name in ("cars_meta", "cars_train_annos", "cars_test_annos")
        }
    for name, content in real.items():
        ours = (raw["stanford_cars"] / "devkit" / f"{name}.mat").read_bytes()
        theirs = loadmat(io.BytesIO(content))
        mine = loadmat(io.BytesIO(ours))
        assert ours[:116] == content[:116], "the header's text, where a writer would put today's date"
        assert set(mine) == set(theirs)
        key = "class_names" if name == "cars_meta" else "annotations"
        assert mine[key].dtype == theirs[key].dtype
        assert mine[key].ndim == theirs[key].ndim == 2
        if key == "class_names":
            assert [str(entry[0]) for entry in mine[key][0]] == [str(entry[0]) for entry in theirs[key][0]]
            continue
        for field in theirs[key].dtype.names:
            shapes = {entry.shape for entry in theirs[key][field][0]}
            kinds = {entry.dtype if field != "fname" else entry.dtype.kind for entry in theirs[key][field][0]}
            for entry in mine[key][field][0]:
                assert entry.shape in shapes
                assert (entry.dtype if field != "fname" else entry.dtype.kind) in kinds


def test_car_boxes_are_tight_and_count_from_one(raw):
    from scipy.io import loadmat

    block = block_of("stanford_cars")
    numbers = {path: number for number, path in stanford_cars.names(block).items()}
    rows = loadmat(raw["stanford_cars"] / "devkit/cars_train_annos.mat")["annotations"][0]
    outside, kinds = 0, set()
    for row in rows:
        scene = stanford_cars.scene_of(block, numbers[f"cars_train/{row['fname'][0]}"])
        ys, xs = np.nonzero(scene.parts["main"])
        box = [int(row[f"bbox_{corner}"][0, 0]) for corner in ("x1", "y1", "x2", "y2")]
        outside += box != [xs.min() + 1, ys.min() + 1, xs.max() + 1, ys.max() + 1]
        kinds |= {row["bbox_x1"].dtype, row["bbox_x2"].dtype}
        if shape_of(CLASS_NAMES[int(row["class"][0, 0]) - 1]):
            assert shape_of(CLASS_NAMES[int(row["class"][0, 0]) - 1]) == scene.factors["shape"]
    assert outside <= 1
    assert kinds == {np.dtype(np.uint8), np.dtype(np.uint16)}


def test_drawn_classes_have_the_shape_they_stand_for():
    assert len(CLASS_NAMES) == len(set(CLASS_NAMES)) == 196
    for shape, numbers in stanford_cars.CLASSES.items():
        assert [shape_of(CLASS_NAMES[number - 1]) for number in numbers] == [shape] * 3
    assert shape_of(CLASS_NAMES[stanford_cars.CLASS_WITHOUT_SHAPE - 1]) is None


def test_cub_lists_agree_with_the_folders(raw):
    base = raw["cub"] / "CUB_200_2011"
    lists = {path.stem: [line.split() for line in path.read_text().splitlines()] for path in base.glob("*.txt")}
    count = len(lists["images"])
    names = dict(lists["classes"])
    assert [int(row[0]) for row in lists["images"]] == list(range(1, count + 1))
    assert {len(rows) for name, rows in lists.items() if name != "classes"} == {count}
    for (number, path), (_, label), (_, flag) in zip(
        lists["images"], lists["image_class_labels"], lists["train_test_split"], strict=True
    ):
        assert path.split("/")[0] == names[label], number
        assert flag in ("0", "1")
    assert sum(not (base / "images" / path).is_file() for _, path in lists["images"]) == 1
    assert [kind.name for kind in lsun_bird.species_list(6, 0)] == [name[4:] for name in names.values()]


def test_demo_asks_for_the_same_species_in_both_bird_sets():
    for profile in ("demo", "smoke"):
        birds, photos = block_of("lsun_bird", profile), block_of("cub", profile)
        assert (birds.species, birds.seed) == (photos.species, photos.seed)


def test_user_files_are_listed_and_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    user = tmp_path / "elsewhere" / "cub"
    for name, content in {"b/2.txt": b"two", "a.txt": b"", "b/.hidden": b"x"}.items():
        (user / name).parent.mkdir(parents=True, exist_ok=True)
        (user / name).write_bytes(content)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/cub").symlink_to(user)
    before = digests(user)
    out = tmp_path / "out"
    out.mkdir()
    list_user_files("data/cub", "cub", cub.LAYOUT, out)
    assert read_json(out / "root.json") == {"root": "data/cub"}
    table = read_table(out / "files.parquet")
    assert table["path"] == ["a.txt", "b/2.txt"]
    assert table["size"].tolist() == [0, 3]
    assert table["sha256"] == [hashlib.sha256(b"").hexdigest(), hashlib.sha256(b"two").hexdigest()]
    assert RawFolder.open(out).read("b/2.txt") == b"two"
    assert digests(user) == before


def test_missing_user_files_are_asked_for_with_their_layout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"(?s)images\.txt.*no such folder"):
        list_user_files("data/cub", "cub", cub.LAYOUT, tmp_path)
    (tmp_path / "data/cub").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="an empty folder"):
        list_user_files("data/cub", "cub", cub.LAYOUT, tmp_path)
    for root in ("/data/cub", "../cub"):
        with pytest.raises(ValueError, match=r"supply\.cub\.root"):
            list_user_files(root, "cub", cub.LAYOUT, tmp_path)
