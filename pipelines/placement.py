"""Where the tasks run. Every word about GPUs, memory and Kubernetes is in this file."""

from kfp import dsl, kubernetes

GPU = "nvidia.com/gpu"
GPUS = 1
"""GPUs of a task that trains or scores."""
SECRET = "efface"
"""Kubernetes Secret with the key that subject ids are hashed with, under ``subject-key``."""


def on_cpu(task: dsl.PipelineTask, title: str) -> dsl.PipelineTask:
    """Run a task on any node, under ``title`` in the graph."""
    task.set_cpu_request("1").set_memory_request("2Gi").set_memory_limit("8Gi")
    return _everywhere(task, title)


def on_gpu(task: dsl.PipelineTask, title: str) -> dsl.PipelineTask:
    """Run a task on a GPU node, again when its pod is lost, under ``title`` in the graph."""
    task.set_accelerator_type(GPU).set_accelerator_limit(GPUS)
    task.set_cpu_request("4").set_memory_request("16Gi").set_memory_limit("64Gi")
    task.set_retry(num_retries=2, backoff_duration="60s")
    kubernetes.add_toleration(task, key=GPU, operator="Exists", effect="NoSchedule")
    kubernetes.empty_dir_mount(task, volume_name="shm", mount_path="/dev/shm", medium="Memory")
    return _everywhere(task, title)


def never_cached(task: dsl.PipelineTask) -> dsl.PipelineTask:
    """Keep a task out of the cache: what it wrote is deleted when its run settles."""
    return task.set_caching_options(False)


def _everywhere(task: dsl.PipelineTask, title: str) -> dsl.PipelineTask:
    names = {"subject-key": "EFFACE_SUBJECT_KEY"}
    kubernetes.use_secret_as_env(task, secret_name=SECRET, secret_key_to_env=names)
    return never_cached(task).set_display_name(title)
