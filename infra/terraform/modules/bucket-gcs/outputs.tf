output "name" {
  description = "Name of the bucket."
  value       = google_storage_bucket.this.name
}

output "endpoint" {
  description = "Address of the bucket's S3-compatible API, for AWS_ENDPOINT_URL."
  value       = "https://storage.googleapis.com"
}
