"""The three forms in which LSUN objects are kept, with bytes that depend on the images alone."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

MEGABYTE = 1 << 20
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)

Images = Sequence[tuple[str, str, bytes]]  # (key, suffix, content), sorted by key


def write_lmdb(out: Path, images: Images) -> None:
    """data.mdb and an empty lock.mdb: one transaction, keys in order, a map size that follows from the content.

    Without locking LMDB leaves no process or host data; the memory of fresh pages is zeroed (meminit).
    """
    import lmdb

    size = MEGABYTE * (4 + 2 * sum(len(content) for _, _, content in images) // MEGABYTE)
    environment = lmdb.open(str(out), map_size=size, lock=False, writemap=False, meminit=True, sync=True)
    try:
        with environment.begin(write=True) as transaction:
            for key, _, content in images:
                transaction.put(key.encode("ascii"), content, append=True)
    finally:
        environment.close()
    (out / "lock.mdb").write_bytes(b"")


def write_tree(out: Path, images: Images) -> None:
    """<k[0]>/.../<k[5]>/<key>.<suffix>, as the official exporter writes."""
    for key, suffix, content in images:
        folder = out.joinpath(*key[:6])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{key}.{suffix}").write_bytes(content)


def write_zip(out: Path, images: Images) -> None:
    """images.zip, stored, with the zip format's first date."""
    with zipfile.ZipFile(out / "images.zip", "w") as archive:
        for key, suffix, content in images:
            entry = zipfile.ZipInfo(f"{key}.{suffix}", ZIP_EPOCH)
            entry.create_system = 3  # the same byte on every system
            archive.writestr(entry, content)
