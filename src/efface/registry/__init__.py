"""The model registry: MLflow. Only this package and ``efface.serving.painter`` import mlflow.

    import_base           a model of your own -> first version, alias champion
    find_in_service       alias or version -> models:/NAME/VERSION
    download_in_service   alias or version -> model folder
    register_candidate    a model that passed the gate -> version with its evidence, alias candidate
    record_refusal        a model that was blocked -> a run with the reasons, and no version

Order of writing: evidence, model files, version, alias. Whatever fails, no version is left without
its evidence.
"""

from efface.registry.base import import_base
from efface.registry.candidate import record_refusal, register_candidate
from efface.registry.evidence import Evidence
from efface.registry.service import check_model_name, download_in_service, find_in_service

__all__ = [
    "Evidence",
    "check_model_name",
    "download_in_service",
    "find_in_service",
    "import_base",
    "record_refusal",
    "register_candidate",
]
