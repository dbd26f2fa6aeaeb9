"""Workers and beats of Celery, as processes that may be killed."""

from pathlib import Path

from app.celery_sender import make_celery
from tests.faults.world import World
from tests.forks import Process


class Fleet:
    """Starts them on a world whose settings name a broker; what they say goes to a file."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.celery = make_celery(world.settings["CELERY_BROKER_URL"])
        self.processes: list[Process] = []
        self._log = (folder / "fleet.log").open("a+", encoding="utf-8")

    def node(self, *, processes: int = 2, lease_seconds: float) -> Process:
        """Start a worker with so many processes. Killed, it takes them with it."""
        name = f"--hostname=node{len(self.processes)}"
        options = (f"--concurrency={processes}", name, "--without-gossip", "--without-mingle")
        return self._start("worker", *options, ENRICH_LEASE_SECONDS=f"{lease_seconds:g}")

    def beat(self) -> Process:
        """Start a beat."""
        return self._start("beat", f"--schedule={self.folder / f'beat{len(self.processes)}'}", "--pidfile=")

    def end(self) -> str:
        """Kill everybody; return what they said."""
        for process in self.processes:
            process.end()
        self._log.seek(0)
        said = self._log.read()
        self._log.close()
        return said

    def _start(self, *arguments: str, **settings: str) -> Process:
        command = ["celery", "-A", "app.celery_app", *arguments]
        environment = {**self.world.environment, **settings}
        self.processes.append(Process(command, environment, output=self._log.fileno()))
        return self.processes[-1]
