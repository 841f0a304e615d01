"""A sha256 as people write it."""


def plain(sha256: str) -> str:
    """The digits as this project writes them: small letters, without blanks around."""
    return sha256.strip().lower()
