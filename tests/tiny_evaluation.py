"""Tiny extractors and a tiny scorer: real code paths in milliseconds."""

import torch

from efface.evaluation.scoring import Scorer, ShardImages
from efface.metrics.extractors.small_cnn import SmallCnn, SmallCnnConfig, SmallCnnExtractor
from tests.tiny import tiny_images, tiny_mae


def tiny_network(task: str) -> SmallCnn:
    """A random network for 16 x 16 pixels."""
    torch.manual_seed(3)
    classes = 5 if task == "classifier" else 0
    shape = {"channels": 1, "image_size": 16, "width": 4, "dimension": 8}
    network = SmallCnn(SmallCnnConfig(name=f"tiny-{task}", task=task, classes=classes, **shape))
    for _ in range(50):
        network(torch.rand(32, 1, 16, 16))  # the running statistics become those of noise
    with torch.no_grad():
        network.features.weight.mul_(10)  # random weights see hardly a difference between images
    return network.eval()


def tiny_scorer(after_seed: int = 1) -> Scorer:
    """Two random models, and two random extractors."""
    return Scorer(
        before=tiny_mae(0).eval(),
        after=tiny_mae(after_seed).eval(),
        before_fingerprint="before",
        after_fingerprint=f"after-{after_seed}",
        extractors={
            "distance": SmallCnnExtractor(tiny_network("tower"), "sha-tower"),
            "fid": SmallCnnExtractor(tiny_network("classifier"), "sha-classifier"),
        },
        seed=0,
        device=torch.device("cpu"),
    )


def tiny_shard(rows: list[int], set_name: str = "holdout", shard: str = "a") -> ShardImages:
    """Some rows of 60 random images: 6 subjects of 10, of two tickets."""
    return ShardImages(
        shard=shard,
        set=set_name,
        set_fingerprint=f"print-{set_name}",
        fingerprint=f"{shard}-{rows}",
        images_NCHW=tiny_images(60)[rows],
        sample_id=[f"image-{row}" for row in rows],
        subject=[f"subject-{row % 6}" for row in rows],
        ticket=["first" if row % 6 < 4 else "second" for row in rows],
    )
