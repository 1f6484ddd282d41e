variable "name" {
  description = "Name of the bucket."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 63 lower-case letters, digits and dashes; no dots, which break TLS."
  }
}

variable "noncurrent_days" {
  description = "Days after which an old version of an object, a deleted one too, is gone for good."
  type        = number
  default     = 1

  validation {
    condition     = var.noncurrent_days >= 1 && var.noncurrent_days <= 7 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "noncurrent_days must be a whole number from 1 to 7: longer than that, deleted pictures stay."
  }
}

variable "workspace_prefix" {
  description = "Prefix of the workspace, where a run keeps its private copies."
  type        = string
  default     = "workspace/"

  validation {
    condition     = can(regex("^[^/].*/$", var.workspace_prefix))
    error_message = "workspace_prefix must end with a slash and not begin with one, such as workspace/."
  }
}

variable "workspace_days" {
  description = "Days after which anything left in the workspace is deleted, should settle never have run."
  type        = number
  default     = 30

  validation {
    condition     = var.workspace_days >= 2 && floor(var.workspace_days) == var.workspace_days
    error_message = "workspace_days must be a whole number from 2 on: a run may go on where a killed one was."
  }
}

variable "kms_key_arn" {
  description = "KMS key to encrypt with; empty: a key that S3 keeps itself."
  type        = string
  default     = ""

  validation {
    condition     = var.kms_key_arn == "" || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn must be empty or the ARN of a KMS key."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
