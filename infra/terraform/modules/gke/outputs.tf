output "cluster_name" {
  description = "Name of the cluster, for `gcloud container clusters get-credentials`."
  value       = google_container_cluster.this.name
}

output "cluster_endpoint" {
  description = "Address of the Kubernetes API."
  value       = google_container_cluster.this.endpoint
}

output "workload_pool" {
  description = "Workload identity pool of the cluster."
  value       = google_container_cluster.this.workload_identity_config[0].workload_pool
}

output "gpu_node_selector" {
  description = "Labels that only GPU nodes have."
  value       = local.gpu_label
}

output "gpu_tolerations" {
  description = "Tolerations that a pod needs to run on a GPU node."
  value       = [{ key = local.gpu_taint.key, operator = "Exists", effect = "NoSchedule" }]
}
