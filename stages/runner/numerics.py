"""Variables of the environment that would change a stage's bytes, which no receipt names: cleared, or else refused."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from stages.runner.exits import BAD_PARAMS, StageFailure

# How the names begin that libraries of the lock read for which instructions, kernels, precision, order of sums or
# implementation to take, where their own choice by the machine is meant; found in their sources and binaries.
LIBRARIES = (
    "AOM_", "AOT_INDUCTOR_", "ARROW_", "ATEN_", "BLIS_", "CUBLAS", "CUDNN_", "CUFFT_", "CUSOLVER_", "CUSPARSE", "DNNL_",
    "FBGEMM_", "GOMP_", "GOTO_", "INTEL_ISA_", "JPEGMEM", "JSIMD_", "KMP_", "LIBTIFF_", "LIBXSMM_", "LMDB_", "LTC_",
    "MKL_", "NPY_", "NUMEXPR_", "NUMPY_", "NVFUSER_", "NVJPEG_", "OMP_", "ONEDNN_", "OPENBLAS_", "OPJ_", "PANDAS_",
    "PILLOW_", "PYARROW_", "PYTORCH_", "SCIPY_", "SKLEARN_", "SLEEF_", "TORCHDYNAMO_", "TORCHINDUCTOR_", "TORCHVISION_",
    "TORCH_", "TRITON_", "VECLIB_", "XNNPACK_",
)  # fmt: skip
SINGLE = frozenset(
    ("CUDA_DISABLE_JIT", "CUDA_DISABLE_PTX_JIT", "CUDA_FORCE_JIT", "CUDA_FORCE_PTX_JIT", "MATPLOTLIBRC", "MPLBACKEND",
     "NVIDIA_TF32_OVERRIDE", "SOURCE_DATE_EPOCH")
)  # fmt: skip
# Of those, what says how memory is given out or how processes find each other, which is the machine's business.
KEPT = re.compile(r"PYTORCH_([A-Z]+_)?ALLOC_CONF|PYTORCH_NO_CUDA_MEMORY_CACHING|TORCH_(GLOO|NCCL)_.*")

# Read by the loader before Python runs. LD_LIBRARY_PATH may stay: clusters need it for a GPU's driver, and a receipt
# names a library of the lock that was loaded from elsewhere. What is preloaded stands in for functions of any library.
PRELOADS = ("LD_PRELOAD", "LD_AUDIT")
ALLOCATORS = re.compile(r"lib(jemalloc|tcmalloc|mimalloc)[^/]*\.so[.0-9]*")


# matplotlib reads it from the current folder before any other settings.
FIGURES = "matplotlibrc"


def clear() -> None:
    """Takes out of the environment what numeric libraries would read; must come before their first import."""
    for name in [name for name in os.environ if _is_read(name)]:
        del os.environ[name]
    # Or matplotlib would look in the user's own settings; a figure's are those of draw/style.py.
    os.environ["MATPLOTLIBRC"] = os.devnull


def _is_read(name: str) -> bool:
    return name in SINGLE or (name.startswith(LIBRARIES) and not KEPT.fullmatch(name))


def refuse() -> None:
    """Refuses what the interpreter or the loader has read at its start, where clearing comes too late.

    A seed of hashes (PYTHONHASHSEED) is none of it: without one every run has another, so that no stage depends on it.
    Raises: StageFailure 78 naming the variable.
    """
    for what, remedy in _read_at_the_start():
        raise StageFailure(BAD_PARAMS, f"{what}, which no receipt names: {remedy} and run again")


def _read_at_the_start() -> Iterator[tuple[str, str]]:
    if sys.flags.optimize:
        yield "Python leaves checks out (-O or PYTHONOPTIMIZE)", "start it without"
    if "PYTHONHOME" in os.environ:
        yield f"PYTHONHOME takes Python's own library from {os.environ['PYTHONHOME']}", "unset it"
    if (encoding := sys.getfilesystemencoding()) != "utf-8":
        yield (
            f"names of files are read as {encoding} (LC_ALL, LC_CTYPE, LANG or PYTHONUTF8)",
            "set LC_ALL to C.UTF-8, unset PYTHONUTF8",
        )
    if os.path.exists(FIGURES):
        yield f"{FIGURES} in the project's folder changes every figure", "take it away"
    if "glibc.cpu." in (tunables := os.environ.get("GLIBC_TUNABLES", "")):
        yield f"GLIBC_TUNABLES is {tunables!r} and chooses the instructions of the C library", "unset it"
    if "LD_HWCAP_MASK" in os.environ:
        yield "LD_HWCAP_MASK chooses the instructions of the C library", "unset it"
    for name in PRELOADS:
        for library in filter(None, re.split(r"[\s:]+", os.environ.get(name, ""))):
            if not ALLOCATORS.fullmatch(Path(library).name):
                yield f"{name} puts {library} before all libraries", "unset it"
