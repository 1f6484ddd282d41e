import numpy as np
import pytest
import torch

from efface.training.bank import make_bank
from efface.training.batches import draw_batch, make_plan
from tests.tiny import tiny_images, tiny_mae
from tests.training.tiny_training import make_teacher

BANK = make_bank(["centre:2x2", "random:0.5"], (4, 4), per_policy=2, seed=0)


def answers(tmp_path, memory=1.0, disk=1.0, count=30):
    similarity = np.linspace(0, 1, count, dtype=np.float32)
    plan = make_plan(
        BANK, similarity, forget_subjects=["a"] * 8, batch_size=4, neighbour_share=0.25, seed=0
    )
    model, retain = tiny_mae().eval(), tiny_images(count)
    teacher = make_teacher(model.encode, BANK, tmp_path, memory=memory, disk=disk)
    return model, retain, plan, teacher.answers(retain, plan.retain_by_entry, "retain")


@pytest.mark.parametrize(
    ("memory", "disk"), [(1.0, 1.0), (0.0, 1.0), (0.0, 0.0)], ids=["in-memory", "in-a-file", "live"]
)
def test_a_retain_target_is_the_teachers_embedding_of_that_image(tmp_path, memory, disk):
    model, retain, plan, made = answers(tmp_path, memory, disk)
    seen = set()
    for step in range(20):
        draw = draw_batch(plan, step)
        seen.add(draw.mask)
        hidden = BANK.hidden_MN[draw.mask].expand(4, -1)
        with torch.no_grad():
            expected = model.encode(retain[draw.retain].float() / 255, hidden)
        assert torch.allclose(made.of(draw.mask, draw.retain), expected, atol=1e-6)
    assert len(seen) == len(BANK)


def test_answers_in_a_file_leave_nothing_behind(tmp_path):
    answers(tmp_path, memory=0.0)
    assert list(tmp_path.iterdir()) == []
