"""The steps of efface as Kubeflow Pipelines components, one folder each."""
