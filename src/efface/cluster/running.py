"""A run of the pipeline in Kubeflow Pipelines: created, and linked to."""

import time
from typing import Any

from efface.cluster.kfp_api import KfpApi
from efface.cluster.uploading import Version


def create_run(
    kfp: KfpApi,
    version: Version,
    *,
    experiment_id: str,
    name: str,
    parameters: dict[str, Any],
    service_account: str = "",
) -> str:
    """Start a run and give its id.

    Args:
        kfp: The API.
        version: What is run.
        experiment_id: The experiment it belongs to.
        name: What people call it; made from the time when empty.
        parameters: Checked parameters of the graph.
        service_account: Kubernetes account of the pods; empty for KFP's own default.

    Raises:
        InputError: KFP does not accept it.
        InfrastructureError: KFP fails.
    """
    body = {
        "display_name": name or time.strftime("efface-%Y%m%d-%H%M%S"),
        "experiment_id": experiment_id,
        "pipeline_version_reference": reference_to(version),
        "runtime_config": {"parameters": parameters},
        "service_account": service_account,
    }
    return str(kfp.call("RunService", "run_service_create_run", body).run_id)


def reference_to(version: Version) -> dict[str, str]:
    """A version as KFP's requests name it."""
    return {"pipeline_id": version.pipeline_id, "pipeline_version_id": version.version_id}


def link_to(page: str, run_id: str) -> str:
    """The run on KFP's page."""
    return f"{page.rstrip('/')}/#/runs/details/{run_id}"
