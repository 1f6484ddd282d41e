output "repositories" {
  description = "Image -> address of its repository, without a tag."
  value       = { for image, repository in aws_ecr_repository.this : image => repository.repository_url }
}
