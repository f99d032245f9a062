"""Names of secrets: how names are compared, and the documented set of the usual ones."""

from __future__ import annotations

import re
from functools import lru_cache

COMMON_SECRETS_VERSION = 1
"""Raised whenever :data:`COMMON_SECRETS` changes."""

_WORDS = """
password passwd pwd pass passphrase passcode userpassword newpassword oldpassword
currentpassword confirmpassword passwordconfirmation dbpassword
secret clientsecret sharedsecret secretkey appsecret consumersecret webhooksecret
signingsecret totpsecret
token accesstoken refreshtoken idtoken authtoken csrftoken xsrftoken sessiontoken bearertoken
securitytoken xamzsecuritytoken resettoken apitoken devicetoken oauthtoken xauthtoken
xcsrftoken xxsrftoken csrfmiddlewaretoken personalaccesstoken
apikey xapikey apisecret privatekey encryptionkey signingkey accesskey accesskeyid
secretaccesskey awssecretaccesskey awsaccesskeyid sshkey subscriptionkey
authorization proxyauthorization auth authentication xauthorization
credential credentials
session sessionid sid sessid phpsessid jsessionid sessionkey connectsid
cookie setcookie
otp totp mfacode twofactorcode onetimepassword onetimecode verificationcode recoverycode
pin pincode securityanswer
ssn socialsecurity socialsecuritynumber nationalid taxid passportnumber
cardnumber creditcard creditcardnumber ccnumber debitcard pan cvv cvc cvv2 cvc2 csc cardcvv
cardcvc securitycode cardsecuritycode
iban accountnumber bankaccount bankaccountnumber routingnumber sortcode
signature xhubsignature xsignature
"""
COMMON_SECRETS = frozenset(_WORDS.split())
"""Names without regard to case, and without ``-``, ``_``, ``.`` and blanks: ``api_key``,
``apiKey``, ``API-Key`` and ``X-Api-Key`` are ``apikey`` and ``xapikey``."""

_FILLERS = re.compile(r"[-_.\s$:]+")
_NESTED = re.compile(r"[\[\].]+")


def fold(name: str) -> str:
    """Return what names compare by where their case does not count."""
    return name.casefold()


@lru_cache(maxsize=4096)
def is_common_secret(name: str) -> bool:
    """Whether ``name`` is one of the usual names; also a part of ``user[password][0]``."""
    if len(name) > 256:
        return False
    if _FILLERS.sub("", name.casefold()) in COMMON_SECRETS:
        return True
    parts = [part for part in _NESTED.split(name) if part]
    judged = parts if "[" in name else parts[-1:]
    return any(_FILLERS.sub("", part.casefold()) in COMMON_SECRETS for part in judged)
