"""Verifies LunaDefend's JWTs with PyJWT.

Reads from standard input, or from the file named by the argument, a JSON object:
  jwks      the key set that the application publishes
  jwts      JWTs that must verify: by the key of their `kid`, without one by the legacy key
  tampered  JWTs that must be refused
  audience, issuer
Prints `ok`, or fails with the position of the first JWT that is not as it must be.
"""

import json
import sys

import jwt

LEGACY_KID = "lunasec-signing-key"


def verify(compact, keys, case):
    kid = jwt.get_unverified_header(compact).get("kid", LEGACY_KID)
    return jwt.decode(
        compact,
        keys[kid].key,
        algorithms=["RS256"],
        audience=case["audience"],
        issuer=case["issuer"],
        options={"require": ["aud", "exp", "iat", "iss", "sub"]},
    )


def main():
    with open(sys.argv[1], encoding="utf-8") if len(sys.argv) > 1 else sys.stdin as source:
        case = json.load(source)
    keys = jwt.PyJWKSet.from_dict(case["jwks"])
    assert case["jwts"] and case["tampered"], "nothing to verify"

    for position, compact in enumerate(case["jwts"]):
        try:
            verify(compact, keys, case)
        except jwt.InvalidTokenError as refusal:
            sys.exit(f"jwts[{position}] is refused: {refusal}")
    for position, compact in enumerate(case["tampered"]):
        try:
            verify(compact, keys, case)
        except (jwt.InvalidTokenError, KeyError):
            continue
        sys.exit(f"tampered[{position}] is accepted")
    print("ok")


if __name__ == "__main__":
    main()
