"""One look for all figures: fonts, inks, the footer, and files whose bytes depend on content alone."""

from pathlib import Path
from typing import Any

INK = "#1f2328"
SOFT = "#6b7280"
PAPER = "#ffffff"
ACCENT = "#b4441f"
# One ink per series, told apart also in grey and by readers who see few colours; in the order of use.
SERIES = ("#b4441f", "#2f6690", "#d19a2a", "#4f772d", "#7d5ba6", "#5c6b73")

POINTS_PER_INCH = 72
DOTS_PER_INCH = 200
LABEL_POINTS = 8.0
FOOTER_POINTS = 5.5
# Behind a profile's name: the picture shows a definition, no measurement, and looks the same in every profile.
DATA_FREE = " without data"

SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # the one font that matplotlib itself carries, so every machine draws the same
    "font.size": LABEL_POINTS,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "axes.prop_cycle": None,  # filled in `figure`, where matplotlib is imported
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "image.interpolation": "none",
}


def settings() -> dict[Any, Any]:
    """The look as matplotlib settings, for `with matplotlib.rc_context(settings()):`."""
    from cycler import cycler

    return {**SETTINGS, "axes.prop_cycle": cycler(color=SERIES)}


def figure(width_in: float, height_in: float) -> Any:
    """An empty figure of the house, without a window system.

    Units: inches; 200 dots per inch in the PNG.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(settings()):
        made = Figure(figsize=(width_in, height_in), dpi=DOTS_PER_INCH)
        FigureCanvasAgg(made)
    return made


def footer(figure: Any, profile: str, fingerprint: str) -> None:
    """Stamp what the picture was made from along its lower edge: profile on the left, fingerprint on the right."""
    height_in = figure.get_size_inches()[1]
    width_in = figure.get_size_inches()[0]
    across, up = 0.12 / width_in, 0.08 / height_in
    look = {"fontsize": FOOTER_POINTS, "color": SOFT, "va": "bottom"}
    figure.text(across, up, stamp(profile), ha="left", **look)
    figure.text(1 - across, up, fingerprint[:16], ha="right", family="DejaVu Sans Mono", **look)


def stamp(profile: str) -> str:
    """What is said beside every number and picture of a profile; `<profile> without data` for a pure definition."""
    if profile.endswith(DATA_FREE) and stamp(profile.removesuffix(DATA_FREE)):
        return f"{profile.removesuffix(DATA_FREE)} profile: holds no data, the same in every profile"
    said = {
        "demo": "demo profile: drawn data, minutes of training, no evidence for or against the paper",
        "smoke": "smoke profile: two steps of everything, for tests only",
        "lite": "lite profile: real data at a small size, not the paper's scale",
        "paper": "paper profile",
    }
    if profile not in said:
        raise ValueError(f"expected a profile of {', '.join(said)}, got {profile!r}")
    return said[profile]


def save(figure: Any, folder: Path, name: str, profile: str, fingerprint: str, caption: str) -> None:
    """Write `name`.png, `name`.pdf and `name`.md (the caption), with footer and fingerprint and without any date.

    The fingerprint stands in the PNG's text `retrace:fingerprint`, in the PDF's Keywords, and shortened in the footer;
    the profile in `retrace:profile`, in the PDF's Subject, and in the footer.
    """
    import matplotlib

    footer(figure, profile, fingerprint)
    name_of_profile = profile.removesuffix(DATA_FREE)
    undated = {"Creator": None, "Producer": None, "CreationDate": None}
    png = {"retrace:fingerprint": fingerprint, "retrace:profile": name_of_profile, "Software": None}
    pdf = {"Keywords": f"retrace:fingerprint {fingerprint}", "Subject": f"retrace:profile {name_of_profile}", **undated}
    with matplotlib.rc_context(settings()):
        figure.savefig(folder / f"{name}.png", format="png", dpi=DOTS_PER_INCH, metadata=png)
        figure.savefig(folder / f"{name}.pdf", format="pdf", dpi=DOTS_PER_INCH, metadata=pdf)
    text = f"{caption.strip()}\n\n{stamp(profile).capitalize()}. Fingerprint `{fingerprint}`.\n"
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
