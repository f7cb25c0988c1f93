"""The three files of a user picture, made from any image that people send; and images that must not be decoded."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

from tests.support.pictures import BLUE, GREEN, RED, WHITE, chunk, encoded, opened, plain, png
from toolsync.pictures.avatars import NotAPicture, draw
from toolsync.pictures.workers import ImageWorkers, WorkerLimits

PIXELS = 50_000_000
LIMITS = WorkerLimits(pixels=PIXELS, memory_bytes=1_200_000_000, seconds=30)


def sizes(avatar) -> list[tuple[int, int]]:
    return [opened(content).size for content in avatar.files]


def quantization(content: bytes) -> dict[int, list[int]]:
    image = opened(content)
    assert isinstance(image, JpegImageFile)
    return image.quantization


def near(image: Image.Image, place: tuple[int, int], color: tuple[int, ...], tolerance: int = 12) -> bool:
    found = image.getpixel(place)
    assert isinstance(found, tuple)
    return len(found) == len(color) and all(abs(a - b) <= tolerance for a, b in zip(found, color, strict=True))


def test_a_jpeg_gives_three_jpegs_of_moodles_quality():
    avatar = draw(plain(size=(300, 200), kind="JPEG", quality=75), PIXELS)
    assert avatar.extension == "jpg" and avatar.mimetype == "image/jpeg"
    assert sizes(avatar) == [(100, 100), (35, 35), (512, 512)]
    as_90 = quantization(plain(kind="JPEG", quality=90))
    assert [quantization(content) for content in avatar.files] == [as_90] * 3
    assert [get_sampling(opened(content)) for content in avatar.files] == [0] * 3  # a colour for each pixel


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP"])
def test_anything_else_gives_pngs(kind: str):
    avatar = draw(plain(kind=kind), PIXELS)
    assert avatar.extension == "png"
    images = [opened(content) for content in avatar.files]
    assert [image.format for image in images] == ["PNG"] * 3
    assert sizes(avatar) == [(100, 100), (35, 35), (512, 512)]
    assert all(near(image, (10, 10), RED) for image in images)


def test_the_same_image_gives_the_same_bytes():
    content = plain(kind="JPEG")
    assert draw(content, PIXELS).by_hash.keys() == draw(content, PIXELS).by_hash.keys()


@pytest.mark.parametrize("size", [(900, 300), (300, 900), (901, 301)])
def test_the_square_is_cut_from_the_centre(size: tuple[int, int]):
    image = Image.new("RGB", size, RED)
    side = min(size)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    image.paste(GREEN, (left, top, left + side, top + side))
    for content in draw(encoded(image), PIXELS).files:
        small = opened(content)
        last = small.width - 1
        assert all(near(small, (x, y), GREEN) for x in (1, last - 1) for y in (1, last - 1))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_orientation_of_the_camera_is_compensated(kind: str, orientation: int):
    upright = Image.new("RGB", (640, 640), WHITE)
    ImageDraw.Draw(upright).rectangle((0, 0, 320, 320), fill=RED)
    ImageDraw.Draw(upright).rectangle((320, 0, 640, 320), fill=BLUE)
    turn = Image.Transpose
    stored_as = {
        2: turn.FLIP_LEFT_RIGHT,
        3: turn.ROTATE_180,
        4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE,
        6: turn.ROTATE_90,
        7: turn.TRANSVERSE,
        8: turn.ROTATE_270,
    }
    stored = upright.transpose(stored_as[orientation]) if orientation in stored_as else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    small = opened(draw(encoded(stored, kind, exif=exif), PIXELS).files[0])
    assert near(small, (10, 10), RED, 20) and near(small, (90, 10), BLUE, 20) and near(small, (10, 90), WHITE, 20)


def test_transparency_stays():
    image = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((50, 50, 150, 150), fill=(*GREEN, 255))
    for content in draw(encoded(image), PIXELS).files:
        small = opened(content)
        middle = small.width // 2
        assert small.mode == "RGBA"
        assert near(small, (1, 1), (0, 0, 0, 0)) and near(small, (middle, middle), (*GREEN, 255))


def test_the_first_frame_of_an_animation_counts():
    frames = [Image.new("P", (60, 60), 0), Image.new("P", (60, 60), 1)]
    for frame in frames:
        frame.putpalette([*RED, *BLUE] + [0] * 762)
    for kind in ("GIF", "PNG", "WEBP"):
        first, second = (frame if kind == "GIF" else frame.convert("RGB") for frame in frames)
        content = encoded(first, kind, save_all=True, append_images=[second])
        assert near(opened(draw(content, PIXELS).files[2]), (256, 256), RED), kind


def test_a_transparent_gif_stays_transparent():
    image = Image.new("P", (80, 80), 1)
    image.putpalette([*RED, *BLUE] + [0] * 762)
    image.paste(0, (0, 0, 40, 80))
    small = opened(draw(encoded(image, "GIF", transparency=1), PIXELS).files[0])
    assert near(small, (10, 50), (*RED, 255)) and small.getpixel((90, 50))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (plain(128, mode="L", kind="JPEG"), (128, 128, 128)),
        (plain((0, 255, 255, 0), mode="CMYK", kind="JPEG"), (255, 0, 0)),
        (plain(1, mode="1"), (255, 255, 255)),
        (plain((100, 255), mode="LA"), (100, 100, 100, 255)),
        (png(20, 20, (b"\0" + b"\x9c\x40" * 20) * 20, depth=16, kind=0), (156, 156, 156)),
        (png(20, 20, (b"\0" + b"\x9c\x40\x40\x00\x20\x00" * 20) * 20, depth=16, kind=2), (156, 64, 32)),
        (png(20, 20, (b"\0" + b"\x9c\x40\xff\xff" * 20) * 20, depth=16, kind=4), (156, 156, 156, 255)),
        (
            png(20, 20, (b"\0" + b"\x9c\x40" * 20) * 20, depth=16, kind=0, extra=chunk(b"tRNS", b"\x00\x01")),
            (156, 156, 156),
        ),
    ],
    ids=[
        "grey JPEG",
        "CMYK JPEG",
        "1 bit",
        "grey and alpha",
        "16 bit grey",
        "16 bit RGB",
        "16 bit grey, alpha",
        "16 bit key",
    ],
)
def test_every_way_to_store_colours_is_read(content: bytes, expected: tuple[int, ...]):
    assert near(opened(draw(content, PIXELS).files[2]), (256, 256), expected)


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (3000, 2), (5, 7)])
def test_tiny_images_are_enlarged(size: tuple[int, int]):
    avatar = draw(plain(size=size), PIXELS)
    assert sizes(avatar) == [(100, 100), (35, 35), (512, 512)]
    assert near(opened(avatar.files[0]), (50, 50), RED)


def test_what_the_camera_noted_is_not_kept():
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    for kind in ("JPEG", "PNG", "WEBP"):
        content = (
            plain(kind=kind, exif=exif, comment=b"taken at home") if kind == "JPEG" else plain(kind=kind, exif=exif)
        )
        assert all(b"taken at home" not in file for file in draw(content, PIXELS).files)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "an empty file"),
        (b"not an image at all " * 20, "not an image"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "an XML or SVG document"),
        (b'  <SVG onload="alert(1)"/>', "an SVG drawing"),
        (b"PK\x03\x04" + b"\0" * 100, "an archive"),
        (plain(kind="TIFF"), "a TIFF image"),
        (plain(kind="BMP"), "a BMP image"),
        (plain(kind="AVIF"), "an AVIF image"),
        (plain(kind="JPEG", size=(500, 500))[:-900], "truncated"),
        (encoded(Image.effect_noise((200, 200), 90))[:-5000], "truncated"),
        (plain(kind="GIF", size=(200, 200))[:40], "damaged"),
        (encoded(Image.effect_noise((200, 200), 90).convert("RGB"), "WEBP")[:-2000], "damaged"),
        (png(50_000, 50_000), "50000 × 50000 pixels; at most 50 million are read"),
        (png(20, 20), "damaged"),
    ],
)
def test_what_is_no_image_is_refused_with_its_reason(content: bytes, reason: str):
    with pytest.raises(NotAPicture, match=reason):
        draw(content, PIXELS)


def test_a_gif_whose_canvas_is_a_bomb_is_refused():
    content = bytearray(plain(kind="GIF"))
    content[6:10] = b"\xff\xff\xff\xff"
    with pytest.raises(NotAPicture, match="65535 × 65535 pixels"):
        draw(bytes(content), PIXELS)


def test_a_name_may_lie_about_what_the_file_is():
    assert draw(plain(kind="JPEG"), PIXELS).extension == "jpg"


# Worker processes


@pytest.fixture
def workers() -> Iterator[ImageWorkers]:
    with ImageWorkers(1, LIMITS) as workers:
        yield workers


def test_a_worker_draws_the_same(workers: ImageWorkers):
    content = plain(kind="JPEG", size=(2000, 1000))
    assert workers.draw(content).files == draw(content, PIXELS).files
    with pytest.raises(NotAPicture, match="not an image"):
        workers.draw(b"x")
    assert workers.draw(content).extension == "jpg"


def test_an_image_that_kills_its_worker_fails_alone(workers: ImageWorkers):
    workers.draw(plain())
    os.kill(workers._started[0].process.pid, signal.SIGKILL)
    with pytest.raises(NotAPicture, match="crashed"):
        workers.draw(plain())
    assert workers.draw(plain()).extension == "png"


def test_an_image_that_takes_all_memory_fails_alone():
    with ImageWorkers(1, WorkerLimits(PIXELS, 300_000_000, 30)) as workers:
        with pytest.raises(NotAPicture, match="memory"):
            workers.draw(plain((1, 2, 3, 4), (7000, 7000), mode="RGBA", compress_level=1))
        assert workers.draw(plain()).extension == "png"


def test_an_image_that_never_ends_fails_alone(workers: ImageWorkers):
    workers.draw(plain())
    os.kill(workers._started[0].process.pid, signal.SIGSTOP)
    workers._started[0].limits = WorkerLimits(PIXELS, LIMITS.memory_bytes, 0.2)
    with pytest.raises(NotAPicture, match="takes more than 0.2 seconds"):
        workers.draw(plain())
    assert workers.draw(plain()).extension == "png"


def test_a_worker_knows_no_secrets_and_does_not_outlive_us(workers: ImageWorkers, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB", "mysql://of-the-site")
    workers.draw(plain())
    process = workers._started[0].process
    assert b"of-the-site" not in Path(f"/proc/{process.pid}/environ").read_bytes()
    assert process.stdin
    process.stdin.close()
    assert process.wait(10) == 0


def test_a_program_that_does_not_start_is_no_fault_of_the_image(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("toolsync.pictures.avatars.__file__", "/nowhere/avatars.py")
    with ImageWorkers(1, LIMITS) as workers, pytest.raises(RuntimeError, match="does not start"):
        workers.draw(plain())
