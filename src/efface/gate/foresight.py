"""Which rules will block whatever is trained, as too few images are there to be scored."""

from collections.abc import Mapping

from efface.gate.policy import Policy
from efface.gate.rules import RULES


def out_of_reach(policy: Policy, images: Mapping[str, int]) -> list[str]:
    """One sentence for each rule that asks for more scored images than there are.

    Rules that only report are left out.

    Args:
        policy: what the gate will ask.
        images: set -> how many images it has; of a set that is not named there are none.
    """
    most = policy.evaluation.max_images
    told = []
    for name, given in policy.rules.items():
        settings = RULES[name].settings(**given)
        if getattr(settings, "report_only", False):
            continue
        for one, least in RULES[name].least_images(settings).items():
            there = images.get(one, 0)
            scored = min(there, most.get(one, there))
            if scored < least:
                limit = f" (max_images allows {most[one]})" if scored < there else ""
                told.append(
                    f"{name} asks for {least} images of {one}, and {scored} of {there} will be "
                    f"scored{limit}: the gate will block"
                )
    return told
