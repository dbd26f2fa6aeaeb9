"""The wheel: built, installed in an environment that knows nothing of the checkout, and used from an empty folder."""

import http.client
import os
import re
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest

from app.config import PROJECT_ROOT
from tests.patience import PATIENCE_SECONDS


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel in it, an empty folder to work in, and the service's own folder."""

    wheel: Path
    python: Path
    folder: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the programs get: nothing of whoever runs the tests but where programs are."""
        return {
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}",
            "TRANCHE_HOME": str(self.home),
            "SECRET_KEY": "a-secret-key-for-tests",
        }

    def run(self, *command: str) -> str:
        """Run a program of the environment in the empty folder and return what it printed; it must end well."""
        program, *arguments = command
        done = subprocess.run(
            [self.python.with_name(program), *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Build the wheel and install it.

    The dependencies are those of this environment, whose folder is only looked into: links to checkouts that stand
    in it, such as the one of `pip install -e`, are not followed.
    """
    root = tmp_path_factory.mktemp("package")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(root)],
        cwd=PROJECT_ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = root.glob("*.whl")
    venv.create(root / "env")
    python = root / "env" / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", wheel],
        check=True, cwd=root,
    )  # fmt: skip
    site = next((root / "env" / "lib").glob("python*/site-packages"))
    folders = [folder for folder in sys.path if Path(folder).name == "site-packages"]
    (site / "dependencies.pth").write_text("\n".join(folders), encoding="utf-8")
    for name in ("empty", "home"):
        (root / name).mkdir()
    return Installed(wheel, python, root / "empty", root / "home")


def test_the_wheel_has_all_that_the_service_needs_and_no_more(installed: Installed) -> None:
    """One package, with its templates, files, samples, migrations, and what gunicorn is told; no test, no document."""
    names = set(ZipFile(installed.wheel).namelist())
    ours = {name for name in names if ".dist-info/" not in name}
    of_checkout = {
        path.relative_to(PROJECT_ROOT).as_posix()
        for folder in ("app", "migrations")
        for path in (PROJECT_ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    } | {"gunicorn.conf.py", "wsgi.py"}
    assert ours == {name if name.startswith("app/") else f"app/{name}" for name in of_checkout}


def test_the_demo_runs_from_an_empty_folder(installed: Installed) -> None:
    """With nothing of the checkout, no setting, and nothing left behind but in the service's own folder."""
    where = "import app, sys; print(app.__file__, *sys.path)"
    assert str(PROJECT_ROOT) not in installed.run("python", "-c", where).split()
    output = installed.run("tranche", "demo")
    assert output.count("The job is complete.") == 2
    assert f"DATABASE_URL=sqlite:///{installed.home}/demo.db tranche jobs" in output
    assert list(installed.folder.iterdir()) == []
    assert {path.name for path in installed.home.iterdir()} == {"demo.db", "demo-people.csv", "demo-companies.csv"}


def test_both_commands_work_on_the_database_in_the_folder_of_the_service(installed: Installed) -> None:
    """`tranche` and `flask enrich` are the same, wherever one is."""
    installed.run("tranche", "upgrade")
    assert (installed.home / "tranche.db").exists()
    installed.run("tranche", "exclude", "acme.example")
    assert "acme.example" in installed.run("python", "-m", "flask", "enrich", "exclusions")
    (installed.home / ".env").write_text("ENRICH_CHUNK_SIZE=7\n", encoding="utf-8")
    chunk_size = "from app.config import Config; print(Config.from_env().ENRICH_CHUNK_SIZE)"
    assert installed.run("python", "-c", chunk_size) == "7\n"
    assert list(installed.folder.iterdir()) == []


@pytest.fixture
def port(installed: Installed) -> Iterator[int]:
    """The port at which `tranche serve` listens."""
    installed.run("tranche", "upgrade")
    installed.run("tranche", "users", "create", "ada")
    settings = {"GUNICORN_CMD_ARGS": "--bind 127.0.0.1:0"}
    process = subprocess.Popen(
        [installed.python.with_name("tranche"), "serve"],
        cwd=installed.folder, env=installed.environment | settings, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        yield next(int(found[1]) for line in process.stderr if (found := re.search(r"http://127.0.0.1:(\d+)", line)))
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0


def test_serve_has_pages_files_and_migrations(installed: Installed, port: int) -> None:
    """Whatever is no module is found: revisions, templates, and the files of console and documentation."""
    for path in ("/readyz", "/console/sign-in", "/console/assets/console.css", "/api/docs/assets/docs.js"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        connection.request("GET", path)
        assert (path, connection.getresponse().status) == (path, 200)
        connection.close()
    assert list(installed.folder.iterdir()) == []
