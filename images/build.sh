#!/usr/bin/env bash
# Builds efface-core and efface-gpu, both from one wheel, with docker or podman, whichever answers.
#
#   images/build.sh [core] [gpu]          default: both
#
#   ENGINE=podman                         the engine; default: docker, else podman
#   BASE=python:3.13-slim                 base image; a Python 3.11 or newer with venv and pip
#   PREFIX=registry.example.org/team/     put before the names of the images; default: nothing
#   PYTHON=python3.12                     builds the wheel
#   PIP_INDEX_URL=https://...             package index, also within the build
set -euo pipefail
cd "$(dirname "$0")/.."

for class in "$@"; do
  case $class in
    core | gpu) ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' images/build.sh && exit 0 ;;
    *) echo "images/build.sh: no image $class: say core, gpu, or nothing for both" >&2 && exit 2 ;;
  esac
done

engine=${ENGINE:-}
for name in docker podman; do
  if [ -z "$engine" ] && "$name" info >/dev/null 2>&1; then engine=$name; fi
done
if [ -n "$engine" ] && ! command -v "$engine" >/dev/null; then
  echo "images/build.sh: ENGINE=$engine is not on PATH: say docker or podman, or leave it out" >&2
  exit 2
fi
if [ -z "$engine" ]; then
  echo "images/build.sh: neither docker nor podman answers: start one, or name it with ENGINE=" >&2
  exit 4
fi

rm -rf build/images
"${PYTHON:-python3}" -m pip wheel --quiet --no-deps --wheel-dir build/images .
wheel=$(echo build/images/efface-*.whl)
version=$(basename "$wheel" | cut -d- -f2)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)

[ $# -gt 0 ] || set -- core gpu
for class in "$@"; do
  "$engine" build --file "images/$class/Dockerfile" --tag "${PREFIX:-}efface-$class:$version" \
    ${BASE:+--build-arg BASE="$BASE"} ${PIP_INDEX_URL:+--build-arg PIP_INDEX_URL="$PIP_INDEX_URL"} \
    --build-arg VERSION="$version" --build-arg REVISION="$revision" .
done
