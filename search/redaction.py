"""Keeping passwords out of what is written, sent and shown."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
import os
import re
from typing import Any
from urllib.parse import unquote


HIDDEN = "***"

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_SECRET_WORDS = {"pwd", "passphrase", "secret", "secrets", "credential", "credentials", "authorization"}
_SECRET_ENDINGS = ("password", "passwords", "passwd", "secret", "apikey", "accesskey", "secretkey", "privatekey")
_TOKEN_ENDINGS = ("token", "authtoken", "apitoken", "accesstoken")
_BEFORE_KEY = {"api", "access", "private", "secret", "signing", "encryption"}
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>`]+")
_QUERY_VALUE = re.compile(r"([?&;])([^=&;#?]+)=([^&;#]*)")
_ASSIGNED_KEY = re.compile(r"(?<![\w.-])([\w.-]+)[\"']?\s*[=:]\s*")
_ASSIGNED_VALUE = re.compile(r"(?:Bearer |Basic )?(?:\"[^\"]*\"|'[^']*'|[^\s,;&)}\]\"']+)")
# What MLflow itself reads its credentials from.
_SECRET_VARIABLES = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")
# Shorter ones would be found in the middle of innocent words; in a URI they are hidden all the same.
_LEAST_LITERAL = 4


def redact_uri(uri: str) -> str:
    """A URI without the password of its user and without secret query parameters.

    A password may hold characters that ought to be escaped; rather too much is hidden than too little.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return uri
    password = _password_in(scheme, rest)
    if password is not None:
        start = rest.index(":") + 1
        rest = rest[:start] + HIDDEN + rest[start + len(password) :]
    return scheme + separator + _QUERY_VALUE.sub(_hide_query_value, rest)


def redact(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without the values of secret keys and without passwords in URIs, also in mappings and lists inside."""
    return {key: _redacted(str(key), value) for key, value in values.items()}


def redact_text(text: str, uri: str = "") -> str:
    """A message without passwords: of the given URI, of any URI in it, of assignments, of MLflow's variables.

    Args:
        text: Text to clean, such as that of an error.
        uri: An address whose password may occur in it by itself.
    """
    if uri:
        text = text.replace(uri, redact_uri(uri))
    text = _URI.sub(lambda match: redact_uri(match[0]), text)
    for secret in _known_secrets(uri):
        text = text.replace(secret, HIDDEN)
    return _hide_assigned(text)


def is_secret_key(key: str) -> bool:
    """Whether a key, by one of its words, names a password, a token, a secret or the like."""
    words = [word.lower() for word in _WORD.findall(key)]
    return _names_secret(words) or _names_token(words)


def _names_secret(words: list[str]) -> bool:
    if any(word in _SECRET_WORDS or word.endswith(_SECRET_ENDINGS) for word in words):
        return True
    return any(before in _BEFORE_KEY and word in {"key", "keys"} for before, word in pairwise(words))


def _names_token(words: list[str]) -> bool:
    return any(word in _TOKEN_ENDINGS for word in words)


def _redacted(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {inner: _redacted(f"{key}.{inner}", one) for inner, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redacted(key, one) for one in value]
    if value is None or value == "" or isinstance(value, bool):
        return value
    words = [word.lower() for word in _WORD.findall(key)]
    # A number is no token, and something like token_dropout is a training parameter.
    if _names_secret(words) or (_names_token(words) and isinstance(value, str)):
        return HIDDEN
    return redact_text(value) if isinstance(value, str) and "://" in value else value


def _password_in(scheme: str, rest: str) -> str | None:
    """The text between the first colon and the last at sign, where that is a user's password."""
    user, colon, tail = rest.partition(":")
    if not colon or "@" not in tail or any(mark in user for mark in "/?#@["):
        return None
    if scheme.lower() in {"http", "https"} and re.match(r"\d*[/?#]", tail):
        return None  # a port, and an at sign in the path
    return tail[: tail.rindex("@")]


def _known_secrets(uri: str) -> list[str]:
    scheme, _, rest = uri.partition("://")
    password = _password_in(scheme, rest) or ""
    queried = [match[3] for match in _QUERY_VALUE.finditer(rest) if is_secret_key(match[2])]
    variables = [os.environ.get(name, "") for name in _SECRET_VARIABLES]
    secrets = {password, unquote(password), *queried, *map(unquote, queried), *variables}
    return sorted((secret for secret in secrets if len(secret) >= _LEAST_LITERAL), key=len, reverse=True)


def _hide_query_value(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]}={HIDDEN}" if is_secret_key(match[2]) else match[0]


def _hide_assigned(text: str) -> str:
    parts, position = [], 0
    for key in _ASSIGNED_KEY.finditer(text):
        value = _ASSIGNED_VALUE.match(text, key.end())
        if value and key.start() >= position and is_secret_key(key[1]):
            parts += [text[position : key.end()], HIDDEN]
            position = value.end()
    return "".join(parts) + text[position:]
