output "email" {
  description = "Name of the service account, for the annotation iam.gke.io/gcp-service-account."
  value       = google_service_account.this.email
}
