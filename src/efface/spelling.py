"""How the names of subjects and rights-holders are written, in tickets and in tables alike."""

import unicodedata
from typing import Final

FORM: Final = "NFC"


def spelled(value: str) -> str:
    """A name as it must be written."""
    return unicodedata.normalize(FORM, value).strip()


def spelling_fault(value: str) -> str:
    """Why a name may look like another one and yet not be it; empty when it cannot."""
    if value != value.strip():
        return "begins or ends with a blank: remove it"
    if not unicodedata.is_normalized(FORM, value):
        return f"is not in Unicode's form {FORM}, so that it looks like another: write it in {FORM}"
    return ""
