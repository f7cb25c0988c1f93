"""The three files of a Moodle user picture, made from any image that people send.

The model is Moodle's `process_new_icon`: the largest centred square, scaled to 100 (f1), 35 (f2) and 512 pixels (f3); a JPEG becomes JPEG of quality 90,
anything else PNG with its transparency. In addition, the orientation in the EXIF data is applied, and WebP is read.

`workers.py` runs this file as a program, and says why. So it must not import anything of Tool Sync.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from PIL import Image

SIZES = (100, 35, 512)  # of f1, f2, f3
LARGEST = max(SIZES)
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
JPEG_QUALITY = 90
PNG_LEVEL = 3  # of zlib: higher levels take three times as long and make photographs no smaller
MIMETYPES = {"jpg": "image/jpeg", "png": "image/png"}
LENGTH = struct.Struct(">Q")
ORIENTATION = 0x0112  # the EXIF tag

# What people send by mistake, by its first bytes.
OTHER_FORMATS = {
    b"PK\x03\x04": "an archive",
    b"%PDF": "a PDF document",
    b"<svg": "an SVG drawing",
    b"<?xml": "an XML or SVG document",
    b"<!DOCTYPE": "an HTML or SVG document",
    b"<html": "an HTML document",
    b"II*\x00": "a TIFF image",
    b"MM\x00*": "a TIFF image",
    b"BM": "a BMP image",
}
ISO_BRANDS = {b"heic": "a HEIC image", b"heix": "a HEIC image", b"mif1": "a HEIC image", b"avif": "an AVIF image"}


class NotAPicture(ValueError):
    """No picture can be made of a file; the message says why, to be shown after the file's name."""


@dataclass(frozen=True)
class Avatar:
    """The files of a user picture.

    :param extension: `jpg` or `png`.
    :param files: the bytes of f1, f2 and f3.
    """

    extension: str
    files: tuple[bytes, ...]

    @property
    def mimetype(self) -> str:
        return MIMETYPES[self.extension]

    @cached_property
    def by_hash(self) -> dict[str, bytes]:
        """The files in their order, by their SHA-1: the name under which Moodle stores them."""
        return {hashlib.sha1(content).hexdigest(): content for content in self.files}


def draw(content: bytes, most_pixels: int) -> Avatar:
    """Make the avatar of an image.

    :param content: the image file.
    :param most_pixels: an image with more is refused before it is decoded.
    :raises NotAPicture: the image can't be read.
    """
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # the check below is stricter, and its message names the size
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height > most_pixels:
                raise NotAPicture(f"{width} × {height} pixels; at most {most_pixels / 1e6:g} million are read")
            return _draw(image)
    except NotAPicture:
        raise
    except UnidentifiedImageError:
        raise NotAPicture(f"{_looks_like(content)}; JPEG, PNG, GIF and WebP are read") from None
    except MemoryError:
        raise NotAPicture("reading it takes more memory than a worker may use") from None
    except Exception as error:  # for broken files, the decoders raise all kinds of errors
        raise NotAPicture(f"the image is damaged: {error}") from None


def _draw(image: Image.Image) -> Avatar:
    from PIL import Image

    jpeg = image.format in {"JPEG", "MPO"}  # MPO: a JPEG followed by a second image, which some phones write
    image.draft(None, (2 * LARGEST, 2 * LARGEST))  # decodes a large JPEG at half to an eighth of its size
    image.load()
    turn = _turn(image)
    largest = _as_rgb(_square(image)).resize((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    if turn is not None:
        largest = largest.transpose(turn)
    extension = "jpg" if jpeg else "png"
    thumbnails = [
        largest if size == LARGEST else largest.resize((size, size), Image.Resampling.LANCZOS) for size in SIZES
    ]
    return Avatar(extension, tuple(_encoded(thumbnail, jpeg) for thumbnail in thumbnails))


def _square(image: Image.Image) -> Image.Image:
    """The largest centred square; its side is even, as in Moodle."""
    width, height = image.size
    half = min(width, height) // 2
    left, top, side = width // 2 - half, height // 2 - half, max(2 * half, 1)
    return image.crop((left, top, left + side, top + side))


def _turn(image: Image.Image) -> Image.Transpose | None:
    """The transposition that makes a photograph upright; None: it is, or does not say."""
    from PIL import Image

    turn = Image.Transpose
    turns = {
        2: turn.FLIP_LEFT_RIGHT,
        3: turn.ROTATE_180,
        4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE,
        6: turn.ROTATE_270,
        7: turn.TRANSVERSE,
        8: turn.ROTATE_90,
    }
    try:
        return turns.get(image.getexif().get(ORIENTATION, 1))
    except Exception:  # a picture with broken EXIF data is still a picture
        return None


def _as_rgb(image: Image.Image) -> Image.Image:
    """The image in RGB, or RGBA if any of it is transparent, with 8 bits a channel."""
    if image.mode.startswith("I"):  # Pillow's own conversion from 16 bits clips at 255
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
        image.info.pop("transparency", None)
    wanted = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def _encoded(image: Image.Image, jpeg: bool) -> bytes:
    image.info.clear()  # or the metadata, which can include where it was taken, would be written, too
    stream = io.BytesIO()
    if jpeg:
        image.save(
            stream, "JPEG", quality=JPEG_QUALITY, subsampling=0
        )  # as GD from 90 on: small faces keep their colours
    else:
        image.save(stream, "PNG", compress_level=PNG_LEVEL)
    return stream.getvalue()


def _looks_like(content: bytes) -> str:
    start = content[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    if content[4:8] == b"ftyp" and content[8:12] in ISO_BRANDS:
        return ISO_BRANDS[content[8:12]]
    for beginning, what in OTHER_FORMATS.items():
        if start.lower().startswith(beginning.lower()):
            return what
    return "not an image" if content else "an empty file"


# The worker's side. A request is a length and an image. An answer is a length, JSON of that length, and the files whose sizes the JSON lists.


def serve(requests: BinaryIO, answers: BinaryIO, most_pixels: int) -> None:
    """Answer requests until there are no more.

    :param most_pixels: as for `draw`.
    """
    _answer(answers, {"ready": True})
    while header := requests.read(LENGTH.size):
        (length,) = LENGTH.unpack(header)
        try:
            avatar = draw(requests.read(length), most_pixels)
        except NotAPicture as problem:
            _answer(answers, {"refused": str(problem)})
        else:
            sizes = [len(content) for content in avatar.files]
            _answer(answers, {"extension": avatar.extension, "sizes": sizes}, *avatar.files)


def _answer(answers: BinaryIO, header: Mapping[str, Any], *contents: bytes) -> None:
    text = json.dumps(header).encode()
    answers.write(b"".join((LENGTH.pack(len(text)), text, *contents)))
    answers.flush()


def main(memory_bytes: int, most_pixels: int) -> None:
    """Be a worker, which can write to nothing but its answers.

    :param memory_bytes: the most memory that the process may use.
    :param most_pixels: as for `draw`.
    """
    import os
    import resource
    import sys

    from PIL import Image

    Image.init()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, answers, most_pixels)


if __name__ == "__main__":
    import sys

    main(int(sys.argv[1]), int(sys.argv[2]))
