"""Which GPUs a stage may use, as CUDA reads their names; and what a stage says when memory is not enough."""

import errno
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.runner import exits, lease, memory
from tests.house.toy_project import ToyProject

ONE, TWO = "GPU-8f2c1a90-0000-4000-8000-000000000001", "GPU-8f2d1a90-0000-4000-8000-000000000002"
PART = "MIG-GPU-8f2c1a90-0000-4000-8000-000000000001/1/0"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Files of a machine with some cards, of which the driver says the UUIDs of those given."""

    def made(count: int, *uuids: str, windows: bool = False) -> None:
        for number in range(count):
            (tmp_path / "dev" / f"nvidia{number + 2}").touch()
        for place, uuid in enumerate(uuids):
            (tmp_path / f"cards/0000:0{place}:00.0").mkdir(parents=True)
            text = f"Model: \t\t Card\nGPU UUID: \t {uuid}\nDevice Minor: \t {place}\n"
            (tmp_path / f"cards/0000:0{place}:00.0/information").write_text(text)
        if windows:
            (tmp_path / "dev/dxg").touch()

    (tmp_path / "dev").mkdir()
    for name in ("nvidiactl", "nvidia-uvm", "nvidia-caps"):
        (tmp_path / "dev" / name).touch()
    monkeypatch.setattr(lease, "DEVICES", tmp_path / "dev")
    monkeypatch.setattr(lease, "CARDS", tmp_path / "cards")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return made


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("", []), ("-1", []), ("NoDevFiles", []), ("0", ["0"]), ("1,0", ["1", "0"]), (" 0 , 2", ["0", "2"]),
        ("0,-1,1", ["0"]), ("0,,1", ["0"]), ("0,0", []), ("0, 00", []), ("0,1,0", []), ("0,7,1", ["0"]), ("9", []),
        ("1gpu2,2ampere", ["1", "2"]), ("0,GPU-8f2c", ["0"]), ("+1", ["1"]), ("/../0", []), ("0 ", ["0"]),
        (ONE, [ONE]), (f"{TWO},{ONE}", [TWO, ONE]), ("GPU-8f2c", [ONE]), ("GPU-8f2c,GPU-8f2c1a90", []), ("GPU-8f2", []),
        (f"{ONE},GPU-ffff,{TWO}", [ONE]), (f"{ONE},0", [ONE]), (f"{ONE},{ONE}", []), ("GPU-../../x", []),
        (PART, [PART]), (f"{PART},MIG-0b1c", [PART, "MIG-0b1c"]), ("MIG-../../../x", []), (f"{PART},{PART}", []),
    ],
)  # fmt: skip
def test_devices_are_those_that_cuda_will_see(machine, monkeypatch, named, expected):
    machine(3, ONE, TWO)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert lease.visible(None) == expected


@pytest.mark.parametrize("named", ["0", "0,1", ONE, PART, "GPU-", ""])
def test_a_machine_without_a_device_has_none_whatever_is_named(machine, monkeypatch, named):
    machine(0)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert lease.visible(None) == []


def test_unnamed_devices_count_from_nought_whatever_their_files_are_called(machine):
    machine(2)
    assert lease.visible(None) == ["0", "1"] and lease.visible(1) == ["0"] and lease.visible(0) == []


def test_the_configured_count_limits_and_stands_for_files(machine, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,4,5")
    assert lease.visible(2) == ["3", "4"]
    machine(0, windows=True)
    assert lease.visible(None) == ["3", "4", "5"], "where cards cannot be counted the names are believed"


def test_a_short_name_is_believed_where_the_driver_says_no_uuid(machine, monkeypatch):
    machine(1)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-8f2c")
    assert lease.visible(None) == ["GPU-8f2c"]


names = st.one_of(
    st.lists(st.one_of(st.integers(-2, 9).map(str), st.text("0129 -x", max_size=3)), max_size=5).map(",".join),
    st.lists(st.sampled_from([ONE, TWO, "GPU-8f", "0", "MIG-1", PART]), min_size=1, max_size=4).map(",".join),
)


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(named=names)
def test_names_are_read_as_torch_reads_them(machine, monkeypatch, named):
    """Independent oracle: torch's own copy of CUDA's reading, which knows no machine."""
    monkeypatch.setattr(lease, "_present", lambda: None)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    try:
        theirs = torch.cuda._parse_visible_devices()
    except ValueError:  # its own fault: a sign without a number
        return
    assert lease.visible(None) == [str(name) for name in theirs]


def test_parts_of_a_card_are_leased_one_at_a_time_by_safe_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    other = PART.replace("/1/0", "/2/0")
    with lease.leased(2, [PART, other]) as first, lease.leased(1, [PART, other]) as second:
        assert (first, second) == ([PART], [other]), "CUDA shows a process one part"
        assert sorted(path.parent for path in Path(".work/leases").iterdir()) == [Path(".work/leases")] * 2


def test_a_stage_on_a_machine_without_gpus_waits_for_none(tmp_path, monkeypatch):
    if any(Path("/dev").glob("nvidia[0-9]*")):
        pytest.skip("needs a machine without GPUs")
    project = ToyProject(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert project.run(extra=("--gpu", "1")).returncode == 0
    assert not list((tmp_path / ".work/leases").iterdir())


def raised(function) -> BaseException:
    with pytest.raises(Exception) as caught:
        function()
    return caught.value


SHORT = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79 GiB"),
    torch.cuda.OutOfMemoryError(), MemoryError(), OSError(errno.ENOMEM, "Cannot allocate memory"),
    raised(lambda: torch.empty(1 << 50)), raised(lambda: np.empty(1 << 50)),
    RuntimeError("CUDA error: out of memory"), RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("in a training process:\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"),
]  # fmt: skip


@pytest.mark.parametrize("failure", SHORT, ids=lambda failure: type(failure).__name__)
def test_too_little_memory_is_no_defect_and_never_asks_for_another_try(failure):
    assert memory.short(failure) and exits.code_of(failure) == exits.BAD_PARAMS
    told = memory.remedy(failure, {"batch": 32, "size_px": 64, "rate": 1.0}, "params.yaml, layers a.base")
    assert "make batch (now 32) smaller in params.yaml, layers a.base" in told and "\n" not in told and len(told) < 400
    assert "size_px (now 64)" in memory.remedy(failure, {"size_px": 64}, "params.yaml")


@pytest.mark.parametrize("failure", [RuntimeError("shapes differ"), KeyError("out of memory"), OSError(28, "full")])
def test_other_failures_are_not_taken_for_it(failure):
    assert not memory.short(failure)


@pytest.mark.parametrize(
    "line", ["raise MemoryError", "raise OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB')"]
)
def test_a_stage_without_memory_says_what_to_make_smaller(tmp_path, line):
    project = ToyProject(tmp_path)
    verb = tmp_path / "stages/toy.py"
    changes = {
        "def toy(job):": "class OutOfMemoryError(RuntimeError): pass\n\ndef toy(job):",
        "number: int": "number: int\n    batch: int",
        "    time.sleep(job.block.wait_s)\n": f"    {line}\n",
    }
    text = verb.read_text()
    for before, after in changes.items():
        text = text.replace(before, after)
    verb.write_text(text)
    project.set("number", "3\n    batch: 512  # ours")
    done = project.run()
    assert done.returncode == 78, done.stderr
    assert (
        "make batch (now 512) smaller in params.yaml, layers toy.base" in done.stderr
        and "run it again" not in done.stderr
    )
    assert "Traceback" not in done.stderr and list((tmp_path / "results/store/demo/toy").iterdir()) == []
