terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}

# Credentials come from `gcloud auth application-default login` or workload identity; none is written here.
provider "google" {
  project = var.project

  default_labels = {
    part-of = "efface"
  }
}
