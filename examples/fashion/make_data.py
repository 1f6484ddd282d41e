"""Write the demo dataset from Debian's dataset-fashion-mnist package.

    python examples/fashion/make_data.py

Writes examples/fashion/data: manifest.parquet and shards/*.tar, the same bytes on every call.
"""

import argparse
import io
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
from PIL import Image
from select_images import CLASSES, SIZE, Picked, select_images

from efface.data.manifest import SCHEMA, write_manifest
from efface.data.shards import Entry, Sample, pack_shard
from efface.storage import open_store

SAMPLES_PER_SHARD = 2000


def encode(pixels: object) -> bytes:
    """Grey pixels to lossless WebP."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "WEBP", lossless=True, quality=100, method=6)
    return stream.getvalue()


def sample_id(picked: Picked, row: int) -> str:
    return f"{CLASSES[picked.label[row]]}-{row % (len(picked.label) // len(CLASSES)):04d}"


def manifest_row(picked: Picked, row: int, shard: str, entry: Entry) -> dict[str, object]:
    brand = CLASSES[picked.label[row]]
    return {
        **asdict(entry),
        "subject_id": f"{brand}-{picked.subject[row]}",
        "rights_holder": f"brand-{brand}",
        "shard": shard,
        "width": SIZE,
        "height": SIZE,
        "split": str(picked.split[row]),
    }


def main() -> None:
    """Encode, pack, and write the manifest last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "data")
    store = open_store(str(parser.parse_args().out))
    picked = select_images()
    rows = {sample_id(picked, row): row for row in range(len(picked.label))}
    names = sorted(rows)
    manifest: list[dict[str, object]] = []
    for first in range(0, len(names), SAMPLES_PER_SHARD):
        shard = f"shards/{first // SAMPLES_PER_SHARD:05d}.tar"
        images = {
            name: encode(picked.images_NHW[rows[name]])
            for name in names[first : first + SAMPLES_PER_SHARD]
        }
        content, entries = pack_shard(Sample(name, image, "webp") for name, image in images.items())
        store.write(shard, content)
        manifest += [manifest_row(picked, rows[entry.sample_id], shard, entry) for entry in entries]
    write_manifest(store, pa.Table.from_pylist(manifest, schema=SCHEMA))
    print(f"samples={len(manifest)} place={store.place}")


if __name__ == "__main__":
    main()
