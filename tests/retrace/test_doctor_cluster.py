"""`retrace doctor` on a cluster: accounting, GPUs, file systems that nodes share, outputs of other hosts."""

import os
from pathlib import Path

import pytest

from stages.graph import Stage
from stages.retrace.doctor import cluster, leftovers, places
from stages.runner import lock

GPU = Stage("toy_train", "toy_train", "", "", (), (), {}, {}, "", "", {"gpu": 1})
PROGRAMS = ("sbatch", "sacct", "scontrol", "sinfo")
DEAD = 2**22 - 3


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty project on a machine without SLURM."""
    for name in ("bin", ".work/locks"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def install(here: Path, settings: str, nodes: str = "2") -> None:
    """Programs of a SLURM that says this of itself."""
    said = {"scontrol": f"echo '{settings}'", "sinfo": f"echo {nodes}"}
    for name in PROGRAMS:
        (here / "bin" / name).write_text(f"#!/bin/sh\n{said.get(name, 'true')}\n")
        (here / "bin" / name).chmod(0o755)


def settings(storage: str, age: str, gres: str = "gpu") -> str:
    return f"AccountingStorageType   = {storage}\nMinJobAge               = {age}\nGresTypes               = {gres}"


def test_without_slurm_nothing_is_said(here):
    assert list(cluster.slurm([GPU])) == [] and cluster.nodes() == 0
    install(here, "")
    (finding,) = cluster.slurm([GPU])
    assert not finding.remedy and "no cluster answers" in finding.what


@pytest.mark.parametrize(
    ("storage", "age", "word", "remedy"),
    [
        ("accounting_storage/slurmdbd", "60 sec", "keeps accounts", ""),
        ("accounting_storage/none", "300 sec", "squeue needs none", ""),
        ("(null)", "60 sec", "would wait for every job for ever", f"{cluster.LOOKS} 20 …"),
        ("(null)", "2 sec", "would wait for every job for ever", "have its administrator raise MinJobAge"),
    ],
)
def test_a_cluster_without_accounting_is_told_before_a_run_hangs(here, storage, age, word, remedy):
    install(here, settings(storage, age))
    (finding,) = cluster.slurm([GPU])
    assert word in finding.what and finding.remedy == remedy


def test_a_cluster_without_gpus_is_told_until_the_machine_s_settings_say_so(here):
    install(here, settings("(null)", "300 sec", "(null)"))
    _, finding = cluster.slurm([GPU])
    assert "will refuse toy_train" in finding.what and finding.remedy == "echo 'gpus = 0' >> .work/config"
    (here / ".work/config").write_text("gpus = 0\n")
    assert len(list(cluster.slurm([GPU]))) == 1


@pytest.mark.parametrize(
    ("kind", "options", "word"),
    [
        ("nfs4", "rw,vers=4.2,local_lock=none", ""),
        ("nfs", "rw,vers=3,nolock,local_lock=all", "mounted with nolock"),
        ("nfs", "rw,local_lock=flock", "mounted with local_lock=flock"),
        ("lustre", "rw,localflock", "mounted with localflock"),
        ("ext4", "rw", "own disk (ext4), which 2 nodes"),
    ],
)
def test_file_systems_that_do_not_carry_what_nodes_share_are_told(here, monkeypatch, kind, options, word):
    install(here, settings("(null)", "300 sec"))
    told = here / "mounts"
    told.write_text(
        f"root / overlay rw 0 0\nserver:/x {str(here).replace(' ', chr(92) + '040')} {kind} {options} 0 0\n"
    )
    monkeypatch.setattr(places, "MOUNTS", told)
    found = [one for one in places.places([]) if one.remedy]
    assert [word in one.what for one in found] == [True] * (2 if kind == "ext4" else bool(word)), found


def test_states_on_a_node_s_own_disk_are_told(here, monkeypatch):
    install(here, settings("(null)", "300 sec"))
    (here / "mounts").write_text(f"server:/x {here} nfs4 rw 0 0\ndisk {here}/scratch xfs rw 0 0\n")
    monkeypatch.setattr(places, "MOUNTS", here / "mounts")
    (here / ".work/config").write_text('resume_root = "scratch"\n')
    (finding,) = [one for one in places.places([]) if one.remedy]
    assert finding.what.startswith("saved states lie on this machine's own disk (xfs)")
    install(here, settings("(null)", "300 sec"), nodes="1")
    assert not [one for one in places.places([]) if one.remedy]


def test_a_folder_in_which_two_may_hold_one_lock_is_told(here, monkeypatch):
    assert places.lock_problem(here) == "" and places.cache_problem(here) == ""
    assert not [one for one in places.places([]) if one.remedy]
    monkeypatch.setattr(places, "TRY", "pass")
    assert [one.what for one in places.places([]) if one.remedy] == [
        f"locks of files do not hold in .work ({places.mount(here)[0]}): two processes hold one"
    ]


def test_an_output_of_another_host_is_judged_by_its_lock_alone(here):
    """A number of a process says nothing of another machine, be it alive here or not."""
    out = here / "results/store/demo/toy/a"
    for process in (DEAD, os.getpid()):
        made = out.parent / f".a.{process}.tmp"
        made.mkdir(parents=True)
        place = lock.place("results/store/demo/toy/a")
        place.write_text(f"{process} on elsewhere\n")
        (finding,) = leftovers.publishes([])
        assert f"by process {process} on elsewhere" in finding.what
        with lock.stage_lock("results/store/demo/toy/a"):
            assert list(leftovers.publishes([])) == []
        made.rmdir()
    receipt = here / "results/receipts" / f".x.json.{DEAD}.tmp"
    receipt.parent.mkdir()
    receipt.touch()
    place.write_text(f"{DEAD} on elsewhere\n")
    with place.open() as handle:
        lock.fcntl.flock(handle, lock.fcntl.LOCK_EX)
        assert list(leftovers.publishes([])) == [], "it is about to be renamed by a stage that lives"
    assert len(list(leftovers.publishes([]))) == 1
