import hashlib
import hmac

from efface.tickets.subjects import hash_subject


def test_a_subject_is_hashed_with_the_key() -> None:
    expected = hmac.new(b"key", b"dress-5", hashlib.sha256).hexdigest()[:16]
    assert hash_subject(b"key", "dress-5") == expected


def test_another_key_gives_another_hash() -> None:
    assert hash_subject(b"key", "dress-5") != hash_subject(b"other", "dress-5")
