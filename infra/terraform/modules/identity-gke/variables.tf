variable "name" {
  description = "Name of the Google service account."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.name))
    error_message = "name must be 6 to 30 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "project" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "workload_pool" {
  description = "Workload identity pool of the cluster, PROJECT.svc.id.goog."
  type        = string

  validation {
    condition     = endswith(var.workload_pool, ".svc.id.goog")
    error_message = "workload_pool must end with .svc.id.goog: take the cluster's output."
  }
}

variable "service_accounts" {
  description = "Kubernetes service accounts that act as it, each as namespace/name."
  type        = set(string)
  default     = ["kubeflow/pipeline-runner"]

  validation {
    condition     = length(var.service_accounts) > 0 && alltrue([for account in var.service_accounts : can(regex("^[a-z0-9-]+/[a-z0-9.-]+$", account))])
    error_message = "service_accounts must hold at least one namespace/name, without wildcards."
  }
}

variable "buckets" {
  description = "Buckets that it may read, write and delete in."
  type        = set(string)

  validation {
    condition     = length(var.buckets) > 0
    error_message = "buckets must name at least one bucket."
  }
}
