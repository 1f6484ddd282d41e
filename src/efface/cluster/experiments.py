"""The experiment of Kubeflow Pipelines that runs belong to."""

from typing import Any

from efface.cluster.kfp_api import KfpApi
from efface.cluster.kfp_names import find_named, found_or_made
from efface.errors import InputError

DEFAULT = "efface"
"""Made when it is absent; any other must be there, so that a slip of the pen is found."""
SERVICE = "ExperimentService"


def find_experiment(kfp: KfpApi, name: str) -> str:
    """Id of an experiment; the default one is made when it is absent.

    Raises:
        InputError: there is no such experiment.
    """

    def find() -> Any:
        verb, scope = "experiment_service_list_experiments", {"namespace": kfp.namespace}
        return find_named(kfp, SERVICE, verb, "experiments", name, **scope)

    def make() -> Any:
        if name != DEFAULT:
            raise InputError(
                f"experiment {name!r} is not in {kfp.host}: make it there, or leave --experiment "
                f"out for {DEFAULT!r}"
            )
        body = {"display_name": name, "namespace": kfp.namespace}
        return kfp.call(SERVICE, "experiment_service_create_experiment", body)

    return str(found_or_made(find, make)[0].experiment_id)
