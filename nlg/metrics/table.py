"""Print reports side by side, one score a row."""

from collections.abc import Mapping

from nlg.text.width import padded, width

LEAST = 10  # columns of the narrowest cell
Report = Mapping[str, float | int | None]


def table(columns: Mapping[str, Report]) -> str:
    """Return a table with a column for each report; "-" where a score is missing.

    Example:
        >>> print(table({"human": {"couplets": 2000}, "nlg": {"bleu": 0.5}}))
                       human         nlg
        couplets       2,000           -
        bleu               -      0.5000
    """
    names = list(dict.fromkeys(name for report in columns.values() for name in report))
    first = max(map(width, names), default=0)
    wide = {title: max(width(title), LEAST) for title in columns}
    lines = [_row("", {title: title for title in columns}, first, wide)]
    for name in names:
        cells = {title: _cell(report.get(name)) for title, report in columns.items()}
        lines.append(_row(name, cells, first, wide))
    return "\n".join(lines)


def _row(
    name: str, cells: Mapping[str, str], first: int, wide: Mapping[str, int]
) -> str:
    right = (" " * (wide[title] - width(cell)) + cell for title, cell in cells.items())
    return "  ".join([padded(name, first), *right])


def _cell(value: float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
