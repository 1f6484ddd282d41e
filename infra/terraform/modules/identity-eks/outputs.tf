output "role_arn" {
  description = "ARN of the role; pods get it by their service account, no annotation needed."
  value       = aws_iam_role.this.arn
}
