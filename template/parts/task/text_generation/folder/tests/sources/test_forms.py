"""The promises of text as people have it: read in any form, and held out in long pieces."""

from itertools import chain
from pathlib import Path

from test_own import predicted


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
