"""Write the emoji dataset from two Debian packages: colour pictures of 64 x 64.

    apt-get install fonts-noto-color-emoji unicode-data
    python examples/emoji/make_data.py

Writes runs/emoji/data: manifest.parquet and shards/*.tar. A rights-holder is a group of Unicode's
list; a subject is an emoji with all its genders and skin tones: near-copies of each other.
"""

import argparse
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from PIL import Image, ImageDraw, ImageFont

from efface.data.manifest import SCHEMA, write_manifest
from efface.data.shards import Sample, pack_shard
from efface.storage import open_store

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
LIST = Path("/usr/share/unicode/emoji/emoji-test.txt")
OUT = Path("runs/emoji/data")
POINTS, DRAWN, SIZE = 109, 136, 64
"""The one size the font has, its pixels, and the size of the pictures."""
SPLITS = {"train": 65, "holdout": 92, "control": 100}
"""Upper end, in percent, of what falls into a split."""


class Emoji(NamedTuple):
    """A line of Unicode's list."""

    text: str
    name: str
    group: str

    @property
    def subject(self) -> str:
        """The name without gender and skin tone."""
        name = self.name if self.group == "flags" else self.name.split(":")[0]
        return re.sub(r"^(man|woman|person|men|women|people) ", "", name)

    @property
    def code(self) -> str:
        """Its code points, which name the picture."""
        return "-".join(f"{ord(character):x}" for character in self.text)

    @property
    def split(self) -> str:
        """By a hash of the code, so that it stays when emoji are added to the list."""
        drawn = int(hashlib.sha256(self.code.encode()).hexdigest(), 16) % 100
        return next(split for split, end in SPLITS.items() if drawn < end)


def read_list(path: Path) -> Iterator[Emoji]:
    """Every emoji that is complete, in the order of the list."""
    group = ""
    for line in path.read_text().splitlines():
        if line.startswith("# group:"):
            group = re.sub(r"[^a-z]+", "-", line.partition(":")[2].strip().lower())
        elif found := re.match(r"([0-9A-F ]+); fully-qualified\s+# \S+ E\S+ (.*)", line):
            text = "".join(chr(int(point, 16)) for point in found[1].split())
            yield Emoji(text, found[2], group)


def draw(emoji: Emoji, font: ImageFont.FreeTypeFont) -> bytes:
    """The emoji on white, as lossless WebP."""
    canvas = Image.new("RGB", (DRAWN, DRAWN), "white")
    ImageDraw.Draw(canvas).text((0, 4), emoji.text, font=font, embedded_color=True)
    stream = io.BytesIO()
    small = canvas.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    small.save(stream, "WEBP", lossless=True)
    return stream.getvalue()


def main() -> None:
    """Draw, pack, and write the manifest last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    store = open_store(str(parser.parse_args().out))
    for needed in (FONT, LIST):
        if not needed.exists():
            raise SystemExit(
                f"{needed} is missing: apt-get install fonts-noto-color-emoji unicode-data"
            )
    font = ImageFont.truetype(FONT, POINTS)
    emoji = {one.code: one for one in sorted(read_list(LIST), key=lambda one: one.code)}
    shard = "shards/00000.tar"
    content, entries = pack_shard(Sample(c, draw(one, font), "webp") for c, one in emoji.items())
    store.write(shard, content)
    rows = [
        {
            **asdict(entry),
            "subject_id": emoji[entry.sample_id].subject,
            "rights_holder": emoji[entry.sample_id].group,
            "shard": shard,
            "width": SIZE,
            "height": SIZE,
            "split": emoji[entry.sample_id].split,
        }
        for entry in entries
    ]
    write_manifest(store, pa.Table.from_pylist(rows, schema=SCHEMA))
    print(f"samples={len(rows)} place={store.place}")


if __name__ == "__main__":
    main()
