"""The promises of text as people have it: read in any form, and held out in long pieces."""

from itertools import chain
from pathlib import Path

import pytest
from test_data import predicted


def test_files_of_any_kind_are_read(module):
    data = module("data")

    def read(**settings) -> list[list[bytes]]:
        loaders, _ = data.build_loaders(data.DataConfig(**settings), 0)
        parts = [loader.dataset for loader in loaders.values()]
        return [predicted(part[list(range(len(part)))]) for part in parts]

    long = "".join(f"Line {number}\n" for number in range(9))
    for place, text in {
        "root/Train.TXT": long.encode("utf-8-sig"),
        "root/VALID.md": long.encode("utf-16"),
        "root/.hidden/train.txt": b"hidden",
        "root/._train.txt": b"hidden",
        "all/a.TXT": b"a",
        "all/deeper/b.md": b"b",
        "all/empty.txt": b"",
        "all/.cache/c.txt": b"c",
        "all/__MACOSX/d.txt": b"d",
        "all/rows.jsonl": b'{"text": "row 1", "n": 1}\n\n{"text": "row 2"}\n{"n": 2}\n',
        "all/table.CSV": "n;text\n1;'row; é'\n2;\n".replace("'", '"').encode("utf-16"),
        "all/README": b"no text",
        "latin.txt": "für\nété".encode("latin-1"),
    }.items():
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        Path(place).write_bytes(text)
    found = [b"".join(part) for part in read(root=Path("root"))]
    assert found == [long.encode() + b"\xff"] * 2
    found = b"".join(chain(*read(root=Path("all"), packed=False)))
    assert sorted(found.split(b"\xff")) == [b"", b"a", b"b", b"row 1", b"row 2", "row; é".encode()]
    found = chain(*read(root=Path("latin.txt"), packed=False, encoding="latin-1"))
    assert sorted(found) == ["für".encode() + b"\xff", "été".encode() + b"\xff"]


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
