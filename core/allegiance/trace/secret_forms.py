"""The forms and names of secrets that ``redact`` replaces.

Each pattern is linear: a run of characters is possessive (``++``), so it is tried once, or bounded.
"""

from __future__ import annotations

import re

SECRET_VARIABLE = re.compile(
    r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL)S?$|(?:^|_)(?:PASS|PAT)$|_PWD$",
    re.IGNORECASE,
)
"""Names of environment variables; ``PWD`` alone is the working directory."""

PASSWORD_NAMES = ("password", "passwd", "passphrase", "passcode")
SECRET_NAMES = (
    *PASSWORD_NAMES,
    *("secret", "token", "credential", "credentials"),
    *("apikey", "accesskey", "accountkey", "authkey", "privatekey", "secretkey", "signingkey"),
)
"""Ends of the names of fields, without case and punctuation."""
WHOLE_NAMES = ("authorization", "proxyauthorization", "cookie", "setcookie", "pass", "pwd")
"""Names of fields that are too short or too common to be an end."""

CREDENTIALS = re.compile(
    # the password may contain "@", so it ends at the last one before a slash
    r"(?<=://)(?:[^/\s:@]{0,128}:[^/\s]{1,256}|[^/\s:@]{20,256})(?=@)"
)
"""``user:password`` or a token, before the ``@`` of an address."""

_PEM = r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
FORMS = tuple(
    re.compile(form, flags)
    for form, flags in (
        # a whole private key, or its lines as far as they go if the end is missing
        (_PEM + r"(?:[^-]|-(?!----)){0,16384}+-----END [A-Z0-9 ]{1,64}-----", 0),
        (_PEM + r"(?:(?:\s|\\[nr]){1,8}[A-Za-z0-9+/=]{16,}+)*+", 0),
        (r"\bsk-[\w*-]{6,}+|\bBearer\s{1,8}[\w.~+/-]{8,}+=*+", re.IGNORECASE),
        (r"(?<![\w=-])eyJ[\w=-]{4,}+\.[\w=-]{2,}+(?:\.[\w.+/=-]*+)?", 0),  # JSON web tokens
        (r"\b(?:gh[pousr]_|github_pat_|hf_|gsk_|lsv2_(?:pt|sk)_|dop_v1_|npm_)\w{20,}+", 0),
        (r"\b(?:[srp]k_(?:live|test)_|r8_|whsec_)\w{16,}+", 0),
        (r"\b(?:AIza|ya29\.|xai-|pplx-|glpat-|xox[a-z]-|xapp-)[\w-]{16,}+", 0),
        (r"\b(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[0-9A-Z]{16}", 0),
    )
)
"""Kinds of keys and tokens that are known by their form."""

BASIC = re.compile(r"(\bBasic\s{1,8})([A-Za-z0-9+/]{8,2048}+={0,2})", re.IGNORECASE)
"""What may be the credentials of basic authentication."""

# the first letter is looked at first: most places fail there
_PASSWORD = r"(?=[p_])(?:password|passwd|passphrase|passcode|pwd|(?-i:_PASS))"
_SECRET = (
    r"(?=[acpst])(?:secret|token|credentials?|"
    r"(?:api|access|account|auth|private|secret|signing)[_ -]?key)"
)
_SIGN = r"(?:\\{0,3}[\"'`])?\s{0,8}(?::=|=>|[:=])\s{0,8}"


def _assigned(names: str, sign: str, least: int) -> re.Pattern[str]:
    """Return the pattern of a name, a sign and a value; the value may be in quotes, escaped too."""
    quotes = r"(?:(?P<escaped>\\{1,3}[\"'])|(?P<double>\")|(?P<single>'))?+"
    value = (
        rf"(?(escaped)[^\"'\\\n]{{{least},512}}+|"
        rf"(?(double)(?:[^\"\\\n]|\\.){{{least},512}}+|"
        rf"(?(single)(?:[^'\\\n]|\\.){{{least},512}}+|[^\s\"'&,;}}]{{{least},512}}+)))"
    )
    return re.compile(rf"((?:{names}){sign}{quotes}){value}", re.IGNORECASE)


ASSIGNED = (
    _assigned(_PASSWORD, _SIGN, 4),
    _assigned(_SECRET, _SIGN, 6),
    _assigned(rf"(?<!-)--(?:[a-z]{{1,16}}-){{0,3}}(?:{_PASSWORD}|{_SECRET})", r"\s{1,4}", 4),
    # "key" names many things, so only a value that looks like a key counts
    re.compile(r"(\bkey[\"']?\s{0,8}[:=]\s{0,8}[\"']?)(?=[\w+/-]{0,64}\d)[\w+/-]{40,512}+", re.I),
)
"""Values that are assigned to a name, after the first group."""
