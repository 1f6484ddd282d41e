"""membership: hide a part, let the model paint it, compare. Was the image in the training data?

A model paints an image that it was trained on closer to the original than one it never saw. The
attacker's score is minus that distance. Members are forget (or retain) images, the others are
control (or holdout) images of the same kind that the model never saw. After unlearning, forget
should be no easier to tell than chance, from either side: an AUC far below .5 gives a member away
as well. The evaluation by TPR at a low FPR is that of Carlini et al. 2022, arXiv 2112.03570.
"""

from collections.abc import Mapping

from efface.audit.record import AttackResult, Finding, to_finding
from efface.audit.roc import LEAST_OTHERS, auc, share_with_interval, with_interval
from efface.audit.view import Pictures, View
from efface.models.protocol import ImageToImageModel

OTHERS = {"forget": "control", "retain": "holdout"}
"""Members, and the images that the model never saw beside them."""


def membership(
    before: ImageToImageModel,
    after: ImageToImageModel,
    sets: Mapping[str, Pictures],
    view: View,
) -> AttackResult:
    """AUC, and TPR at 1 % FPR, on forget and on retain, before and after.

    Args:
        before: the model in service.
        after: the unlearned model.
        sets: forget, control, retain and holdout.
        view: how outputs are compared with originals.
    """
    findings: list[Finding] = []
    for members, others in OTHERS.items():
        for side, model in (("before", before), ("after", after)):
            sides = sets[members], sets[others]
            findings += _findings(f"{members} {side}", *sides, model, view)
    recipe = {**view.recipe, "others": OTHERS, "interval": "bootstrap over subjects"}
    recipe |= {
        "interval of TPR": "the same, no narrower than Clopper-Pearson for none or all found"
    }
    return AttackResult(attack="membership", seed=view.seed, recipe=recipe, findings=findings)


def _findings(
    case: str,
    members: Pictures,
    others: Pictures,
    model: ImageToImageModel,
    view: View,
) -> list[Finding]:
    scores = [-view.distances(given.images_NCHW, model) for given in (members, others)]
    counts = f"{len(members)} members, {len(others)} others"
    given = scores[0], scores[1], members.subjects, others.subjects, view.seed
    area = to_finding(f"{case}, AUC", "AUC", with_interval(auc, *given), counts)
    case = f"{case}, TPR at 1 % FPR"
    if len(others) < LEAST_OTHERS:
        told = f"{counts}: at least {LEAST_OTHERS} others are needed to speak of 1 %"
        empty = Finding(
            case=case, value=None, unit="share", n=area.n, clusters=area.clusters, note=told
        )
        return [area, empty]
    return [area, to_finding(case, "share", share_with_interval(*given), counts)]
