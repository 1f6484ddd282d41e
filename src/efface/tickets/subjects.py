"""Subject ids as keyed hashes: whoever lacks the key cannot find an id by trying names."""

import hashlib
import hmac

LENGTH = 16
"""Hexadecimal characters of a hash: 64 bits; collisions are unlikely below a billion."""


def hash_subject(key: bytes, subject_id: str) -> str:
    """HMAC-SHA256 of a subject id, its first 16 hexadecimal characters."""
    return hmac.new(key, subject_id.encode(), hashlib.sha256).hexdigest()[:LENGTH]


def keyed_sha256(key: bytes, content: bytes) -> str:
    """HMAC-SHA256 of any content, whole: a fingerprint that only who has the key can try out."""
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def key_id(key: bytes) -> str:
    """Tells one subject key from another."""
    return keyed_sha256(key, b"efface subject key")[:8]
