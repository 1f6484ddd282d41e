"""What talks to a cluster: runs, schedules and a doctor, over the APIs of KFP and Kubernetes.

This is the only package of efface that imports their clients, each where it is used: the command
line starts without them. Pure functions decide; what ends in ``_api`` asks.

    the graph        graph, parameters, amounts, images, choices, rewriting, compiling
    what it needs    release, doctor, checks/
    asking KFP       uploading, experiments, running, scheduling, cron, kfp_names
    a run, shown     following, tasks, pods, views
    several nodes    launcher, trainjob, travelling, removal, node_log
    connections      kfp_api, kfp_errors, kubernetes_api, trainjob_api, network_errors
"""
