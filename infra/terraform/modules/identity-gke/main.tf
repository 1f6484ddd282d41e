# A Google service account for the pods of a run through workload identity: no key is stored anywhere,
# and all it may do is read, write and delete objects in its buckets.

resource "google_service_account" "this" {
  project      = var.project
  account_id   = var.name
  display_name = "Pods of efface"
}

resource "google_storage_bucket_iam_member" "objects" {
  for_each = var.buckets

  bucket = each.key
  role   = "roles/storage.objectUser"
  member = google_service_account.this.member
}

resource "google_service_account_iam_member" "pods" {
  for_each = var.service_accounts

  service_account_id = google_service_account.this.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.workload_pool}[${each.key}]"
}
