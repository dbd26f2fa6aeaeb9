"""A client that sends one request again and again: `… load METHOD URL COUNT CONCURRENCY`, with TOKEN around it."""

import asyncio
import os
import sys

from aiohttp import ClientSession, TCPConnector

from tests.benchmarks.stage import on_signal


async def main(method: str, url: str, count: int, concurrency: int) -> None:
    """Send so many requests, so many at once; each must be answered with 200."""
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
    async with ClientSession(headers=headers, connector=TCPConnector(limit=concurrency)) as session:
        rest = iter(range(count))

        async def send() -> None:
            for _ in rest:
                async with session.request(method, url) as answer:
                    body = await answer.read()
                    assert answer.status == 200, (answer.status, body)

        with on_signal():
            await asyncio.gather(*(send() for _ in range(concurrency)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
