variable "name" {
  description = "Name of the cluster; what belongs to it begins with it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,37}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 39 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "kubernetes_version" {
  description = "Minor version of Kubernetes."
  type        = string
  default     = "1.34"

  validation {
    condition     = can(regex("^1\\.(3[2-9]|[4-9][0-9])$", var.kubernetes_version))
    error_message = "kubernetes_version must be a minor version from 1.32 on, such as 1.34."
  }
}

variable "subnet_ids" {
  description = "Private subnets for the control plane and the nodes, in at least two zones."
  type        = list(string)

  validation {
    condition     = length(distinct(var.subnet_ids)) >= 2
    error_message = "subnet_ids must name at least two subnets, in different zones."
  }
}

variable "public_access_cidrs" {
  description = "Networks that may reach the Kubernetes API from outside; none: it is private."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.public_access_cidrs : can(cidrhost(cidr, 0))])
    error_message = "public_access_cidrs must be networks such as 203.0.113.0/24."
  }

  validation {
    condition     = !contains(var.public_access_cidrs, "0.0.0.0/0")
    error_message = "public_access_cidrs must not open the API to everybody: name your own networks."
  }
}

variable "cpu_nodes" {
  description = "Nodes for everything that needs no GPU, Kubeflow Pipelines included."
  type = object({
    instance_types = optional(list(string), ["m6i.xlarge"])
    min            = optional(number, 1)
    max            = optional(number, 4)
    disk_gib       = optional(number, 100)
  })
  default = {}

  validation {
    condition     = var.cpu_nodes.min >= 1 && var.cpu_nodes.max >= var.cpu_nodes.min
    error_message = "cpu_nodes needs 1 <= min <= max: without a node for the system pods nothing starts."
  }

  validation {
    condition     = length(var.cpu_nodes.instance_types) > 0 && var.cpu_nodes.disk_gib >= 50
    error_message = "cpu_nodes needs an instance type and disks of 50 GiB or more."
  }
}

variable "gpu_nodes" {
  description = "GPU nodes: tainted, none of them while no task asks for a GPU; the types are of one size."
  type = object({
    instance_types = optional(list(string), ["g5.2xlarge", "g6.2xlarge", "g4dn.2xlarge"])
    capacity_type  = optional(string, "SPOT")
    max            = optional(number, 2)
    disk_gib       = optional(number, 200)
  })
  default = {}

  validation {
    condition     = contains(["SPOT", "ON_DEMAND"], var.gpu_nodes.capacity_type)
    error_message = "gpu_nodes.capacity_type must be SPOT or ON_DEMAND."
  }

  validation {
    condition     = var.gpu_nodes.max >= 1 && floor(var.gpu_nodes.max) == var.gpu_nodes.max
    error_message = "gpu_nodes.max must be a whole number from 1 on."
  }

  validation {
    condition     = length(var.gpu_nodes.instance_types) > 0 && var.gpu_nodes.disk_gib >= 100
    error_message = "gpu_nodes needs an instance type, and disks of 100 GiB or more for the gpu image."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
