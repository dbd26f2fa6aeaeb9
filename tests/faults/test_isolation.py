"""Four workers with paid calls, some of them killed, at every default isolation, with and without a pooler."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.faults.conftest import MakeWorld
from tests.faults.isolation import ISOLATIONS, default_isolation, kill_workers
from tests.faults.proxy import Proxy
from tests.faults.world import World


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("is_pooler", [False, True], ids=["direct", "pooler"])
@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_kills_end_in_the_same_at_every_default_isolation(
    make_world: MakeWorld, database_url: str, tmp_path: Path, isolation: str, is_pooler: bool
) -> None:
    """The service works at an isolation of its own, whatever the database or a pooler's session say."""

    def make_proxied_world(*arguments: object, **settings: object) -> World:
        world = make_world(*arguments, **settings)
        world.database_url = getattr(proxy, "url", database_url)
        return world

    with (
        default_isolation(database_url, isolation),
        Proxy(database_url, is_pooler=True) if is_pooler else nullcontext() as proxy,
    ):
        kill_workers(make_proxied_world, tmp_path, people=200, kills=6)
