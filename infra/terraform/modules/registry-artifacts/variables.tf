variable "name" {
  description = "Name of the repository."
  type        = string
  default     = "efface"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,61}[a-z0-9]$", var.name))
    error_message = "name must be lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "project" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of the repository."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as europe-west4."
  }
}

variable "untagged_days" {
  description = "Days that an image without a tag is kept."
  type        = number
  default     = 7

  validation {
    condition     = var.untagged_days >= 1 && floor(var.untagged_days) == var.untagged_days
    error_message = "untagged_days must be a whole number from 1 on."
  }
}

variable "labels" {
  description = "Labels of every resource."
  type        = map(string)
  default     = {}
}
