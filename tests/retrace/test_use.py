"""Trained models on photos of one's own: what each kind makes, the receipt, and what is refused before anything is."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.papers.contrasfill import sampling
from stages.retrace.evidence import shape
from stages.runner import receipt
from stages.runner.exits import StageFailure
from stages.use.model import open_model
from stages.use.written import refuse_taken
from tests.house.resolved import ROOT
from tests.retrace.own_models import (
    FILLS,
    MODELS,
    SAMPLES,
    TRANSLATES,
    hole,
    photo,
    put_model,
    put_photos,
    put_receipt,
    said,
)

USABLE = [kind for kind in MODELS if kind != "spade"]


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    """A folder with a model of each kind; never altered."""
    before, top = os.getcwd(), tmp_path_factory.mktemp("models")
    os.chdir(ROOT)
    for kind in MODELS:
        put_model(top / kind, kind)
    os.chdir(before)
    return top


def call(kind: str, photos: Path) -> dict:
    """The words for this kind of model."""
    if kind in SAMPLES:
        return {"count": 3}
    return {"photos": photos} | ({"mask": photos.with_name("masks"), "codes": 2} if kind in FILLS else {})


def files(out: Path) -> dict[str, np.ndarray]:
    return {path.relative_to(out).as_posix(): np.array(Image.open(path)) for path in sorted(out.rglob("*.png"))}


@pytest.mark.parametrize("kind", USABLE)
def test_each_kind_makes_its_pictures_with_a_receipt_that_names_the_model(kind, models, tmp_path):
    photos, out = put_photos(tmp_path / "photos"), tmp_path / "out"
    model = open_model(models / kind)
    content = model.write(out, seed=5, **call(kind, photos))
    assert shape.read((out / "receipt.json").read_bytes()) == content
    assert content["inputs"]["model"]["receipt"] == receipt.digest(receipt.read(models / kind / "receipt.json"))
    assert content["params"]["seed"] == 5 and content["fingerprint"] == receipt.fingerprint(content)
    found = files(out)
    assert set(content["outputs"]) == {*found, "use.json"}
    made = {name.removeprefix("made/") for name in found if name.startswith("made/")}
    wanted = {
        **{one: {f"{n}_{k}.png" for n in range(3) for k in range(2)} for one in FILLS},
        **{one: {f"{n}_translated.png" for n in range(3)} for one in TRANSLATES},
        **{one: {f"sample_{n:05d}.png" for n in range(3)} for one in SAMPLES},
        "segmenter": {f"{n}_{what}.png" for n in range(3) for what in ("parts", "overlay")},
        "onegan": {f"{n}_{what}.png" for n in range(3) for what in ("mask", "ground")},
    }
    assert made == wanted[kind]
    assert {array.shape[:2] for array in found.values()} == {(model.side, model.side)}
    digests = {entry["path"] for name, entry in content["inputs"].items() if name != "model"}
    assert digests == (set() if kind in SAMPLES else {"0.png", "1.png", "2.png"})
    for name in found:
        assert Image.open(out / name).text["retrace:fingerprint"] == content["fingerprint"]
    again = dict(model.pictures(seed=5, **call(kind, photos)))
    assert all(np.array_equal(again[name.removesuffix(".png")], found[f"made/{name}"]) for name in made)


def test_fillings_are_the_verb_samples_own(models, tmp_path):
    """The same photo, name, seed and hole give the picture that a sampling of a prepared set gives; others differ."""
    from stages.data.own.framing import Framed, pack
    from stages.engine.weights import opened
    from stages.engine.world import World
    from stages.papers.contrasfill.methods.contrasfill import method as contrasfill

    image, mask = photo(1, 32, 32), hole(32, 32)
    for name, pixels in (("a.png", image), ("a_mask.png", mask)):
        Image.fromarray(pixels).save(tmp_path / name)
    model = open_model(models / "contrasfill")
    made = dict(model.pictures(tmp_path / "a.png", tmp_path / "a_mask.png", seed=3, codes=2))
    held = pack("face", tmp_path, 32, ["a"], [Framed(image, (mask > 0).astype(np.uint8), (0, 0, 32, 32))])
    method = opened(contrasfill, model.facts["block"], models / "contrasfill", World.single())
    rows = [(0, 0), (0, 1)]
    pictures = sampling.produce(method, held, rows, 3, "object", 0, World.single())
    assert [made["a_0"].tobytes(), made["a_1"].tobytes()] == [one.tobytes() for one in pictures]
    assert made["a_0"].tobytes() != made["a_1"].tobytes(), "another code, another filling"
    assert np.array_equal(made["a_0"][mask == 0], image[mask == 0]), "outside of the hole the photo stays"


def test_the_square_is_cut_about_the_hole_and_said(models, tmp_path):
    model = open_model(models / "contrasfill")
    model.write(tmp_path / "out", put_photos(tmp_path / "photos", 1), tmp_path / "masks", codes=1)
    facts = said(tmp_path / "out")
    assert facts["photos"] == [{"photo": "0.png", "seen": [0, 0, 48, 48], "size": [64, 48]}]
    assert facts["model"]["profile"] == "smoke" and facts["seed"] == 0 and facts["options"] == {"codes": 1}
    given = np.array(Image.open(tmp_path / "out/given/0.png"))
    wanted = Image.fromarray(photo(0)[:, :48]).resize((32, 32), Image.Resampling.BICUBIC)
    assert np.array_equal(given, np.array(wanted))


def test_photos_alone_are_turned_as_they_are_to_be_shown_and_with_a_mask_refused(models, tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6
    (tmp_path / "photos").mkdir()
    Image.fromarray(photo(0)).save(tmp_path / "photos/0.jpg", exif=turned)
    Image.fromarray(hole()).save(tmp_path / "mask.png")
    model = open_model(models / "contrast")
    model.write(tmp_path / "out", tmp_path / "photos")
    assert said(tmp_path / "out")["photos"][0]["size"] == [48, 64]
    with pytest.raises(ValueError, match=r"0\.jpg: EXIF orientation 6.*save photo and mask upright"):
        open_model(models / "contrasfill").given(tmp_path / "photos/0.jpg", tmp_path / "mask.png")


def test_what_is_asked_of_a_model_that_cannot_is_refused(models, tmp_path):
    photos = put_photos(tmp_path / "photos")
    fill, move, draw = (open_model(models / kind) for kind in ("contrasfill", "contrast", "mscond"))
    with pytest.raises(ValueError, match=r"can be used by itself .contrast, cycle, lsesim., came spade"):
        open_model(models / "spade")
    for wrong, words in (
        (lambda: move.asked({"codes": 3}), "--codes: monce contrast on horses, seed 0 translates photos"),
        (lambda: draw.asked({"count": 0}), "--count: expected a number above 0, came 0"),
        (lambda: fill.asked({"psi": 0.5}), "--psi: .* it knows --codes"),
        (lambda: move.given(photos, tmp_path / "masks"), "takes no mask"),
        (lambda: draw.given(photos, None), "makes pictures and takes no photos"),
        (lambda: fill.given(photos, None), "expected --mask, a mask or a folder of masks, came none"),
        (lambda: move.given(None, None), "expected a photo or a folder of photos, came none"),
    ):
        with pytest.raises(ValueError, match=words):
            wrong()


@pytest.mark.parametrize("change", ["receipt gone", "weights", "model.json", "edited", "other verb", "extra", "link"])
def test_a_folder_that_is_no_sound_model_is_refused(change, models, tmp_path):
    folder = shutil.copytree(models / "contrasfill", tmp_path / "model")
    place = folder / "receipt.json"
    if change == "receipt gone":
        place.unlink()
    elif change in ("weights", "model.json"):
        file = folder / ("weights.safetensors" if change == "weights" else change)
        content = bytearray(file.read_bytes())
        content[-3] ^= 1
        file.write_bytes(content)
    elif change == "extra":
        (folder / "more.py").write_text("raise SystemExit")
    elif change == "link":
        shutil.move(folder / "weights.safetensors", tmp_path / "w")
        (folder / "weights.safetensors").symlink_to(tmp_path / "w")
    else:
        content = receipt.read(place)
        content["params" if change == "edited" else "verb"] = {} if change == "edited" else "teach"
        if change == "other verb":
            content["fingerprint"] = receipt.fingerprint(content)
        place.write_bytes(receipt.encode(content))
    words = {
        "receipt gone": "nobody vouches", "weights": "weights.safetensors has other bytes", "model.json": "model.json",
        "edited": "an edited receipt", "other verb": "made by the verb train, came what teach made",
        "extra": "more.py is not in its receipt", "link": "weights.safetensors",
    }  # fmt: skip
    with pytest.raises(ValueError, match=words[change]):
        open_model(folder)


def test_a_model_made_anew_between_its_check_and_its_use_is_refused(models, tmp_path):
    folder = shutil.copytree(models / "contrasfill", tmp_path / "model")
    model, photos = open_model(folder), put_photos(tmp_path / "photos", 1)
    (folder / "weights.safetensors").write_bytes((models / "contrasfill/weights.safetensors").read_bytes())
    with pytest.raises(StageFailure, match="was made anew or changed while this stage read it"):
        model.write(tmp_path / "out", photos, tmp_path / "masks")
    assert not (tmp_path / "out").exists()


def test_a_model_of_another_version_is_refused_by_its_keys(models, tmp_path):
    folder = shutil.copytree(models / "contrasfill", tmp_path / "model")
    facts = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    del facts["block"]["unknown_view"]
    (folder / "model.json").write_text(json.dumps(facts), encoding="utf-8")
    (folder / "receipt.json").unlink()
    put_receipt(folder, MODELS["contrasfill"])
    with pytest.raises(ValueError, match=r"came one whose keys do not fit .unknown_view.; use the version"):
        list(open_model(folder).pictures(put_photos(tmp_path / "photos", 1), tmp_path / "masks"))


def test_weights_are_never_unpickled(models, tmp_path):
    """A pickle under the name of the weights, with a receipt that vouches for it: it does not open, nothing runs."""
    import pickle

    class Bomb:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/ran",)

    folder = shutil.copytree(models / "contrasfill", tmp_path / "model")
    (folder / "weights.safetensors").write_bytes(pickle.dumps(Bomb()))
    put_receipt(folder, MODELS["contrasfill"])
    photos = put_photos(tmp_path / "photos", 1)
    with pytest.raises(Exception, match=r"weights\.safetensors"):
        list(open_model(folder).pictures(photos, tmp_path / "masks"))
    assert not (tmp_path / "ran").exists()


def test_a_folder_appears_whole_or_not_at_all(models, tmp_path, monkeypatch):
    photos, out = put_photos(tmp_path / "photos"), tmp_path / "out"
    model = open_model(models / "onegan")

    def broken(*words):
        yield from list(made(*words))[:1]
        raise FloatingPointError("not finite")

    made = model.using.make
    monkeypatch.setattr(model.using, "make", broken)
    with pytest.raises(FloatingPointError):
        model.write(out, photos)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["masks", "photos"]
    out.mkdir()
    with pytest.raises(FileExistsError, match="expected a place where nothing lies"):
        model.write(out, photos)
    with pytest.raises(ValueError, match="belongs to the stages"):
        refuse_taken(ROOT / "results/mine")


def test_what_a_killed_use_left_goes_with_the_next_and_a_living_ones_stays(models, tmp_path):
    out = tmp_path / "out"
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom stages.use.workshop import workshop\n"
        "with workshop(Path(sys.argv[1])) as made:\n    (made / 'half.png').write_bytes(b'half')\n"
        "    print(made, flush=True)\n    sys.stdin.read(1)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    words = [sys.executable, "-c", code, str(out)]
    dead, living = (
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") for _ in range(2)
    )
    with dead, living:
        left, half = (Path(one.stdout.readline().strip()) for one in (dead, living))  # pyright: ignore
        dead.communicate("x")
        assert (left / "half.png").exists()
        # As a run of another machine: no process here has its number, yet its lock is held.
        elsewhere = half.parent.rename(tmp_path / f".out.{dead.pid + 10**7}.tmp")
        own = tmp_path / f".out.{dead.pid + 10**7 + 1}.tmp"
        own.mkdir()
        (own / "letter.txt").write_text("the user's own")
        open_model(models / "segmenter").write(out, put_photos(tmp_path / "photos", 1))
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
            ["out", "photos", "masks", elsewhere.name, own.name]
        )
        elsewhere.rename(half.parent)
        open_model(models / "segmenter").write(tmp_path / "other", tmp_path / "photos")
        assert half.exists() and (tmp_path / "other/receipt.json").is_file()
        living.communicate("x")


def retrace(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stages.retrace.main", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_the_command_trace_and_audit_follow_what_was_made(models, tmp_path):
    photos, out = put_photos(tmp_path / "photos"), tmp_path / "out"
    done = retrace("use", models / "comodgan", photos, "--mask", tmp_path / "masks", "--out", out, "--codes", 2)
    assert done.returncode == 0, done.stderr
    assert "fills the holes of photos" in done.stdout and "taught on drawn data" in done.stdout
    digest = receipt.digest(receipt.read(models / "comodgan/receipt.json"))
    for word in (out, out / "made/0_1.png"):
        done = retrace("trace", word, "--json")
        answer = json.loads(done.stdout)
        assert answer["trusted"] and answer["lost"][0]["receipt"] == digest and done.returncode == 1
        assert {root["path"] for root in answer["roots"]} >= {"0.png", "1.png", "2.png"}
    done = retrace("audit", out)
    assert done.returncode == 0 and "its model is not" in done.stdout and digest in done.stdout, done.stdout
    done = retrace("audit", out, "--against", "HEAD")
    assert done.returncode == 2 and "are of stages" in done.stderr
    picture = out / "made/0_1.png"
    picture.write_bytes(picture.read_bytes() + b" ")
    (out / "made/more.png").write_bytes(b"x")
    done = retrace("audit", out)
    assert done.returncode == 1 and re.search(r"First broken link: \S*made/0_1\.png", done.stdout)
    assert "made/more.png: a file lies among" in done.stdout
    answer = json.loads(retrace("trace", picture, "--json").stdout)
    assert not answer["trusted"] and "altered" in answer["warning"]


def test_what_was_altered_in_a_folder_is_found(models, tmp_path):
    from stages.retrace.evidence import used

    out = tmp_path / "out"
    open_model(models / "mscond").write(out, count=3)
    node = used.read(out)
    assert used.folder_of(out / "made/sample_00000.png") == out and used.differences(out, node) == {}
    (out / "made/sample_00000.png").write_bytes(b"other")
    (out / "made/sample_00001.png").unlink()
    (out / "more.png").write_bytes(b"x")
    found = used.differences(out, node)
    names = ["made/sample_00000.png", "made/sample_00001.png", "more.png"]
    assert list(found) == names and found[names[1]][1] == "none" == found[names[2]][0]


def test_refusals_are_words_and_need_no_torch(models, tmp_path):
    done = retrace("use", models / "contrasfill", tmp_path / "none.png", "--mask", tmp_path, "--out", tmp_path / "out")
    assert done.returncode in (2, 3) and "none.png" in done.stderr and "Traceback" not in done.stderr
    code = ("import sys; from stages.use.model import open_model; m = open_model(sys.argv[1])\n"
            "try: m.given(sys.argv[2], None)\nexcept ValueError: print('torch' in sys.modules)")  # fmt: skip
    words = [sys.executable, "-c", code, str(models / "contrasfill"), str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n", done.stderr
