"""What talks to a cluster: runs, schedules and a doctor, over the APIs of KFP and Kubernetes.

This is the only package of efface that imports their clients, each where it is used: the command
line starts without them. Pure functions decide; ``kfp_api.py`` and ``kubernetes_api.py`` ask.
"""
