"""What the tasks read from a release of the chart: names of objects in Kubernetes, and their keys.

Each begins with ``efface``, which ``efface compile --release`` changes for objects that are not the
chart's.
"""

from efface.cluster.choices import Choices

NAME = Choices().release
SUBJECT_KEY = "subject-key"
"""Of the Secret of the release's name, the one thing that a run cannot do without."""
STORAGE, STORAGE_KEYS = f"{NAME}-storage", ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""Secret for the object store, where pods have no identity of their own for it."""
SETTINGS = f"{NAME}-settings"
SETTINGS_KEYS = ("AWS_ENDPOINT_URL", "AWS_REGION", "EFFACE_REGISTRY", "EFFACE_PUSHGATEWAY")
"""ConfigMap with addresses."""
ARTIFACTS_ENDPOINT = "EFFACE_ARTIFACTS_ENDPOINT_URL"
"""Another key of that ConfigMap, for settle alone: where Kubeflow keeps its artifacts."""
ARTIFACTS_KEYS = {
    "accesskey": "EFFACE_ARTIFACTS_ACCESS_KEY_ID",
    "secretkey": "EFFACE_ARTIFACTS_SECRET_ACCESS_KEY",
}
ARTIFACTS = "mlpipeline-minio-artifact"
"""Kubeflow Pipelines' own Secret with the keys of that place, for settle alone."""
POLICY, POLICY_KEY = f"{NAME}-policy", "policy.yaml"
"""ConfigMap with the policy."""
POLICY_FOLDER = "/etc/efface/policy"
"""Where the policy's ConfigMap is mounted."""
