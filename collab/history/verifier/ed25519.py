"""Ed25519 signatures (RFC 8032) with Python's integers, as strict as OpenSSL and stricter about bad keys.

Refused beside wrong signatures: s not below the order of the group (a second signature could be made from the first), points that
are not in canonical form, and public keys of small order (for which one signature fits many texts). Signing is here for the witness
that runs on a laptop of its own; its time depends on the key, so it is not for a machine that strangers can measure.
"""

import hashlib

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)

Point = tuple[int, int, int, int]
_ZERO: Point = (0, 1, 1, 0)


def _recover(data: bytes) -> Point | None:
    number = int.from_bytes(data, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return (x, y, 1, x * y % _P)


def _add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % _P, (p[1] + p[0]) * (q[1] + q[0]) % _P
    c, d = 2 * p[3] * q[3] * _D % _P, 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _times_two(first: int, p: Point, second: int, q: Point) -> Point:
    """Return first·p + second·q, both scalars read together from their highest bit."""
    both, total = _add(p, q), _ZERO
    for bit in range(max(first.bit_length(), second.bit_length()) - 1, -1, -1):
        total = _add(total, total)
        one, two = first >> bit & 1, second >> bit & 1
        if one or two:
            total = _add(total, both if one and two else p if one else q)
    return total


def _encode(p: Point) -> bytes:
    inverse = pow(p[2], _P - 2, _P)
    x, y = p[0] * inverse % _P, p[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE_Y = 4 * pow(5, _P - 2, _P) % _P
_BASE = _recover(_BASE_Y.to_bytes(32, "little")) or _ZERO


def _is_small(p: Point) -> bool:
    for _round in range(3):
        p = _add(p, p)
    return p[0] % _P == 0 and (p[1] - p[2]) % _P == 0


def ed25519_verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether ``signature`` (64 bytes) of ``message`` was made with the key whose public half is ``public_key`` (32 bytes)."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    key = _recover(public_key)
    s = int.from_bytes(signature[32:], "little")
    if key is None or s >= _ORDER or _is_small(key):
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % _ORDER
    minus = (-key[0] % _P, key[1], key[2], -key[3] % _P)
    return _encode(_times_two(s, _BASE, challenge, minus)) == signature[:32]


def _secret(seed: bytes) -> tuple[int, bytes]:
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & ~7 & (1 << 254) - 1 | 1 << 254
    return scalar, digest[32:]


def ed25519_public(seed: bytes) -> bytes:
    """Return the public key of the private key ``seed`` (32 bytes)."""
    return _encode(_times_two(_secret(seed)[0], _BASE, 0, _ZERO))


def ed25519_sign(seed: bytes, message: bytes) -> bytes:
    """Return the signature of ``message`` under the private key ``seed`` (32 bytes)."""
    scalar, prefix = _secret(seed)
    nonce = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % _ORDER
    point = _encode(_times_two(nonce, _BASE, 0, _ZERO))
    challenge = int.from_bytes(hashlib.sha512(point + ed25519_public(seed) + message).digest(), "little") % _ORDER
    return point + ((nonce + challenge * scalar) % _ORDER).to_bytes(32, "little")
