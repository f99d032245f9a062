"""The secrets that the demo's clients send, in all the usual places; every one is made up.

After the run the demo looks for each of them in the store.
"""

from __future__ import annotations

PASSWORD = "correct-horse-battery-staple"  # noqa: S105 - made up
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmVkLWJ5LXRoZS1kZW1v"  # noqa: S105
BEARER = "sk_live_51HdemoDEMOdemoDEMO0000"
BASIC = "YWRhOm1hcmllLWN1cmll"
CARD = "4242424242424242"
CVC = "cvc-737-demo"
SESSION = "s%3Ademo-session-1f2e3d4c5b6a"
QUERY_TOKEN = "query-token-a1b2c3d4e5"  # noqa: S105
CLIENT_SECRET = "client-secret-9f8e7d6c"  # noqa: S105
NEW_PASSWORD = "Tr0ub4dor-and-3-demo"  # noqa: S105

PLANTED = {
    "password in a form": PASSWORD,
    "token in a JSON answer": TOKEN,
    "bearer token in Authorization": BEARER,
    "basic credentials in Authorization": BASIC,
    "card number in JSON": CARD,
    "cvc in nested JSON": CVC,
    "session in Cookie": SESSION,
    "token in the query": QUERY_TOKEN,
    "client secret in JSON": CLIENT_SECRET,
    "new password in JSON": NEW_PASSWORD,
}
