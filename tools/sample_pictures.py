"""Makes include/samples/user_pictures.zip: `python -m tools.sample_pictures`. The faces are drawn, for accounts of the demo site."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw

SAMPLE = Path(__file__).resolve().parents[1] / "include/samples/user_pictures.zip"
SKIN, EYES, CLEAR = (240, 205, 175, 255), (50, 40, 40, 255), (0, 0, 0, 0)
FACES = {
    "class a/u001.jpg": (70, 120, 160, 255),
    "class a/u002.png": CLEAR,
    "class b/u003.gif": (150, 90, 130, 255),
    "class b/u004.webp": (90, 140, 90, 255),
    "nobody.here.png": (200, 150, 60, 255),
}


def face(background: tuple[int, int, int, int]) -> Image.Image:
    image = Image.new("RGBA", (160, 200), background)
    pen = ImageDraw.Draw(image)
    pen.ellipse((30, 40, 130, 160), fill=SKIN)
    for left in (60, 88):
        pen.ellipse((left, 80, left + 12, 94), fill=EYES)
    pen.arc((60, 100, 100, 135), 20, 160, fill=EYES, width=4)
    return image


def main() -> None:
    with zipfile.ZipFile(SAMPLE, "w") as sample:
        for path, background in FACES.items():
            stream = io.BytesIO()
            image = face(background)
            image_format = {".jpg": "JPEG", ".gif": "GIF", ".webp": "WEBP"}.get(Path(path).suffix, "PNG")
            (image if background is CLEAR else image.convert("RGB")).save(stream, image_format)
            sample.writestr(zipfile.ZipInfo(path, (2026, 9, 1, 8, 0, 0)), stream.getvalue())


if __name__ == "__main__":
    main()
