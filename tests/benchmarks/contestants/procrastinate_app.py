"""The procrastinate application of `procrastinate_jobs`; PEER_URL says where its database is."""

import os

from procrastinate import App, PsycopgConnector

connector = PsycopgConnector(conninfo=os.environ.get("PEER_URL", ""), min_size=4, max_size=10)
app = App(connector=connector)


@app.task(name="enrich")
async def enrich(ids: str) -> None:
    """Look at the ids."""
    for _ in ids.split(","):
        pass
