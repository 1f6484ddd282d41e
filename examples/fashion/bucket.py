"""The demo in a bucket: its files, and the parameters of a run of the pipeline on a cluster.

    python -m examples.fashion.bucket s3://bucket/prefix [--create] > params.yaml

The address and the keys of the store come from the usual AWS_* variables.
"""

import argparse
import sys
from typing import Any

import boto3
import yaml
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    ProfileNotFound,
)

from efface.errors import EffaceError, InfrastructureError, InputError
from efface.storage import open_store
from examples.fashion.demo import HERE, METHOD, METHODS, MODEL

FOLDERS = ("data", "model", "extractors")
TICKET = HERE / "tickets" / "brand-owner.json"
CPU_ONLY = {
    "gpus": "0",
    "cpu": "250m",
    "memory": "2Gi",
    "gpu_cpu": "500m",
    "gpu_memory": "4Gi",
}
"""Placement on nodes without a GPU, small enough for a laptop."""
MINE = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


def put_demo(root: str, cases: list[str]) -> int:
    """Put dataset, model, extractors, policy and a ticket a case at ``root``; give the files.

    Raises:
        EffaceError: the store cannot be used.
    """
    store = open_store(root)
    files = [path for name in FOLDERS for path in (HERE / name).rglob("*") if path.is_file()]
    files.append(HERE / "policy.yaml")
    for path in files:
        store.upload(path, path.relative_to(HERE).as_posix())
    for case in cases:
        store.upload(TICKET, f"tickets/{case}/ticket.json")
    return len(files) + len(cases)


def tickets(root: str, case: str) -> str:
    """Tickets of a case of their own, so that each run finds one that is due."""
    return f"{root}/tickets/{case}"


def parameters(root: str, case: str, *, method: str = METHOD, **settings: Any) -> dict[str, Any]:
    """The pipeline's parameters for a run of a case; MLflow is that of the release's settings."""
    return {
        "tickets": tickets(root, case),
        "dataset": f"{root}/data",
        "policy": f"{root}/policy.yaml",
        "model": f"{root}/model",
        "name": MODEL,
        "workspace": f"{root}/workspace",
        "method": {"name": method, **METHODS[method], **settings},
        **CPU_ONLY,
    }


def create_bucket(name: str) -> None:
    """Create a bucket; one that is there already is fine.

    Raises:
        InputError: an AWS_* variable or the name cannot be used.
        InfrastructureError: the store refuses, or does not answer.
    """
    try:
        boto3.session.Session().client("s3").create_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in MINE:
            raise InfrastructureError(f"bucket {name} cannot be made: {error}") from None
    except (ValueError, ParamValidationError, ProfileNotFound, NoCredentialsError) as error:
        raise InputError(
            f"bucket {name} cannot be made: {error}; look at its name and the AWS_* variables"
        ) from None
    except BotoCoreError as error:
        raise InfrastructureError(
            f"bucket {name} cannot be made: {error}; look at AWS_ENDPOINT_URL"
        ) from None


def main() -> int:
    """Put the demo in the bucket and print the parameters of a run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("place", help="s3://bucket/prefix that gets the files")
    parser.add_argument("--create", action="store_true", help="create the bucket (default: no)")
    parser.add_argument(
        "--method",
        choices=METHODS,
        default=METHOD,
        help="unlearning method (default: %(default)s)",
    )
    given = parser.parse_args()
    root = given.place.rstrip("/")
    try:
        bucket, _, prefix = root.removeprefix("s3://").partition("/")
        if not root.startswith("s3://") or not bucket or not prefix:
            raise InputError(f"place {given.place!r}: give s3://bucket/prefix")
        if given.create:
            create_bucket(bucket)
        count = put_demo(root, [given.method])
    except EffaceError as error:
        print(f"bucket: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{count} files are in {root}", file=sys.stderr)
    print(yaml.safe_dump(parameters(root, given.method, method=given.method)), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
