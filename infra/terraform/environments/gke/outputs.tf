output "connect" {
  description = "Command that lets kubectl reach the cluster."
  value       = "gcloud container clusters get-credentials ${module.cluster.cluster_name} --region ${var.region} --project ${var.project}"
}

output "images" {
  description = "Names to push both images under."
  value       = { for image in ["efface-core", "efface-gpu"] : image => "${module.registry.prefix}/${image}:${local.tag}" }
}

output "chart_values" {
  description = "Values for `helm install efface charts/efface --values FILE`, YAML."
  value = yamlencode({
    image   = { registry = module.registry.prefix, tag = local.tag }
    storage = { endpointUrl = module.bucket.endpoint, region = "auto" }
    mlflow = {
      enabled   = true
      artifacts = { destination = "s3://${module.bucket.name}/mlflow", existingSecret = "efface-storage" }
    }
  })
}

output "parameters" {
  description = "Parameters of the pipeline that depend on the cluster, YAML, for `efface submit --params`."
  value = yamlencode({
    core_image        = "${module.registry.prefix}/efface-core:${local.tag}"
    gpu_image         = "${module.registry.prefix}/efface-gpu:${local.tag}"
    workspace         = "s3://${module.bucket.name}/workspace"
    gpu_node_selector = module.cluster.gpu_node_selector
    gpu_tolerations   = module.cluster.gpu_tolerations
  })
}

output "service_account" {
  description = "Google service account that the pods of a run act as."
  value       = module.identity.email
}
