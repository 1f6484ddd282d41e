"""Pictures of all kinds, a folder of them with a table, and a dataset made of it."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def picture(seed: int, size: tuple[int, int] = (40, 30), mode: str = "RGB") -> Image.Image:
    """Smooth random colours, so that compression keeps them recognisable."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (4, 5, 3), np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def put_folder(
    folder: Path, subjects: dict[str, tuple[int, str]], *, holder: str = "studio", seed: int = 0
) -> Path:
    """Write images of subjects (name -> how many, split) and ``table.csv``; gives its path.

    Another ``seed``, some hundreds away, gives other images.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["sample,subject,rights_holder,split"]
    for subject, (count, split) in subjects.items():
        (folder / subject).mkdir(exist_ok=True)
        for number in range(count):
            seed += 1
            kind = ("JPEG", "PNG", "WEBP")[seed % 3]
            size = (30 + seed % 7, 40 + seed % 5)
            name = f"{subject}/{number:03d}.{kind.lower()}"
            (folder / name).write_bytes(encoded(picture(seed, size), kind))
            lines.append(f"{name},{subject.split('@')[0]},{holder},{split}")
    table = folder / "table.csv"
    table.write_text("\n".join(lines) + "\n")
    return table
