"""No password is shown, and nothing else is hidden."""

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st
import pytest

from search.redaction import redact, redact_text, redact_uri


PASSWORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=30)
LETTERS = st.text("QXZJ", min_size=8, max_size=20)
HIDDEN_KEYS = (
    "password PASSWORD db.password dbPassword sslpassword passwd pwd passphrase secret client_secret "
    "clientSecret S3_SECRET_ACCESS_KEY token auth-token authToken MLFLOW_TRACKING_TOKEN api_key apiKey "
    "APIKey apikey access.key private-key credential credentials authorization "
)
SHOWN_KEYS = "key keys n_tokens tokenizer tokens monkey turkey keyword n_exits secretary passes author"
SAFE = st.from_regex(r"[a-z]{1,8}", fullmatch=True)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql://user:secret@host:5432/db", "postgresql://user:***@host:5432/db"),
        ("postgresql+psycopg://user:p/w?#@host/db", "postgresql+psycopg://user:***@host/db"),
        ("postgresql://user:p@ss@host/db", "postgresql://user:***@host/db"),
        ("https://user:1234@host:8443/mlflow", "https://user:***@host:8443/mlflow"),
        ("postgresql://user:pw@[::1]:5432/db", "postgresql://user:***@[::1]:5432/db"),
        ("postgresql://user:@host/db", "postgresql://user:***@host/db"),
        (
            "postgresql://host/db?user=u&password=pw&sslpassword=x#part",
            "postgresql://host/db?user=u&password=***&sslpassword=***#part",
        ),
        ("http://host/?access_token=abc&n_tokens=3", "http://host/?access_token=***&n_tokens=3"),
    ],
)
def test_passwords_in_addresses_are_hidden(uri, shown):
    assert redact_uri(uri) == shown


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:5000",
        "http://host:5000/path@version",
        "http://[::1]:5000/path@version",
        "https://user@host",
        "sqlite:////folder/a:b@c/mlflow.db",
        "postgresql://host:5432/db",
        "mlflow.db",
        "",
    ],
)
def test_addresses_without_passwords_stay_as_they_are(uri):
    assert redact_uri(uri) == uri


@given(st.sampled_from(["postgresql", "mysql+pymysql", "http", "https"]), SAFE, LETTERS, PASSWORDS, SAFE)
def test_no_part_of_a_password_is_ever_shown(scheme, user, letters, noise, host):
    # Odd characters around and between the letters that must not appear.
    password = f"{letters}{noise}{letters}"
    for uri in (f"{scheme}://{user}:{password}@{host}/db", f"{scheme}://{user}:{quote(password, safe='')}@{host}/db"):
        shown = redact_uri(uri)
        assert letters not in shown
        assert shown == f"{scheme}://{user}:***@{host}/db"
        assert letters not in redact_text(f"cannot connect to {uri}: wrong password {password!s}", uri)


@given(SAFE, st.integers(1, 65535), st.lists(SAFE, max_size=3))
def test_addresses_without_users_are_never_changed(host, port, parts):
    uri = f"http://{host}:{port}/{'/'.join(parts)}"
    assert redact_uri(uri) == uri


@given(st.sampled_from(["http://h/", "postgresql://u:pw@h/db"]), st.text(max_size=50))
def test_redaction_is_stable(start, rest):
    once = redact_uri(start + rest)
    assert redact_uri(once) == once


@pytest.mark.parametrize(
    "key",
    HIDDEN_KEYS.split(),
)
def test_secret_keys_are_hidden(key):
    assert redact({key: "x"}) == {key: "***"}
    assert redact({"section": {key: "x"}, "list": [{key: "x"}]}) == {"section": {key: "***"}, "list": [{key: "***"}]}


@pytest.mark.parametrize(
    "key",
    SHOWN_KEYS.split(),
)
def test_innocent_keys_are_shown(key):
    assert redact({key: "x"}) == {key: "x"}


def test_values_that_cannot_be_secrets_are_shown():
    values = {"token_dropout": 0.1, "password": None, "secret": "", "use_password": True}
    assert redact(values) == values
    assert redact({"password": 1234}) == {"password": "***"}


def test_secret_sections_are_hidden_as_a_whole():
    assert redact({"credentials": {"user": "x", "n": 3}}) == {"credentials": {"user": "***", "n": "***"}}


def test_addresses_in_values_lose_their_passwords():
    values = {"tracking.uri": "http://u:pw@host", "hosts": ["x", "s3://k:pw@bucket"], "deep": {"er": "ftp://u:pw@h"}}
    assert redact(values) == {
        "tracking.uri": "http://u:***@host",
        "hosts": ["x", "s3://k:***@bucket"],
        "deep": {"er": "ftp://u:***@h"},
    }


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | SAFE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SAFE, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["n_exits", "name", "values", "target"]), NESTED))
def test_settings_without_secrets_stay_as_they_are(values):
    assert redact(values) == values


def test_messages_lose_passwords(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "token-of-mine")
    text = redact_text(
        "cannot use http://u:one@h/x (password=two, 'api_key': 'three 3'); Authorization: Bearer four; token-of-mine; "
        "five%20six and five six; dsn=password='seven 7'",
        "postgresql://u:five%20six@h/db",
    )
    for secret in ("one", "two", "three", "four", "token-of-mine", "five", "seven"):
        assert secret not in text
    assert text.startswith("cannot use http://u:***@h/x (password=***, 'api_key': ***); Authorization: ***; ***")


@pytest.mark.parametrize(
    "text",
    [
        'FATAL:  password authentication failed for user "mlflow"',
        "Connection refused: http://127.0.0.1:5000/api",
        "ratio=3, key: 4",
    ],
)
def test_messages_without_secrets_stay_as_they_are(text):
    assert redact_text(text, "http://127.0.0.1:5000") == text


@given(st.text(max_size=300))
def test_any_text_can_be_redacted(text):
    redact_text(text, text)
    redact_uri(text)
