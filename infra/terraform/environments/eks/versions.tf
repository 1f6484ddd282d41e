terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.25"
    }
  }
}

# Credentials come from the environment or the CLI's own login; none is written here.
provider "aws" {
  region = var.region

  default_tags {
    tags = { "app.kubernetes.io/part-of" = "efface" }
  }
}
