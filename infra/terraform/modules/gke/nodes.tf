# Two pools of nodes: one that is always there, and GPU nodes that come when a task asks for one.

locals {
  gpu_label = { "efface.io/pool" = "gpu" }
  gpu_taint = { key = "nvidia.com/gpu", value = "present", effect = "NO_SCHEDULE" }
  scopes    = ["https://www.googleapis.com/auth/cloud-platform"] # limited by the account's roles
}

resource "google_container_node_pool" "cpu" {
  name               = "${var.name}-cpu"
  project            = var.project
  location           = var.location
  cluster            = google_container_cluster.this.name
  initial_node_count = var.cpu_nodes.min

  autoscaling {
    min_node_count = var.cpu_nodes.min
    max_node_count = var.cpu_nodes.max
  }

  management {
    auto_repair  = true
    auto_upgrade = true
  }

  node_config {
    machine_type    = var.cpu_nodes.machine_type
    disk_size_gb    = var.cpu_nodes.disk_gib
    service_account = google_service_account.nodes.email
    oauth_scopes    = local.scopes
    resource_labels = var.labels

    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }
  }

  lifecycle {
    ignore_changes = [initial_node_count]
  }
}

resource "google_container_node_pool" "gpu" {
  name               = "${var.name}-gpu"
  project            = var.project
  location           = var.location
  cluster            = google_container_cluster.this.name
  initial_node_count = 0
  node_locations     = length(var.gpu_nodes.zones) > 0 ? var.gpu_nodes.zones : null

  autoscaling {
    min_node_count  = 0
    max_node_count  = var.gpu_nodes.max
    location_policy = "ANY" # wherever a GPU can be had
  }

  management {
    auto_repair  = true
    auto_upgrade = true
  }

  node_config {
    machine_type    = var.gpu_nodes.machine_type
    disk_size_gb    = var.gpu_nodes.disk_gib
    spot            = var.gpu_nodes.spot
    labels          = local.gpu_label
    service_account = google_service_account.nodes.email
    oauth_scopes    = local.scopes
    resource_labels = var.labels

    guest_accelerator {
      type  = var.gpu_nodes.accelerator
      count = var.gpu_nodes.count

      gpu_driver_installation_config {
        gpu_driver_version = "DEFAULT"
      }
    }

    taint {
      key    = local.gpu_taint.key
      value  = local.gpu_taint.value
      effect = local.gpu_taint.effect
    }

    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    shielded_instance_config {
      enable_secure_boot          = false # the driver's modules are not signed for it
      enable_integrity_monitoring = true
    }
  }

  lifecycle {
    ignore_changes = [initial_node_count]
  }
}
