# A cluster, a bucket, a registry, and the right of a run's pods to use the bucket.

locals {
  tag = "0.1.0"
}

module "cluster" {
  source = "../../modules/gke"

  name                = var.name
  project             = var.project
  location            = var.region
  network             = var.network
  subnetwork          = var.subnetwork
  authorized_networks = var.authorized_networks

  gpu_nodes = {
    machine_type = var.gpu_machine_type
    accelerator  = var.gpu_accelerator
    spot         = var.gpu_spot
    max          = var.gpu_nodes_max
  }
}

module "bucket" {
  source = "../../modules/bucket-gcs"

  name     = var.bucket
  project  = var.project
  location = var.region
}

module "registry" {
  source = "../../modules/registry-artifacts"

  project = var.project
  region  = var.region
}

module "identity" {
  source = "../../modules/identity-gke"

  name             = "${var.name}-pods"
  project          = var.project
  workload_pool    = module.cluster.workload_pool
  service_accounts = var.service_accounts
  buckets          = [module.bucket.name]
}
