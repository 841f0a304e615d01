"""Variables that change bytes under one fingerprint reach no stage; those that reach it before it runs are refused."""

import json
import os
import subprocess
import sys

import pytest

from stages.runner.exits import BAD_PARAMS, DONE
from tests.house.toy_project import BLOCK, ToyProject

SEES = (
    '''
"""A verb that writes down what it and a process that it starts see of the environment."""
import json, multiprocessing, os
from stages.runner import run_stage
'''
    + BLOCK
    + """
def member(connection):
    connection.send(dict(os.environ))

def sees(job):
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=member, args=(there,))
    process.start()
    (job.out / "seen.json").write_text(json.dumps([dict(os.environ), here.recv()]))
    process.join()

if __name__ == "__main__":
    run_stage("sees", sees)
"""
)
COMPUTES = (
    SEES[: SEES.index("def member")]
    + """
def computes(job):
    import torch
    x = torch.linspace(-4, 4, 10007)
    found = [torch.exp(x).sum(), torch.sin(x[:999] @ x[:999]), (x[:900].view(30, 30) @ x[:900].view(30, 30)).sum()]
    numbers = [value.item().hex() for value in found]
    (job.out / "numbers.json").write_text(json.dumps([torch.backends.cpu.get_cpu_capability(), numbers]))

if __name__ == "__main__":
    run_stage("computes", computes)
"""
)
CLEARED = (
    "ATEN_CPU_CAPABILITY", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "MKL_DYNAMIC", "MKL_SERVICE_FORCE_INTEL",
    "DNNL_MAX_CPU_ISA", "DNNL_DEFAULT_FPMATH_MODE", "ONEDNN_MAX_CPU_ISA", "ONEDNN_DEFAULT_FPMATH_MODE",
    "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES", "OPENBLAS_CORETYPE", "OPENBLAS_BLOCK_FACTOR",
    "KMP_DETERMINISTIC_REDUCTION", "KMP_AFFINITY", "GOMP_CPU_AFFINITY", "OMP_SCHEDULE", "OMP_DYNAMIC",
    "OMP_THREAD_LIMIT", "BLIS_ARCH_TYPE", "NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    "CUBLAS_WORKSPACE_CONFIG", "CUBLASLT_WORKSPACE_SIZE", "CUDNN_CONV_WSCAP_DBG", "TORCH_CUDNN_USE_HEURISTIC_MODE_B",
    "TORCH_LINALG_PREFER_CUSOLVER", "TORCH_MKLDNN_MATMUL_MIN_DIM", "FBGEMM_ENABLE_INSTRUCTIONS", "PYTORCH_JIT",
    "JSIMD_FORCENONE", "ARROW_USER_SIMD_LEVEL", "SCIPY_ARRAY_API", "SKLEARN_WORKING_MEMORY", "CUDA_FORCE_PTX_JIT",
    "MPLBACKEND", "SOURCE_DATE_EPOCH",
)  # fmt: skip
KEPT = (
    "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME", "PYTORCH_CUDA_ALLOC_CONF",
    "PYTORCH_ALLOC_CONF", "PYTORCH_NO_CUDA_MEMORY_CACHING", "TORCH_NCCL_BLOCKING_WAIT", "MALLOC_ARENA_MAX", "LC_TIME",
    "TZ", "SLURM_JOB_ID", "XDG_CACHE_HOME",
)  # fmt: skip
OUT = "results/store/demo/toy/a"


def run(project: ToyProject, text: str, set_: dict[str, str], out: str = OUT) -> subprocess.CompletedProcess:
    verb = "sees" if text == SEES else "computes"
    (project.folder / "stages" / f"{verb}.py").write_text(text)
    words = [word.replace("stages.toy", f"stages.{verb}") for word in project.command(out=out)]
    return subprocess.run(words, cwd=project.folder, env={**os.environ, **set_}, capture_output=True, text=True)


