import torch

from efface.methods import METHODS, Half
from tests.bench.published import published_step
from tests.tiny import tiny_images, tiny_mae

HIDDEN = (torch.arange(16) >= 8).expand(8, -1)


def test_the_yardstick_is_our_loss_with_one_draw_of_noise():
    student, teacher = tiny_mae(1), tiny_mae(0).eval()
    images = tiny_images(8).float() / 255
    optimizer = torch.optim.SGD([p for _, p in student.encoder_parameters()], lr=0.0)
    torch.manual_seed(5)
    is_forget = torch.arange(8).ge(4).float()
    found = published_step(student, teacher, images, is_forget, HIDDEN, 0.25, optimizer)
    torch.manual_seed(5)
    noise = (torch.randn_like(images) * images.std() + images.mean()).clamp(0, 1)
    with torch.no_grad():
        kept, lost = teacher.encode(images, HIDDEN)[:4], teacher.encode(noise, HIDDEN)[4:]
    retain, forget = (
        Half(given=part, hidden_BN=HIDDEN[:4], seed_B=torch.zeros(4).long(), targets_BTK=target)
        for part, target in ((images[:4], kept), (images[4:], lost))
    )
    losses = METHODS["i2i"].loss(student, retain, forget)
    # The published loop divides by the whole batch, we by each half.
    assert torch.allclose(found, (losses[0] + 0.25 * losses[1]) / 2, rtol=1e-5)
    assert all(p.grad is not None and p.grad.any() for _, p in student.encoder_parameters())
