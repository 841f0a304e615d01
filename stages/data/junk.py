"""What operating systems, file servers and editors leave beside a dataset's files, by name."""

import fnmatch
from collections import Counter
from collections.abc import Iterable

HIDDEN = ".*"  # .DS_Store, ._photo.jpg, .AppleDouble, .Trash-1000, .git: no dataset names a file so
FOLDERS = {
    name.casefold(): name
    for name in (
        *("__MACOSX", "Network Trash Folder", "Temporary Items"),  # macOS
        *("$RECYCLE.BIN", "RECYCLER", "System Volume Information", "found.000"),  # Windows
        *("@eaDir", "@tmp", "@Recycle", "@Recently-Snapshot", "#recycle", "#snapshot", "lost+found"),  # servers, Linux
    )
}
FILES = ("Thumbs.db", "Thumbs.db:encryptable", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "Icon\r", "*~", "~$*")


def kind_of(name: str, is_folder: bool) -> str:
    """The pattern that a name without its folders matches; empty for what may belong to a dataset."""
    if name.startswith("."):
        return HIDDEN
    if is_folder:
        return FOLDERS.get(name.casefold(), "")
    return next((kind for kind in FILES if fnmatch.fnmatchcase(name.casefold(), kind.casefold())), "")


def kind_of_path(path: str) -> str:
    """The same for a path of an archive: what lies in a folder that is left out is left out."""
    *folders, name = path.split("/")
    return next((kind for folder in folders if (kind := kind_of(folder, is_folder=True))), "") or kind_of(name, False)


def counted(kinds: Iterable[str]) -> dict[str, int]:
    """How often each kind came, by name."""
    return dict(sorted(Counter(kind.strip() for kind in kinds).items()))


def said(counts: dict[str, int]) -> str:
    """The counts in words."""
    return f"left out {sum(counts.values())}: {', '.join(f'{kind} {count}' for kind, count in counts.items())}"
