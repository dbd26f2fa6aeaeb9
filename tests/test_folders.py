"""Folders of test runs: those of runs that have ended are removed, and no other's."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests import folders


def test_only_folders_of_processes_that_have_ended_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if another process has the number by now; a folder without a note may be one that is just being made."""
    monkeypatch.setattr(folders, "_MEMORY", tmp_path)
    monkeypatch.setattr(folders.tempfile, "tempdir", str(tmp_path))
    own, reused, ended, bare = (folders.make(tmp_path) for _ in range(4))
    (bare / "owner").unlink()
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        (ended / "owner").write_text(f"{process.pid} {psutil.Process(process.pid).create_time()}")
    (reused / "owner").write_text(f"{os.getpid()} 1.0")
    folders.remove_orphans()
    assert sorted(tmp_path.iterdir()) == sorted([own, bare])
