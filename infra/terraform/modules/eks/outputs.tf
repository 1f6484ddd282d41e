output "cluster_name" {
  description = "Name of the cluster, for `aws eks update-kubeconfig --name`."
  value       = aws_eks_cluster.this.name
}

output "cluster_endpoint" {
  description = "Address of the Kubernetes API."
  value       = aws_eks_cluster.this.endpoint
}

output "gpu_node_selector" {
  description = "Labels that only GPU nodes have."
  value       = local.gpu_label
}

output "gpu_tolerations" {
  description = "Tolerations that a pod needs to run on a GPU node."
  value       = [{ key = local.gpu_taint.key, operator = "Exists", effect = local.gpu_taint.effect }]
}
