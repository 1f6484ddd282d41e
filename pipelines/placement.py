"""Where the tasks run. Every word about GPUs, memory and Kubernetes of the graphs is in this file.

What KFP resolves when a run starts is a parameter of the graph. The rest is ``Choices``, as it is
when nobody chooses; ``efface compile`` writes a graph with other choices.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kfp import dsl, kubernetes

from efface.cluster import release
from efface.cluster.choices import Choices

CHOICES = Choices()
NVIDIA = "nvidia.com/gpu"
"""Resource, and taint, of nodes with a GPU."""
RETRIED_FOR = f"{30 * 86400}s"
"""For how long after its first attempt began a task may run again. Argo reads KFP's longest backoff
so, and also ends a later attempt when it is over; KFP's default is an hour."""
LABEL = ("app.kubernetes.io/part-of", "efface")
"""On every pod, for those who write network policies."""


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """Where tasks of one kind run; the fields are parameters of the graph."""

    images: Mapping[str, Any]
    """Image that a component declares -> image of this run."""
    cpu: Any
    """Cores that a task asks for; it may use more where there are more."""
    memory: Any
    """Memory that a task asks for and may use."""
    selector: Any
    """Labels of the nodes."""
    tolerations: Any
    """Taints that the tasks tolerate."""
    backoff: str = "10s"
    """Time before a second attempt; doubled before each further one."""

    def place(self, task: dsl.PipelineTask, title: str) -> dsl.PipelineTask:
        """Place a task, under ``title`` in the graph."""
        image = self.images[task.container_spec.image]
        task.set_cpu_request(self.cpu)
        task.set_memory_request(self.memory).set_memory_limit(self.memory)
        task.set_container_image(image)
        # KFP 2.17 hands parameters of these setters on to no enclosing group by itself.
        task.register_pipeline_channels([self.cpu, self.memory, image])
        kubernetes.add_node_selector_json(task, self.selector)
        kubernetes.add_toleration_json(task, self.tolerations)
        kubernetes.add_pod_label(task, *LABEL)
        kubernetes.set_image_pull_policy(task, CHOICES.pull_policy)
        kubernetes.set_timeout(task, CHOICES.seconds(task.component_spec.name))
        task.set_retry(
            num_retries=CHOICES.retries,
            backoff_duration=self.backoff,
            backoff_max_duration=RETRIED_FOR,
        )
        return never_cached(_with_settings(task)).set_display_name(title)


@dataclass(frozen=True, kw_only=True)
class GpuNodes(Nodes):
    """Where tasks that train and score run."""

    gpus: Any
    """GPUs of a task; "0" on a cluster that has none."""
    gpu_type: Any
    """Resource name of the GPUs."""
    affinity: Any
    """Node affinity, as in a pod's specification."""
    backoff: str = "60s"
    """As above; a node that replaces a lost one takes its time."""

    def place(self, task: dsl.PipelineTask, title: str) -> dsl.PipelineTask:
        """Place a task, under ``title`` in the graph."""
        task.set_accelerator_type(self.gpu_type).set_accelerator_limit(self.gpus)
        task.register_pipeline_channels([self.gpu_type, self.gpus])
        kubernetes.add_toleration(task, key=NVIDIA, operator="Exists", effect="NoSchedule")
        kubernetes.add_node_affinity_json(task, self.affinity)
        kubernetes.empty_dir_mount(
            task,
            volume_name="shm",
            mount_path="/dev/shm",
            medium="Memory",
            size_limit=CHOICES.shared_memory,
        )
        return super().place(task, title)


def never_cached(task: dsl.PipelineTask) -> dsl.PipelineTask:
    """Keep a task out of the cache: what it wrote is deleted when its run settles."""
    return task.set_caching_options(False)


def with_artifact_store(task: dsl.PipelineTask) -> dsl.PipelineTask:
    """Give a task the place of Kubeflow's artifacts and its keys, to delete private ones."""
    place = _same((release.ARTIFACTS_ENDPOINT,))
    kubernetes.use_config_map_as_env(task, release.SETTINGS, place, optional=True)
    kubernetes.use_secret_as_env(task, release.ARTIFACTS, release.ARTIFACTS_KEYS, optional=True)
    return task


def _with_settings(task: dsl.PipelineTask) -> dsl.PipelineTask:
    """Give a task the release's Secrets and ConfigMaps; only the subject key must be there."""
    subject = {release.SUBJECT_KEY: "EFFACE_SUBJECT_KEY"}
    kubernetes.use_secret_as_env(task, release.NAME, subject)
    storage = _same(release.STORAGE_KEYS)
    kubernetes.use_secret_as_env(task, release.STORAGE, storage, optional=True)
    settings = _same(release.SETTINGS_KEYS)
    kubernetes.use_config_map_as_env(task, release.SETTINGS, settings, optional=True)
    region = {"AWS_REGION": "AWS_DEFAULT_REGION"}  # the name that boto3 reads
    kubernetes.use_config_map_as_env(task, release.SETTINGS, region, optional=True)
    kubernetes.use_config_map_as_volume(task, release.POLICY, release.POLICY_FOLDER, optional=True)
    return task


def _same(names: tuple[str, ...]) -> dict[str, str]:
    return {name: name for name in names}
