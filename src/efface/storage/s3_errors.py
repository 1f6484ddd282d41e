"""What S3 and its clients complain about, told as errors of efface."""

from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import Boto3Error
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)

from efface.errors import EffaceError, InfrastructureError, InputError

_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
_REFUSED = frozenset(
    {
        "401",
        "403",
        "AccessDenied",
        "ExpiredToken",
        "Forbidden",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
    }
)
_WRONG_BUCKET = frozenset(
    {
        "301",
        "AuthorizationHeaderMalformed",
        "InvalidBucketName",
        "NoSuchBucket",
        "PermanentRedirect",
    }
)
OCCUPIED = frozenset({"412", "PreconditionFailed"})
AT_THE_SAME_TIME = frozenset({"409", "ConditionalRequestConflict"})
WITHOUT_VERSIONS = frozenset({"405", "501", "MethodNotAllowed", "NotImplemented"})
WRONG_RANGE = frozenset({"416", "InvalidRange"})
_WRONG_SETTINGS = (
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)


@contextmanager
def explained(where: str, bucket: str) -> Iterator[None]:
    """Turn what boto3 raises at ``where`` into an InputError or an InfrastructureError."""
    try:
        yield
    except ClientError as error:
        raise _explain(error, where, bucket) from error
    except _WRONG_SETTINGS as error:
        raise InputError(f"{where}: {error}; check the AWS_* variables and the place") from error
    except (BotoCoreError, Boto3Error) as error:
        raise InfrastructureError(
            f"{where}: storage does not answer ({error}); run again when it does"
        ) from error


def code_of(error: ClientError) -> str:
    """The service's own code of an error, such as NoSuchKey."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _explain(error: ClientError, where: str, bucket: str) -> EffaceError:
    code = code_of(error)
    if code in _ABSENT:
        return InputError(f"{where} does not exist: check the place and the name")
    if code in _WRONG_BUCKET:
        return InputError(
            f"{where}: no bucket {bucket!r} at this endpoint and region ({code}); "
            "make it or name another"
        )
    if code in _REFUSED:
        return InfrastructureError(
            f"{where}: access refused ({code}); check the AWS_* credentials and the bucket's policy"
        )
    return InfrastructureError(f"{where}: storage failed ({code}); run again")