@pytest.fixture
def project(tmp_path) -> ToyProject:
    return ToyProject(tmp_path)


def test_no_process_of_a_stage_sees_what_numeric_libraries_read(project):
    done = run(project, SEES, dict.fromkeys((*CLEARED, *KEPT, "MATPLOTLIBRC"), "7"))
    assert done.returncode == DONE, done.stderr
    for seen in json.loads((project.folder / OUT / "seen.json").read_text()):
        assert not [name for name in CLEARED if name in seen]
        assert [name for name in KEPT if seen.get(name) != "7"] == []
        assert seen["MATPLOTLIBRC"] == os.devnull
        assert seen["OMP_NUM_THREADS"] == seen["OPENBLAS_NUM_THREADS"] == "1" and seen["OMP_WAIT_POLICY"] == "PASSIVE"


def test_the_numbers_are_the_same_whatever_is_set_and_the_log_says_which_instructions(project):
    words = [sys.executable, "-c", "import torch; print(torch.backends.cpu.get_cpu_capability())"]
    named = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE", "DNNL_MAX_CPU_ISA": "SSE41"}
    heard = subprocess.run(words, env={**os.environ, **named}, capture_output=True, text=True).stdout
    assert heard == "DEFAULT\n", "torch itself listens"
    for out, set_ in (("plain", {}), ("named", named)):
        done = run(project, COMPUTES, set_, f"results/store/demo/toy/{out}")
        assert done.returncode == DONE, done.stderr
    made = [(project.folder / f"results/store/demo/toy/{out}/numbers.json").read_text() for out in ("plain", "named")]
    assert made[0] == made[1]
    logged = (project.folder / ".work/runs/results~store~demo~toy~named.jsonl").read_text()
    assert json.loads(logged)["cpu_capability"] == json.loads(made[1])[0]


@pytest.mark.parametrize(
    ("set_", "said"),
    [
        ({"GLIBC_TUNABLES": "glibc.malloc.arena_max=2:glibc.cpu.hwcaps=-AVX2"}, "GLIBC_TUNABLES"),
        ({"LD_HWCAP_MASK": "0"}, "LD_HWCAP_MASK"),
        ({"PYTHONOPTIMIZE": "1"}, "PYTHONOPTIMIZE"),
        ({"PYTHONHOME": sys.base_prefix}, "PYTHONHOME"),
        ({"LD_PRELOAD": "libjemalloc.so.2 /lib/libother.so"}, "LD_PRELOAD puts /lib/libother.so"),
        ({"LD_AUDIT": "/lib/libother.so"}, "LD_AUDIT"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "names of files are read as ascii"),
    ],
)
def test_what_was_read_before_a_stage_began_is_refused(project, set_, said):
    environment = {**os.environ, **set_}
    done = subprocess.run(project.command(), cwd=project.folder, env=environment, capture_output=True, text=True)
    assert done.returncode == BAD_PARAMS and said in done.stderr and "run again" in done.stderr
    assert not (project.folder / OUT).exists()


def test_no_settings_of_figures_are_taken_from_the_folder(project):
    (project.folder / "matplotlibrc").write_text("axes.facecolor: red\n")
    done = project.run()
    assert done.returncode == BAD_PARAMS and "matplotlibrc in the project's folder" in done.stderr


@pytest.mark.parametrize(
    "set_",
    [
        {"GLIBC_TUNABLES": "glibc.malloc.arena_max=2"}, {"LD_PRELOAD": "libjemalloc.so.2:libtcmalloc_minimal.so.4"},
        {"LD_LIBRARY_PATH": "/usr/local/cuda/lib64"}, {"PYTHONHASHSEED": "3"}, {"LC_ALL": "C"},
    ],
)  # fmt: skip
def test_what_changes_no_number_stays(project, set_):
    environment = {**os.environ, **set_}
    done = subprocess.run(project.command(), cwd=project.folder, env=environment, capture_output=True, text=True)
    assert done.returncode == DONE, done.stderr
