"""All code of the pipeline; README.md in this folder is its contract."""

import sys

# `python -m` puts this folder first, where a file could stand in for a library of the same name.
if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))

# After the line above, so that it loads no stand-in either.
from stages import loading

loading.begin()
