"""The locks fit pyproject.toml, and hold a hash for everything."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {"core": ["kfp"], "gpu": ["kfp", "mlflow", "torch"]}
"""What the Makefile's target `lock` takes for each image."""
every = pytest.mark.parametrize("name", EXTRAS)


def pins(name: str) -> list[tuple[Requirement, str]]:
    """Each locked requirement with the lines about its hashes."""
    text = (ROOT / "images" / name / "requirements.txt").read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE | re.IGNORECASE)[1:]
    return [(Requirement(entry.split("\\")[0].strip()), entry) for entry in entries]


def names(name: str) -> set[str]:
    return {canonicalize_name(pin.name) for pin, _ in pins(name)}


def wanted(name: str) -> list[Requirement]:
    extras = PROJECT["optional-dependencies"]
    lines = [*PROJECT["dependencies"], *(line for extra in EXTRAS[name] for line in extras[extra])]
    return [Requirement(line) for line in lines]


@every
def test_every_requirement_has_one_version_and_hashes(name):
    for pin, entry in pins(name):
        assert re.fullmatch(r"==[^*,]+", str(pin.specifier)), entry
        assert "--hash=sha256:" in entry, entry


@every
def test_what_the_project_needs_is_locked_within_its_ranges(name):
    for need in wanted(name):
        found = [pin for pin, _ in pins(name) if canonicalize_name(pin.name) == need.name]
        assert found, f"{need.name} is not locked: run `make lock`"
        for pin in found:
            (version,) = (one.version for one in pin.specifier)
            assert need.specifier.contains(version), f"{pin} is outside {need}: run `make lock`"


@every
def test_no_package_index_is_named(name):
    assert "://" not in (ROOT / "images" / name / "requirements.txt").read_text()


def test_the_core_has_no_torch_and_no_mlflow():
    heavy = {"torch", "torchvision", "mlflow", "transformers", "diffusers", "triton", "matplotlib"}
    assert names("core") & heavy == set()
    assert not {name for name in names("core") if name.startswith(("nvidia-", "cuda-"))}


def test_both_images_hold_the_same_versions_of_what_both_need():
    core, gpu = ({str(pin) for pin, _ in pins(name)} for name in ("core", "gpu"))
    assert core <= gpu


def test_the_gpu_image_holds_the_cuda_libraries_of_torch():
    assert {"torch", "nvidia-cudnn-cu13", "nvidia-nccl-cu13"} <= names("gpu")
