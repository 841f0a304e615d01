"""The deliberately bad items of the drawn sets, and what must become of each; for tests, never written to disk."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One kind of bad item: whether a reader keeps it, and the reason that a reject must give."""

    kind: str
    kept: bool
    reason: str


def _lost(kind: str, reason: str) -> Fault:
    return Fault(kind, False, reason)


def _kept(kind: str) -> Fault:
    return Fault(kind, True, "")


UNREADABLE = (_lost("truncated", "truncated"), _lost("garbage", "unknown_format"))
EMPTY = _lost("empty", "empty")  # only as a value in LSUN: the runner takes an empty file for a failed write
TURNED, UPRIGHT = _lost("rotated", "turned"), _kept("rotated")  # with something marked in the photos, with nothing
UNUSUAL = (_kept("cmyk"), _kept("sixteen_bit"), TURNED)
PLAIN = (_kept("cmyk"), _kept("sixteen_bit"), UPRIGHT)
SPOILED = tuple(fault.kind for fault in (*UNREADABLE, EMPTY, *UNUSUAL))

FRAMES = {  # (width, height) of the images that probe the size filter, on both sides of its limits
    "frame_400x600": (400, 600),
    "frame_600x400": (600, 400),
    "frame_512x512": (512, 512),
    "frame_300x300": (300, 300),
    "frame_401x513": (401, 513),
    "frame_513x401": (513, 401),
}
_LSUN = (
    *(_kept(kind) if kind in ("frame_401x513", "frame_513x401") else _lost(kind, "small") for kind in FRAMES),
    _lost("no_object", "no_instance"),
    _lost("other_class_on_top", "other_class"),
    _lost("larger_other", "larger_instance"),
    _lost("cut_by_crop", "cut_by_crop"),
    _lost("tiny_object", "small_hole"),
    _lost("huge_object", "large_hole"),
    _lost("record_of_other_size", "other_size"),
    _lost("no_record", "no_record"),
    *UNREADABLE,
    EMPTY,
    *PLAIN,
)

_ROOM = (*UNREADABLE, EMPTY, *PLAIN, _kept("strange_key"), _lost("black", "blank"))

FAULTS: dict[str, tuple[Fault, ...]] = {
    "celebamask_hq": (
        *UNREADABLE,
        *UNUSUAL,
        _lost("mask_of_other_size", "mask_size"),
        _lost("no_face_part", "no_face_part"),
        _lost("no_mapping_row", "no_mapping"),
        _lost("no_partition_row", "no_partition"),
        _kept("no_identity_row"),
        _lost("mask_without_image", "no_image"),
        _lost("strange_name", "file_name"),
    ),
    "lsun_bird": _LSUN,
    "lsun_car": _LSUN,
    "stanford_cars": (
        *UNREADABLE,
        *UNUSUAL,
        _kept("no_detection"),
        _kept("class_without_shape"),
        _lost("missing_photo", "no_image"),
        _lost("box_outside", "box"),
        _lost("photo_without_row", "no_annotation"),
    ),
    "ffhq": (
        *UNREADABLE,
        *UNUSUAL,
        _lost("no_labels", "no_labels"),
        _lost("label_above", "label_value"),
        _lost("no_face_part", "no_face_part"),
        _lost("no_category", "category"),
        _lost("strange_name", "file_name"),
    ),
    "cub": (*UNREADABLE, *UNUSUAL, _lost("missing_photo", "no_image"), _kept("grey")),
    "bird_boxes": (
        *UNREADABLE,
        *UNUSUAL,
        _lost("missing_photo", "no_image"),
        _kept("grey"),
        _kept("missing_mask"),
        _lost("mask_of_other_size", "mask_size"),
        _kept("mask_of_three_channels"),
    ),
    "dog_boxes": (
        *UNREADABLE,
        *UNUSUAL,
        _kept("no_detection"),
        _lost("missing_photo", "no_image"),
        _lost("no_annotation", "no_annotation"),
        _lost("no_object", "no_box"),
        _kept("several_objects"),
        _lost("photo_without_row", "no_annotation"),
    ),
    "car_boxes": (
        *UNREADABLE,
        *UNUSUAL,
        _kept("grey"),
        _kept("no_detection"),
        _lost("missing_photo", "no_image"),
        _lost("box_outside", "box"),
        _lost("photo_without_row", "no_annotation"),
    ),
    "celeba_wild": (
        *UNREADABLE,
        *UNUSUAL,
        _lost("missing_photo", "no_image"),
        _lost("no_box_row", "no_box"),
        _lost("no_landmarks_row", "no_landmarks"),
        _lost("box_below_share", "small_face"),
        _kept("box_at_share"),
        _lost("zero_box", "small_face"),
    ),
    "cub_masks": (
        *UNREADABLE,
        _kept("cmyk"),
        _kept("grey"),
        _lost("missing_photo", "no_image"),
        _lost("missing_mask", "no_mask"),
        _lost("mask_of_other_size", "mask_size"),
        _kept("mask_of_three_channels"),
        TURNED,
    ),
    "flowers": (
        *UNREADABLE,
        _kept("cmyk"),
        _lost("missing_photo", "no_image"),
        _lost("missing_mask", "no_mask"),
        _lost("mask_of_other_size", "mask_size"),
        TURNED,
    ),
    "taichi": (
        *UNREADABLE,
        _lost("missing_photo", "no_image"),
        _lost("missing_mask", "no_mask"),
        _lost("mask_of_other_size", "mask_size"),
        _kept("no_joint_seen"),
        TURNED,
    ),
    "cityscapes": (
        *UNREADABLE,
        _kept("sixteen_bit"),
        _kept("colours_alone"),
        _lost("black", "blank"),
        _lost("strange_name", "file_name"),
        _lost("no_labels", "no_labels"),
        _lost("labels_without_photo", "no_image"),
        _lost("labels_of_other_size", "label_size"),
        _lost("label_above", "label_value"),
        TURNED,
    ),
    "horse2zebra": (*UNREADABLE, *PLAIN, _kept("grey"), _lost("black", "blank")),
    "summer2winter": (*UNREADABLE, _kept("cmyk"), _kept("grey"), _lost("black", "blank"), UPRIGHT),
    "ade20k": (
        *UNREADABLE,
        _kept("cmyk"),
        _lost("strange_name", "file_name"),
        _lost("no_labels", "no_labels"),
        _lost("labels_without_photo", "no_image"),
        _lost("labels_of_other_size", "label_size"),
        _lost("label_above", "label_value"),
        TURNED,
    ),
    "deepfashion": (
        *UNREADABLE,
        _kept("cmyk"),
        _lost("missing_photo", "no_image"),
        _lost("no_pose", "no_pose"),
        _lost("nobody_seen", "no_person"),
        _lost("joint_without_row", "pose_value"),
        _kept("several_people"),
        TURNED,
    ),
    "city_scenes": (*UNREADABLE, *PLAIN, _lost("black", "blank"), _lost("strange_name", "file_name")),
    "folder": (*UNREADABLE, *PLAIN),
    "livingroom": _ROOM,
    "kitchen": _ROOM,
}


def planted_faults(name: str, good: int, copies: int) -> dict[int, Fault]:
    """{item number: fault}: the items after the `good` ones, each kind `copies` times.

    Raises: KeyError for an unknown set.
    """
    kinds = [fault for fault in FAULTS[name] for _ in range(copies)]
    return {good + offset: fault for offset, fault in enumerate(kinds)}
