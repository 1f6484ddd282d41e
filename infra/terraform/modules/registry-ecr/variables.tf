variable "prefix" {
  description = "Prefix of the repositories' names; empty: none."
  type        = string
  default     = ""

  validation {
    condition     = var.prefix == "" || can(regex("^[a-z0-9][a-z0-9._-]*$", var.prefix))
    error_message = "prefix must be lower-case letters, digits, dots, dashes and underscores, without a slash."
  }
}

variable "images" {
  description = "Images that get a repository."
  type        = set(string)
  default     = ["efface-core", "efface-gpu"]

  validation {
    condition     = length(var.images) > 0
    error_message = "images must name at least one image."
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

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
