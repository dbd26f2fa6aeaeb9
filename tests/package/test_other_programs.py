"""The alerts, as Prometheus itself reads them."""

import shutil
import subprocess

import pytest

from app.config import PROJECT_ROOT


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_takes_the_alerts() -> None:
    """Every expression and every template in them is valid."""
    rules = PROJECT_ROOT / "docs" / "deploy" / "prometheus-alerts.yaml"
    checked = subprocess.run(["promtool", "check", "rules", str(rules)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "rules found" in checked.stdout
