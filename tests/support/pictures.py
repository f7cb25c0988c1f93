"""Images and archives for the tests."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from PIL import Image
from PIL.ImageFile import ImageFile

RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 160, 60), (30, 60, 200), (255, 255, 255)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The image as a file of that kind."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def plain(
    color: Any = RED, size: tuple[int, int] = (120, 120), mode: str = "RGB", kind: str = "PNG", **options: Any
) -> bytes:
    """A file of one colour."""
    return encoded(Image.new(mode, size, color), kind, **options)


def photograph(number: int, size: tuple[int, int] = (1000, 1500)) -> bytes:
    """A JPEG with the detail of a photograph; each number gives another."""
    import random

    noise = random.Random(number).randbytes((size[0] // 8) * (size[1] // 8) * 3)
    small = Image.frombytes("RGB", (size[0] // 8, size[1] // 8), noise)
    return encoded(small.resize(size, Image.Resampling.BICUBIC), "JPEG", quality=85)


def opened(content: bytes) -> ImageFile:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def png(width: int, height: int, raw: bytes = b"", *, depth: int = 8, kind: int = 2, extra: bytes = b"") -> bytes:
    """A PNG made by hand: its header may promise what is not there.

    :param kind: PNG's colour type.
    """
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = (chunk(b"IHDR", header), extra, chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def archive(files: Mapping[Any, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive of contents by their names, or by their ZipInfo."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return stream.getvalue()
