#!/usr/bin/env bash
# A Kubernetes on this machine with Kubeflow Pipelines, an S3 store, MLflow, efface and the demo.
#
#   infra/local/cluster.sh up         make it, or finish what is missing; may be repeated
#   infra/local/cluster.sh status     what is there and what is not well
#   infra/local/cluster.sh down       delete it, with everything in it
#
#   -n, --dry-run                     only print the commands
#   -h, --help                        this text
set -euo pipefail

cluster=efface
namespace=efface # of the chart; the pods of a run are in kubeflow
bucket=efface
version=0.1.0
s3_port=${S3_PORT:-8333} # on this machine, while the demo is put into the bucket
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
python=${PYTHON:-$root/.venv/bin/python}
scoped="https://github.com/kubeflow/pipelines/manifests/kustomize/cluster-scoped-resources?ref=2.17.0"
dry_run=
forward=

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}"; }

say() { printf '== %s\n' "$*" >&2; }

stop() {
  printf 'cluster.sh: %s\n' "$1" >&2
  exit "${2:-2}"
}

run() {
  if [ -n "$dry_run" ]; then
    printf '%q ' "$@" | sed 's/ $//'
    printf '\n'
  else
    "$@"
  fi
}

kube() { run kubectl --context "kind-$cluster" "$@"; }

need() {
  local missing=()
  for tool in "$@"; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  [ ${#missing[@]} -eq 0 ] || stop "not on PATH: ${missing[*]}; install them and try again"
}

find_engine() {
  for engine in docker podman; do
    if command -v "$engine" >/dev/null && "$engine" info >/dev/null 2>&1; then return; fi
  done
  stop "neither docker nor podman answers: start one" 4
}

exists() { kind get clusters 2>/dev/null | grep -qx "$cluster"; }

make_cluster() {
  say "Kubernetes"
  if ! exists; then run kind create cluster --name "$cluster" --config "$here/kind.yaml" --wait 5m; fi
}

load_images() {
  say "images"
  local image
  for image in "efface-core:$version" "efface-gpu:$version"; do
    "$engine" image inspect "$image" >/dev/null 2>&1 ||
      stop "image $image is not here: make images"
    if [ "$engine" = podman ]; then
      # Podman calls it localhost/..., where no pod that names no registry looks for it.
      local archive named=docker.io/library/$image
      archive=$(mktemp)
      run podman tag "$image" "$named"
      run podman save --output "$archive" "$named"
      run kind load image-archive "$archive" --name "$cluster"
      rm -f "$archive"
    else
      run kind load docker-image "$image" --name "$cluster"
    fi
  done
}

install_kubeflow() {
  say "Kubeflow Pipelines"
  kube apply --kustomize "$scoped"
  kube wait --for condition=established --timeout 2m crd/applications.app.k8s.io
  kube apply --kustomize "$here/kubeflow"
  kube -n kubeflow wait --for condition=Available --timeout 20m deployment --all
}

secret_value() {
  kubectl --context "kind-$cluster" -n kubeflow get secret mlpipeline-minio-artifact \
    --output "jsonpath={.data.$1}" | base64 --decode
}

read_keys() {
  if [ -n "$dry_run" ]; then
    AWS_ACCESS_KEY_ID=dry-run AWS_SECRET_ACCESS_KEY=dry-run
  else
    AWS_ACCESS_KEY_ID=$(secret_value accesskey)
    AWS_SECRET_ACCESS_KEY=$(secret_value secretkey)
  fi
  export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_DEFAULT_REGION=us-east-1
  export AWS_ENDPOINT_URL=http://127.0.0.1:$s3_port
}

give_keys() {
  say "keys of the store"
  if [ -n "$dry_run" ]; then
    echo "kubectl -n kubeflow apply secret efface-storage"
    return
  fi
  # On standard input: arguments are seen by everybody on this machine.
  kubectl --context "kind-$cluster" -n kubeflow apply --filename - >/dev/null <<EOF
{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "efface-storage"}, "stringData":
 {"AWS_ACCESS_KEY_ID": "$AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY": "$AWS_SECRET_ACCESS_KEY"}}
EOF
}

install_chart() {
  say "efface"
  run helm upgrade --install efface "$root/charts/efface" --kube-context "kind-$cluster" \
    --namespace "$namespace" --create-namespace --values "$here/values.yaml" --wait --timeout 15m
}

put_demo() {
  say "the demo's data"
  if [ -n "$dry_run" ]; then
    run "$python" -m examples.fashion.bucket "s3://$bucket/demo" --create
    return
  fi
  kubectl --context "kind-$cluster" -n kubeflow port-forward service/seaweedfs \
    "$s3_port:8333" >/dev/null &
  forward=$!
  trap '[ -z "$forward" ] || kill "$forward" 2>/dev/null || true' EXIT
  local tries=0
  until (exec 3<>"/dev/tcp/127.0.0.1/$s3_port") 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -le 60 ] || stop "the S3 store does not answer on port $s3_port" 4
    kill -0 "$forward" 2>/dev/null || stop "port $s3_port is taken: S3_PORT=... $0 up" 4
    sleep 0.5
  done
  (cd "$root" && "$python" -m examples.fashion.bucket "s3://$bucket/demo" --create) >"$here/params.yaml"
}

next_commands() {
  cat <<EOF

It is there. Kubeflow Pipelines and MLflow on this machine:

  kubectl --context kind-$cluster -n kubeflow port-forward service/ml-pipeline 8888 &
  kubectl --context kind-$cluster -n kubeflow port-forward service/ml-pipeline-ui 8080:80 &
  kubectl --context kind-$cluster -n $namespace port-forward service/efface-mlflow 5000 &

A deletion ticket, to its verdict:

  efface submit --host http://localhost:8888 --ui http://localhost:8080 --params infra/local/params.yaml \\
    --pull-policy Never

EOF
}

up() {
  need kind kubectl helm base64
  find_engine
  [ "$engine" = docker ] || export KIND_EXPERIMENTAL_PROVIDER=podman
  "$python" -c 'import examples.fashion.bucket' 2>/dev/null || [ -n "$dry_run" ] ||
    (cd "$root" && "$python" -c 'import examples.fashion.bucket') ||
    stop "$python cannot run the demo: make .venv/ready, or PYTHON=... $0 up"
  make_cluster
  load_images
  install_kubeflow
  read_keys
  give_keys
  install_chart
  put_demo
  next_commands
}

status() {
  need kind kubectl helm
  exists || stop "there is no cluster $cluster: $0 up" 4
  kube get nodes
  say "pods that are not well"
  kube get pods --all-namespaces --field-selector status.phase!=Running,status.phase!=Succeeded
  say "efface"
  run helm list --kube-context "kind-$cluster" --namespace "$namespace"
  kube -n "$namespace" get deployments
}

down() {
  need kind
  run kind delete cluster --name "$cluster"
  run rm -f "$here/params.yaml"
}

action=
for word in "$@"; do
  case $word in
    -h | --help) usage && exit 0 ;;
    -n | --dry-run) dry_run=yes ;;
    up | down | status)
      [ -z "$action" ] || stop "$action or $word? say one of them"
      action=$word
      ;;
    *) stop "unknown: $word; say up, status or down" ;;
  esac
done
[ -n "$action" ] || stop "say up, status or down; --help tells more"
"$action"
