"""The client's half of SCRAM-SHA-256, written from RFC 5802 §3 alone, and no code of ours."""

import hashlib
import hmac
from base64 import b64decode, b64encode

NONCE = "fyko+d2lbbFgONRv9qkxdawL"


class ScramClient:
    """``first`` and ``last(challenge)`` are what it says, ``is_server(challenge)`` whether the server knew the password."""

    def __init__(self, user: str, password: str, *, gs2: str = "n,,", nonce: str = NONCE) -> None:
        self._password = password.encode()
        self._gs2 = gs2
        self._bare = f"n={user},r={nonce}"
        self._told = b""
        self._salted = b""

    @property
    def first(self) -> str:
        return self._gs2 + self._bare

    def last(self, challenge: str) -> str:
        words = dict(word.split("=", 1) for word in challenge.split(","))
        self._salted = hashlib.pbkdf2_hmac("sha256", self._password, b64decode(words["s"]), int(words["i"]))
        unproved = f"c={b64encode(self._gs2.encode()).decode()},r={words['r']}"
        self._told = f"{self._bare},{challenge},{unproved}".encode()
        key = hmac.digest(self._salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(key).digest(), self._told, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        return f"{unproved},p={b64encode(proof).decode()}"

    def is_server(self, challenge: str) -> bool:
        key = hmac.digest(self._salted, b"Server Key", "sha256")
        return challenge == f"v={b64encode(hmac.digest(key, self._told, 'sha256')).decode()}"
