variable "name" {
  description = "Name of the cluster; what belongs to it begins with it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 20 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "project" {
  description = "Id of the Google Cloud project."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project must be a project id: 6 to 30 lower-case letters, digits and dashes."
  }
}

variable "location" {
  description = "Region of the cluster, or a zone for a cheaper control plane."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+(-[a-z])?$", var.location))
    error_message = "location must be a region such as europe-west4 or a zone such as europe-west4-a."
  }
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

  validation {
    condition     = alltrue([for cidr in values(var.authorized_networks) : can(cidrhost(cidr, 0))])
    error_message = "authorized_networks must be networks by name, such as {office = \"203.0.113.0/24\"}."
  }

  validation {
    condition     = !contains(values(var.authorized_networks), "0.0.0.0/0")
    error_message = "authorized_networks must not open the API to everybody: name your own networks."
  }
}

variable "cpu_nodes" {
  description = "Nodes for everything that needs no GPU, Kubeflow Pipelines included; counted per zone."
  type = object({
    machine_type = optional(string, "e2-standard-4")
    min          = optional(number, 1)
    max          = optional(number, 4)
    disk_gib     = optional(number, 100)
  })
  default = {}

  validation {
    condition     = var.cpu_nodes.min >= 1 && var.cpu_nodes.max >= var.cpu_nodes.min
    error_message = "cpu_nodes needs 1 <= min <= max: without a node for the system pods nothing starts."
  }

  validation {
    condition     = var.cpu_nodes.disk_gib >= 50
    error_message = "cpu_nodes needs disks of 50 GiB or more."
  }
}

variable "gpu_nodes" {
  description = "GPU nodes: tainted, none of them while no task asks for a GPU; counted per zone."
  type = object({
    machine_type = optional(string, "g2-standard-8")
    accelerator  = optional(string, "nvidia-l4")
    count        = optional(number, 1)
    spot         = optional(bool, true)
    max          = optional(number, 2)
    disk_gib     = optional(number, 200)
    zones        = optional(list(string), [])
  })
  default = {}

  validation {
    condition     = startswith(var.gpu_nodes.accelerator, "nvidia-") && contains([1, 2, 4, 8, 16], var.gpu_nodes.count)
    error_message = "gpu_nodes needs an accelerator such as nvidia-l4, and 1, 2, 4, 8 or 16 of them a node."
  }

  validation {
    condition     = var.gpu_nodes.max >= 1 && floor(var.gpu_nodes.max) == var.gpu_nodes.max
    error_message = "gpu_nodes.max must be a whole number from 1 on."
  }

  validation {
    condition     = var.gpu_nodes.disk_gib >= 100
    error_message = "gpu_nodes needs disks of 100 GiB or more for the gpu image."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the cluster."
  type        = bool
  default     = true
}

variable "labels" {
  description = "Labels of every resource."
  type        = map(string)
  default     = {}
}
