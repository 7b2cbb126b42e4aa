"""The promises of what is held out: long pieces that stay where they are."""

from itertools import chain

import pytest


def test_long_text_is_held_out_in_long_pieces(module):
    def hold_out(*documents: str, share: float = 0.1) -> dict[str, list[str]]:
        return module("sources.pieces").hold_out(list(documents), share, 0.05, whole=False)

    lines = "".join(f"Line {number} of some play.\n" for number in range(40_000))
    parts = hold_out(lines)
    assert len(parts["evaluation"]) == pytest.approx(13, abs=3)
    for part, share in (("evaluation", 0.1), ("test", 0.05)):
        held_out = "".join(parts[part])
        assert len(held_out) == pytest.approx(share * len(lines), rel=0.25)
        assert all(piece in lines and piece.endswith("\n") for piece in parts[part])
        assert held_out.count("\n") > 100 * len(parts[part])
    assert sorted("".join(chain(*parts.values()))) == sorted(lines)

    more = hold_out(lines + "And then some more was said.\n" * 20_000)
    for part, pieces in parts.items():  # but for the last one, which may have grown
        assert more[part][: len(pieces) - 1] == pieces[:-1]

    # Few documents, the largest a thousand times the smallest, and one without any line's end.
    parts = hold_out(lines, lines[:900], lines[5000:60_000], "word " * 20_000, share=0.2)
    sizes = {part: sum(map(len, pieces)) for part, pieces in parts.items()}
    assert sizes["evaluation"] == pytest.approx(0.2 * sum(sizes.values()), rel=0.25)
    assert len(hold_out("abc " * 500)["evaluation"]) == 1
