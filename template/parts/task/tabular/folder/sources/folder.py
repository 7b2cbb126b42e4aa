"""Tables of one's own: a file, or a folder of files, those of the parts by themselves or not."""

from pathlib import Path

from ..core.errors import warn
from ..settings.data import DataConfig
from .readers import Table, find_files, read_tables


def read_root(cfg: DataConfig) -> dict[str, Table]:
    """Return the rows of each part that there are files for; UserError if one can't be read."""
    files = find_files(cfg.root)
    files |= {"evaluation": [cfg.evaluation]} if cfg.evaluation else {}
    files |= {"test": [cfg.test]} if isinstance(cfg.test, Path) else {}
    broken: list[str] | None = [] if cfg.skip_broken else None
    tables = {p: read_tables(f, cfg.encoding, cfg.separator, broken) for p, f in files.items()}
    if broken:
        warn(f"{len(broken)} rows left out, {broken[0]}")
    return tables
