"""The body of an answer: unpacked as it arrives, and of limited size before and after.

The HTTP client unpacks by itself, but limits neither size.
"""

import zlib
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from app.providers.http.reply import NoReply

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
"""The largest body that is read, as it is sent and again as it is unpacked."""

_BROKEN_PACKING: Final = "The answer could not be unpacked."
_WINDOW_BITS: Final[Mapping[str, int | None]] = {
    "": None,
    "identity": None,
    "gzip": 16 + zlib.MAX_WBITS,
    "x-gzip": 16 + zlib.MAX_WBITS,
    "deflate": zlib.MAX_WBITS,
}


async def read_body(response: aiohttp.ClientResponse) -> bytes:
    """Return the unpacked body, never holding more of it than the limit. Raises `NoReply`."""
    body = _Body(", ".join(response.headers.getall("Content-Encoding", ())))
    async for chunk in response.content.iter_any():
        body.add(chunk)
    return body.whole()


class _Body:
    """A body as it arrives: counted, unpacked, and refused as soon as it is too large."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding.strip().lower()
        if self._encoding not in _WINDOW_BITS:
            raise NoReply("The answer came in an unknown encoding.", was_sent=True)
        self._received = 0
        self._unpacked = bytearray()
        self._unpacker: Any = None

    def add(self, chunk: bytes) -> None:
        """Take the next piece, which is not empty."""
        self._received += len(chunk)
        self._unpacked += self._unpack(chunk)
        if max(self._received, len(self._unpacked)) > MAX_BODY_BYTES:
            raise NoReply("The answer was too large.", was_sent=True)

    def whole(self) -> bytes:
        """Return the body, once all of it is there."""
        if self._unpacker and (not self._unpacker.eof or self._unpacker.unused_data):
            raise NoReply(_BROKEN_PACKING, was_sent=True)
        return bytes(self._unpacked)

    def _unpack(self, chunk: bytes) -> bytes:
        bits = _WINDOW_BITS[self._encoding]
        if bits is None:
            return chunk
        if self._unpacker is None:
            # Deflate should have a header, whose first half byte is 8; some servers leave it out.
            is_bare = self._encoding == "deflate" and chunk[0] & 0x0F != 8
            self._unpacker = zlib.decompressobj(-bits if is_bare else bits)
        try:
            # One byte more than is left tells a body that is too large from one that just fits.
            unpacked: bytes = self._unpacker.decompress(chunk, MAX_BODY_BYTES + 1 - len(self._unpacked))
        except zlib.error:
            raise NoReply(_BROKEN_PACKING, was_sent=True) from None
        return unpacked
