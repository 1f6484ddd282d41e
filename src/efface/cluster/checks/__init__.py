"""What the doctor looks at, in the order of its table.

To add a check: one function ``(Place) -> Finding`` in a file of this folder, a line here, and a
row in ``docs/cluster.md``.
"""

from collections.abc import Callable

from efface.cluster.checks.access import check_access, check_rights
from efface.cluster.checks.artifacts import check_artifacts
from efface.cluster.checks.configuration import (
    check_policy,
    check_settings,
    check_storage_secret,
    check_subject_key,
)
from efface.cluster.checks.extensions import check_argo, check_jobset, check_kueue, check_trainer
from efface.cluster.checks.gpus import check_gpus
from efface.cluster.checks.mlflow import check_mlflow
from efface.cluster.checks.pipelines import check_pipelines
from efface.cluster.checks.place import Finding, Place
from efface.cluster.checks.retries import check_retries
from efface.cluster.checks.storage import check_storage

Check = Callable[[Place], Finding]

ACCESS = "Kubernetes API"
OF_KUBERNETES: dict[str, Check] = {
    ACCESS: check_access,
    "rights": check_rights,
    "Argo Workflows": check_argo,
    "Argo retries": check_retries,
    "JobSet": check_jobset,
    "Trainer": check_trainer,
    "Kueue": check_kueue,
    "secret efface": check_subject_key,
    "secret efface-storage": check_storage_secret,
    "configmap efface-settings": check_settings,
    "configmap efface-policy": check_policy,
    "artifacts of Kubeflow": check_artifacts,
    "GPUs": check_gpus,
}
"""Left out when the first of them fails."""
OF_SERVICES: dict[str, Check] = {
    "Kubeflow Pipelines": check_pipelines,
    "storage": check_storage,
    "MLflow": check_mlflow,
}
