# A cluster, a bucket, a registry, and the right of a run's pods to use the bucket.

locals {
  tag = "0.1.0"
}

module "cluster" {
  source = "../../modules/eks"

  name                = var.name
  subnet_ids          = var.subnet_ids
  public_access_cidrs = var.public_access_cidrs

  gpu_nodes = {
    capacity_type  = var.gpu_capacity_type
    instance_types = var.gpu_instance_types
    max            = var.gpu_nodes_max
  }
}

module "bucket" {
  source = "../../modules/bucket-s3"

  name = var.bucket
}

module "registry" {
  source = "../../modules/registry-ecr"
}

module "identity" {
  source = "../../modules/identity-eks"

  name             = "${var.name}-pods"
  cluster_name     = module.cluster.cluster_name
  service_accounts = var.service_accounts
  bucket_arns      = [module.bucket.arn]
}
