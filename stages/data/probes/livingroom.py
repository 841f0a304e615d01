"""LSUN, living rooms."""

from functools import partial

from stages.data.probes import lsun

probe = partial(lsun.probe, prefer="living_room_train_lmdb")
