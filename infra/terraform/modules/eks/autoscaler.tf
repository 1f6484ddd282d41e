# What the cluster autoscaler needs to start the first GPU node: a role, and tags that say what a node
# will look like while there is none.

locals {
  gpu_group = aws_eks_node_group.gpu.resources[0].autoscaling_groups[0].name
  template  = "k8s.io/cluster-autoscaler/node-template"
  gpu_tags = {
    "${local.template}/taint/${local.gpu_taint.key}"     = "${local.gpu_taint.value}:${local.gpu_taint.effect}"
    "${local.template}/label/efface.io/pool"             = local.gpu_label["efface.io/pool"]
    "${local.template}/resources/${local.gpu_taint.key}" = "1"
  }
}

resource "aws_autoscaling_group_tag" "gpu" {
  for_each = local.gpu_tags

  autoscaling_group_name = local.gpu_group

  tag {
    key                 = each.key
    value               = each.value
    propagate_at_launch = false
  }
}

data "aws_iam_policy_document" "autoscaler" {
  statement {
    sid = "Look"
    actions = [
      "autoscaling:DescribeAutoScalingGroups",
      "autoscaling:DescribeAutoScalingInstances",
      "autoscaling:DescribeLaunchConfigurations",
      "autoscaling:DescribeScalingActivities",
      "autoscaling:DescribeTags",
      "ec2:DescribeImages",
      "ec2:DescribeInstanceTypes",
      "ec2:DescribeLaunchTemplateVersions",
      "ec2:GetInstanceTypesFromInstanceRequirements",
      "eks:DescribeNodegroup",
    ]
    resources = ["*"] # none of these can be limited to a resource
  }

  statement {
    sid       = "ScaleGroupsOfThisCluster"
    actions   = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/k8s.io/cluster-autoscaler/${var.name}"
      values   = ["owned"]
    }
  }
}

resource "aws_iam_role" "autoscaler" {
  name               = "${var.name}-autoscaler"
  assume_role_policy = data.aws_iam_policy_document.trust_pods.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "autoscaler" {
  role   = aws_iam_role.autoscaler.name
  policy = data.aws_iam_policy_document.autoscaler.json
}

resource "aws_eks_pod_identity_association" "autoscaler" {
  cluster_name    = aws_eks_cluster.this.name
  namespace       = "kube-system"
  service_account = "cluster-autoscaler"
  role_arn        = aws_iam_role.autoscaler.arn
  tags            = var.tags
}
