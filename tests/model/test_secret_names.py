"""Which names are those of secrets, and what is redacted under them."""

from __future__ import annotations

from typing import Any

import pytest

from eugpt_files_mock.model.secret_names import is_secret_name, without_secret_members

SECRET = """
Authorization Proxy-Authorization X-Api-Key api_key apiKey APIKey apikey API-KEY x-goog-api-key key
access_token accessToken AccessToken accesstoken refresh_token id_token idToken auth_token
X-Auth-Token csrf_token csrfToken csrfmiddlewaretoken X-CSRF-Token X-XSRF-Token token Token TOKEN
bearer_token access_tokens refreshTokens session_token X-Amz-Security-Token X-Amz-Signature
X-Amz-Credential X-Hub-Signature X-Hub-Signature-256 signature sig Cookie Set-Cookie cookies
X-My-Key Ocp-Apim-Subscription-Key subscription_key x-functions-key aeg-sas-key api_keys apiKeys
password Password PASSWORD user_password userPassword db_password dbPassword passwd passphrase
pass_phrase passcode user_pass pwd pw new_password password_confirmation passwordHash secret secrets
client_secret clientSecret clientsecret aws_secret_access_key AWS_SECRET_ACCESS_KEY secretAccessKey
access_key accessKey accessKeyId access_key_id private_key privateKey private-key privatekey
signing_key encryption_key account_key AccountKey master_key admin_key openai_key OPENAI_API_KEY
azure_openai_key EUGPT_API_KEY eugpt_key webhook_secret webhookSecret credential credentials
Credentials jwt JWT auth oauth oauth_token authToken x-auth session sessionid session_id sessionId
sid PHPSESSID otp totp pin connection_string connectionString ConnectionString dsn sas_token
license_key shared_key SharedKey storage_key bot_token botToken device_token user_token
"""

HARMLESS = """
Accept Content-Type Content-Length Host User-Agent X-Request-Id X-Stainless-Retry-Count limit after
order purpose author authors Author co_author authority authored keyboard keyword keywords monkey
donkey max_tokens maxTokens max_output_tokens max_completion_tokens tokens token_count tokenCount
token_limit token_type tokenType token_usage total_tokens prompt_tokens completion_tokens
input_tokens output_tokens input_token_count tokens_per_minute max_token token_budget token_ids
token_ids_list next_page_token nextPageToken page_token continuation_token stop_token eos_token
bos_token pad_token special_tokens tokenizer tokenize time_to_first_token token_logprobs
Idempotency-Key idempotency_key X-Idempotency-Key prompt_cache_key cache_key primary_key foreign_key
sort_key partition_key public_key publicKey routing_key object_key secretary secretariat compass
passenger passage passed pass_rate pass_count passthrough bypass design assign assignee signal
insignificant oauthority cookbook pinned spinner opinion shopping desk_id obsidian resident tokyo
WWW-Authenticate Proxy-Authenticate Retry-After X-RateLimit-Remaining-Tokens
x-ratelimit-limit-tokens status details filename content user userName model input temperature
"""


@pytest.mark.parametrize("name", SECRET.split())
def test_the_value_under_such_a_name_is_secret(name: str) -> None:
    """However the words of the name are put together."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", HARMLESS.split())
def test_the_value_under_such_a_name_stays_readable(name: str) -> None:
    """It is like the name of a secret, or just common."""
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [{"b": {"password": "x"}}]}, {"a": [{"b": {"password": "[redacted]"}}]}),
        ({"otp": 123456}, {"otp": "[redacted]"}),
        ({"token": None, "password": "", "auth": True}, ...),
        (
            {"cookies": [{"name": "a", "value": "b", "secure": True}]},
            {"cookies": [{"name": "[redacted]", "value": "[redacted]", "secure": True}]},
        ),
        (
            {"session": {"model": "auto", "client_secret": {"value": "x"}}},
            {"session": {"model": "auto", "client_secret": {"value": "[redacted]"}}},
        ),
        ({"session": "x"}, {"session": "[redacted]"}),
        ({"filters": {"key": "region", "value": "eu"}}, ...),
        ({"logprobs": [{"token": "Hello", "logprob": -0.1}]}, ...),
        ([{"token": "x"}, "token"], [{"token": "[redacted]"}, "token"]),
        ({"max_tokens": 5, "messages": [{"role": "user", "content": "token"}]}, ...),
        ("password", ...),
        (7, ...),
    ],
)
def test_members_are_redacted_at_any_depth(value: Any, expected: Any) -> None:
    """What has nothing to redact is the same object, so that nothing is copied."""
    if expected is ...:
        assert without_secret_members(value) is value
    else:
        assert expected == without_secret_members(value)
