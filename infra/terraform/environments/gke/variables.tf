variable "project" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of everything."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as europe-west4."
  }
}

variable "name" {
  description = "Name of the cluster; what belongs to it begins with it."
  type        = string
  default     = "efface"
}

variable "network" {
  description = "Name of the VPC network."
  type        = string
}

variable "subnetwork" {
  description = "Name of the subnetwork of the nodes; private Google access is on in it."
  type        = string
}

variable "authorized_networks" {
  description = "Networks that may reach the Kubernetes API from outside, by a name; none: it is private."
  type        = map(string)
  default     = {}
}

variable "bucket" {
  description = "Name of the bucket; no other bucket in the world may have it."
  type        = string
}

variable "gpu_spot" {
  description = "Whether GPU nodes may be taken away (runs resume), at a lower price."
  type        = bool
  default     = true
}

variable "gpu_machine_type" {
  description = "Machine type of the GPU nodes."
  type        = string
  default     = "g2-standard-8"
}

variable "gpu_accelerator" {
  description = "GPU of the GPU nodes; it fits the machine type."
  type        = string
  default     = "nvidia-l4"
}

variable "gpu_nodes_max" {
  description = "How many GPU nodes there may be at once in a zone."
  type        = number
  default     = 2
}

variable "service_accounts" {
  description = "Kubernetes service accounts whose pods may use the bucket, each as namespace/name."
  type        = set(string)
  default     = ["kubeflow/pipeline-runner"]
}
