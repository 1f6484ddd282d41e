variable "region" {
  description = "AWS region of everything."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be an AWS region such as eu-central-1."
  }
}

variable "name" {
  description = "Name of the cluster; what belongs to it begins with it."
  type        = string
  default     = "efface"
}

variable "subnet_ids" {
  description = "Private subnets for the control plane and the nodes, in at least two zones."
  type        = list(string)
}

variable "bucket" {
  description = "Name of the bucket; no other bucket in the world may have it."
  type        = string
}

variable "public_access_cidrs" {
  description = "Networks that may reach the Kubernetes API from outside; none: it is private."
  type        = list(string)
  default     = []
}

variable "gpu_capacity_type" {
  description = "SPOT for GPU nodes that may be taken away (runs resume), ON_DEMAND for others."
  type        = string
  default     = "SPOT"

  validation {
    condition     = contains(["SPOT", "ON_DEMAND"], var.gpu_capacity_type)
    error_message = "gpu_capacity_type must be SPOT or ON_DEMAND."
  }
}

variable "gpu_instance_types" {
  description = "Instance types of the GPU nodes, all of one size: the autoscaler reckons with the first."
  type        = list(string)
  default     = ["g5.2xlarge", "g6.2xlarge", "g4dn.2xlarge"]
}

variable "gpu_nodes_max" {
  description = "How many GPU nodes there may be at once."
  type        = number
  default     = 2
}

variable "service_accounts" {
  description = "Service accounts whose pods may use the bucket, each as namespace/name."
  type        = set(string)
  default     = ["kubeflow/pipeline-runner", "efface/efface-mlflow"]
}
