output "connect" {
  description = "Command that lets kubectl reach the cluster."
  value       = "aws eks update-kubeconfig --region ${var.region} --name ${module.cluster.cluster_name}"
}

output "images" {
  description = "Names to push both images under."
  value       = { for image, address in module.registry.repositories : image => "${address}:${local.tag}" }
}

output "chart_values" {
  description = "Values for `helm install efface charts/efface --values FILE`, YAML."
  value = yamlencode({
    image = {
      registry = trimsuffix(module.registry.repositories["efface-core"], "/efface-core")
      tag      = local.tag
    }
    storage = { region = var.region }
    mlflow  = { enabled = true, artifacts = { destination = "s3://${module.bucket.name}/mlflow" } }
    # The agent that gives pods their identity listens on port 80 of the node.
    networkPolicy = { mlflowEgressPorts = [80, 443] }
  })
}

output "parameters" {
  description = "Parameters of the pipeline that depend on the cluster, YAML, for `efface submit --params`."
  value = yamlencode({
    core_image        = "${module.registry.repositories["efface-core"]}:${local.tag}"
    gpu_image         = "${module.registry.repositories["efface-gpu"]}:${local.tag}"
    workspace         = "s3://${module.bucket.name}/workspace"
    gpu_node_selector = module.cluster.gpu_node_selector
    gpu_tolerations   = module.cluster.gpu_tolerations
  })
}

output "role_arn" {
  description = "Role that the pods of a run take."
  value       = module.identity.role_arn
}
