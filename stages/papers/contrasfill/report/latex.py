"""Table 1 in LaTeX, in the printed shape."""

from stages.draw.latex import cells_to_line, tabular, with_printed
from stages.papers.contrasfill.report.cells import Table
from stages.papers.contrasfill.report.names import DATASETS, DECIMALS, PRINTED


def table_to_latex(table: Table, stamp: str) -> str:
    """A booktabs tabular: three columns a dataset, ours and the printed value in grey brackets beside it."""
    groups = " & ".join(rf"\multicolumn{{3}}{{c}}{{{label}}}" for label in DATASETS.values())
    rules = "".join(rf"\cmidrule(lr){{{first}-{first + 2}}}" for first in range(2, 2 + 3 * len(DATASETS), 3))
    ours = " & ".join([table.places[name] for name in PRINTED] * len(DATASETS))
    printed = " & ".join([rf"\textcolor{{gray}}{{({name})}}" for name in PRINTED] * len(DATASETS))
    notes = [
        f"Table 1, {table.holes}; {stamp}.",
        f"Needs booktabs and xcolor. Each cell: ours{' (printed)' if table.printed else ''}.",
    ]
    head = [
        cells_to_line(["", groups]),
        rules,
        cells_to_line(["", ours]),
        *([cells_to_line(["", printed])] if table.printed else []),
    ]
    body = (
        [label, *(cell_to_latex(table, method, dataset, name) for dataset in DATASETS for name in PRINTED)]
        for method, label in table.methods.items()
    )
    end = f"{table.seeds_text()}{table.names_text()}".replace("±", "+-")
    return tabular(notes, f"l{'c' * 3 * len(DATASETS)}", head, body, [end])


def cell_to_latex(table: Table, method: str, dataset: str, name: str) -> str:
    """`ours ± spread (printed)`; the best of ours in bold."""
    cell = table.cell(method, dataset, name)
    text = f"{cell.ours:.{DECIMALS[name]}f}"
    if method == table.order(dataset, name)[0]:
        text = rf"\textbf{{{text}}}"
    if cell.spread is not None:
        text += rf"\,$\pm$\,{cell.spread:.{DECIMALS[name]}f}"
    return with_printed(text, table.printed[method, dataset, name]) if table.printed else text
