"""Fetch what the site takes from npm: pinned, checked, and kept in a folder that git ignores."""

import base64
import gzip
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

DATE = (1980, 1, 1, 0, 0, 0)
CACHE = Path(__file__).resolve().parent / ".cache"
PINNED = {
    "pyodide@314.0.7": "0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi"
    "/6V5JEsOlD2R1A==",
    "@highlightjs/cdn-assets@11.12.0": "KvOKXODaiFmId9xaq3xc5xCL66wVLUuOngDbO9B/kewbFTqdGbn2nJxN"
    "hN3H5R1cgDTVj6R8vH0zgiNDEGjpDw==",
    "axe-core@4.14.1": "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFoo"
    "JpZe37OgudVGtQ==",
}
LANGUAGES = ("bash", "dockerfile", "ini", "markdown", "python", "yaml")

# Of Python's library: what neither Pyodide nor the renderer imports, and what is large.
# fmt: off
UNUSED = (
    "_pyrepl", "doctest.py", "ftplib.py", "html", "http/server.py", "idlelib", "imaplib.py",
    "mailbox.py", "multiprocessing", "optparse.py", "pdb.py", "pickletools.py", "poplib.py",
    "pydoc.py", "pydoc_data", "smtplib.py", "sqlite3", "statistics.py", "tkinter", "turtle.py",
    "unittest", "wsgiref", "xml", "xmlrpc",
)
# fmt: on


def package(name: str) -> dict[str, bytes]:
    """Give the files of a pinned package by path."""
    kept = CACHE / f"{name.replace('/', '-').strip('@')}.tgz"
    if not kept.exists():
        if not shutil.which("npm"):
            raise SystemExit(f"npm is missing: {name} comes from its registry")
        CACHE.mkdir(exist_ok=True)
        words = ["npm", "pack", name, "--silent", "--pack-destination", str(CACHE)]
        said = subprocess.run(words, cwd=CACHE, capture_output=True, text=True)
        if said.returncode:
            raise SystemExit(f"npm pack {name}: {said.stderr.strip() or said.returncode}")
        (CACHE / said.stdout.split()[-1]).rename(kept)
    content = kept.read_bytes()
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != PINNED[name]:
        kept.unlink()
        raise SystemExit(f"{name}: the package is not the one that is pinned")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        files = [entry for entry in archive if entry.isfile()]
        return {entry.name.partition("/")[2]: archive.extractfile(entry).read() for entry in files}


def pinned(start: str) -> dict[str, bytes]:
    """Give the files of the pinned package with this name."""
    return package(next(name for name in PINNED if name.startswith(f"{start}@")))


def pyodide() -> dict[str, bytes]:
    """Give the parts of Pyodide that a page needs, the largest compressed."""
    files = pinned("pyodide")
    lock = json.loads(files["pyodide-lock.json"]) | {"packages": {}}
    return {
        "pyodide.mjs": files["pyodide.mjs"].partition(b"//# sourceMappingURL")[0],
        "pyodide.asm.mjs": files["pyodide.asm.mjs"],
        "pyodide.asm.wasm.packed": gzip.compress(files["pyodide.asm.wasm"], 9, mtime=0),
        "pyodide-lock.json": json.dumps(lock).encode(),
        "python_stdlib.zip.packed": gzip.compress(lighter(files["python_stdlib.zip"]), 9, mtime=0),
    }


def lighter(library: bytes) -> bytes:
    """Give Python's library without what isn't used; stored, for it is compressed as a whole."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(library)) as old, zipfile.ZipFile(written, "w") as new:
        for entry in old.infolist():
            if not any(f"{entry.filename}/".startswith(f"{name}/") for name in UNUSED):
                new.writestr(zipfile.ZipInfo(entry.filename, DATE), old.read(entry))
    return written.getvalue()


def highlight() -> dict[str, bytes]:
    """Give the highlighter with the languages of a project's files."""
    files = pinned("@highlightjs/cdn-assets")
    parts = {f"{name}.min.js": files[f"es/languages/{name}.min.js"] for name in LANGUAGES}
    return parts | {"core.min.js": files["es/core.min.js"], "LICENSE": files["LICENSE"]}


def axe() -> str:
    """Give the checker of accessibility, which the tests use."""
    return pinned("axe-core")["axe.min.js"].decode()
