"""Files for other programs, as those read them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from app.config import PROJECT_ROOT


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_takes_the_alerts() -> None:
    """Every expression and every template in them is valid."""
    rules = PROJECT_ROOT / "docs" / "deploy" / "prometheus-alerts.yaml"
    checked = subprocess.run(["promtool", "check", "rules", str(rules)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "rules found" in checked.stdout


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@pytest.mark.parametrize("part", ["base", "keda"])
def test_kustomize_makes_the_manifests(part: str) -> None:
    """Patches apply, and the image is the one that is set."""
    folder = PROJECT_ROOT / "docs" / "deploy" / "kubernetes" / part
    made = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert made.stdout.count("image: registry.example.com/tranche:") == 3
    assert (part == "keda") is ("kind: ScaledObject" in made.stdout)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """Every setting is one that it knows."""
    units = []
    for unit in (PROJECT_ROOT / "docs" / "deploy" / "systemd").iterdir():
        # The program has to be there.
        text = unit.read_text(encoding="utf-8").replace("/srv/tranche/.venv/bin/flask", "/bin/true")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
        units.append(str(tmp_path / unit.name))
    checked = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert not [line for line in checked.stderr.splitlines() if str(tmp_path) in line], checked.stderr
