"""Which text is trained on, evaluated on and kept for a test: whole documents, or long pieces."""

from ..core.errors import UserError
from ..core.rng import mix
from .split import divide

FEW = 32
"""documents, below which each is cut, so that the shares don't hang on a few of them"""
SHORTEST, LONGEST = 256, 16_384
"""characters of a piece"""
GROWTH = 16
"""how often a piece fits into what stands before it, between the shortest and the longest"""
GOLDEN = 0.6180339887498949
"""steps of it, on a circle of length 1, leave no gap and no heap wherever they end"""


def hold_out(
    documents: list[str], holdout: float, test: float | None, whole: bool
) -> dict[str, list[str]]:
    """Return the documents of each part, the same ones for every seed.

    Each is drawn by what it says or, unless it is to stay `whole`, each long piece of it. Text
    that is added to the end of one moves none of its pieces. Raises UserError if there are fewer
    than the parts.
    """
    documents = list(filter(None, documents))
    shortest = SHORTEST if len(documents) < FEW else LONGEST
    pieces, numbers, draws = [], [], {}
    names = []
    for document in documents:
        cuts = [document] if whole else cut(document, shortest)
        first = mix("part", cuts[0]) / 2**63
        for number, piece in enumerate(cuts):
            pieces.append(piece)
            numbers.append(number)
            names.append(f"{first} {number}")
            draws[names[-1]] = (first + number * GOLDEN) % 1
    parts = divide(names, holdout, test, draws=draws)
    wanted = ["train", "evaluation", "test"] if test else ["train", "evaluation"]
    if len(parts) < len(wanted):
        kind = "documents" if whole else f"pieces of {SHORTEST} characters or more"
        raise UserError(
            f"{len(draws)} different {kind} can't be shared by {', '.join(wanted)}, which need one "
            "each; bring more text, or set data.test to null"
        )
    return {part: unite(pieces, numbers, rows) for part, rows in parts.items()}


def cut(document: str, shortest: int) -> list[str]:
    """Return a document in pieces that end with a line, if there is one, and grow on the way."""
    pieces, start = [], 0
    while start < len(document):
        size = min(max(start // GROWTH, shortest), LONGEST)
        end, most = start + size, start + 2 * size
        line = document.find("\n", end, most)
        end = line + 1 if line >= 0 else end if most <= len(document) else len(document)
        pieces.append(document[start:end])
        start = end
    return pieces


def unite(pieces: list[str], numbers: list[int], rows: list[int]) -> list[str]:
    """Return the pieces at `rows`, those that follow one another in a document as one."""
    found: list[list[str]] = []
    for before, row in zip([None, *rows], rows, strict=False):
        if numbers[row] and before == row - 1:
            found[-1].append(pieces[row])
        else:
            found.append([pieces[row]])
    return list(map("".join, found))
