variable "name" {
  description = "Name of the role."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.name))
    error_message = "name must be a name of an IAM role, up to 64 characters."
  }
}

variable "cluster_name" {
  description = "EKS cluster whose pods take the role."
  type        = string
}

variable "service_accounts" {
  description = "Service accounts that take the role, each as namespace/name."
  type        = set(string)
  default     = ["kubeflow/pipeline-runner", "efface/efface-mlflow"]

  validation {
    condition     = length(var.service_accounts) > 0 && alltrue([for account in var.service_accounts : can(regex("^[a-z0-9-]+/[a-z0-9.-]+$", account))])
    error_message = "service_accounts must hold at least one namespace/name, without wildcards."
  }
}

variable "bucket_arns" {
  description = "Buckets that the role may read, write and delete in."
  type        = set(string)

  validation {
    condition     = length(var.bucket_arns) > 0 && alltrue([for arn in var.bucket_arns : can(regex("^arn:aws[a-z-]*:s3:::[a-z0-9.-]+$", arn))])
    error_message = "bucket_arns must hold ARNs of whole buckets such as arn:aws:s3:::efface, without wildcards."
  }
}

variable "kms_key_arn" {
  description = "KMS key of the buckets; empty: they use a key that S3 keeps itself."
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
