"""The promises of the task on files: what is refused, told and scored."""

from pathlib import Path

import pytest


def test_target_must_be_classes(train, module):
    Path("rows.csv").write_text("a,b\n1,x\n2,x\n3,x\n")
    with pytest.raises(module("core.errors").UserError, match="b holds 1 classes; at least 2"):
        train("--data.root", "rows.csv")
    Path("rows.csv").write_text("a,b\n" + "1,x\n2,y\n" * 9)
    Path("test.csv").write_text("a,b\n1,y\n2,\n")
    with pytest.raises(
        module("core.errors").UserError, match=r"test\.csv, line 3: b '' is missing"
    ):
        train("--data.root", "rows.csv", "--data.evaluation", "test.csv")


def test_evaluate_takes_new_rows_as_the_run_did(train, call, module):
    rows = [f"{n % 9},{'xy'[n % 9 > 4]}\n" for n in range(90)]
    Path("rows.csv").write_text("a,b\n" + "".join(rows))
    assert train("--data.root", "rows.csv") == 0
    Path("new.csv").write_text("a,b\n7,y\n8,y\n")
    (told,) = call("evaluate", "--run", "runs/run", "--data.evaluation", "new.csv")
    assert told["classes"]["y"]["examples"] == 2 and told["accuracy"] == 1
    Path("new.csv").write_text("a,b\n7,z\n")
    with pytest.raises(
        module("core.errors").UserError, match="line 2: b 'z' is none of the classes"
    ):
        module("evaluate").main(["--run", "runs/run", "--data.evaluation", "new.csv"])
