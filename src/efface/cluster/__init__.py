"""What talks to a cluster, or is written for one; KFP and Kubernetes are imported only here."""
