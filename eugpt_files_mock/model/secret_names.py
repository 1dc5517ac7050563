"""Which names say that their value is a secret: of headers, parameters, form fields, JSON members.

The rule is generous, as a secret that is shown can't be taken back, and precise enough that what
people look at in a failed test stays readable: `author`, `max_tokens`, `idempotency-key`.
"""

import re
from functools import lru_cache
from typing import Any

REDACTED = "[redacted]"
"""Stands in place of a secret in everything that is kept or shown."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words by themselves, in a name such as `X-Hub-Signature`, `dbPassword`, `client_secret`.
_SECRET_WORDS = _words(
    "auth bearer cookie cookies credential credentials csrf dsn hmac jwt oauth otp passcode "
    "passcodes passphrase passwd password passwords pin pw pwd sas secret secrets session "
    "sessionid sid sig signature signatures token totp xsrf"
)

# Anywhere in the letters of a name, also where no separator shows the words: `clientsecret`.
_SECRET_STEMS = re.compile(
    "authenticat|authoris|authoriz|passw|passphrase|passcode|credential|clientsecret|secretkey"
    "|apikey|accesskey|authkey|privatekey|signingkey|encryptionkey|subscriptionkey|accountkey"
    "|masterkey|sharedkey|licensekey|servicekey|connectionstring|cookie|sessid|sessionid|sessionkey"
    # Not `secretary`.
    "|secret(?!ar)"
)

# What a key opens, where it isn't one of a database or of a cache: `openai_key`, `adminKey`.
_KEYS_OF = _words(
    "access account admin aes anthropic api app application auth aws azure bot client cohere "
    "deploy dev developer encryption eugpt function functions gcp google hmac huggingface hf "
    "integration license licence live master mistral openai private prod production project "
    "rsa sandbox sas secret security server service session shared signing ssh staging "
    "storage subscription test user webhook write"
)
# `X-My-Key` is a key, whatever it opens; but for these.
_HARMLESS_KEYS = _words("cache dedup deduplication idempotency public routing")

# `access_tokens` are secrets; `tokens` alone are counted by every model.
_TOKENS_OF = _words(
    "access api auth bearer bot client csrf device id identity login personal refresh reset "
    "secret security session user xsrf"
)
_HARMLESS_BEFORE_TOKEN = _words(
    "bos continuation cursor eos first input last max min next num number output page pad per "
    "prompt special stop sync time unk"
)
_HARMLESS_AFTER_TOKEN = _words(
    "budget cost count counts details id ids index indices length limit limits logprob "
    "logprobs price probability rate text type types usage window"
)

# Names of headers that say how to authenticate, and aren't secret.
_CHALLENGES = ("www-authenticate", "proxy-authenticate", "authentication-info")

# `apiKey`, `APIKey`, `api_key`, `Api-Key`.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_LONGEST_NAME = 200
"""A longer name is searched for stems only: it isn't one that anybody has chosen."""


@lru_cache(maxsize=1_024)
def is_secret_name(name: str) -> bool:
    """Whether the value of a header, a parameter, a field or a member of this name is a secret."""
    letters = re.sub("[^a-z]", "", name.lower())
    if name.lower() in _CHALLENGES:
        return False
    if _SECRET_STEMS.search(letters):
        return True
    if len(name) > _LONGEST_NAME:
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    return _is_key(name, words) or any(_is_secret_word(words, place) for place in range(len(words)))


@lru_cache(maxsize=64)  # the same names come each time
def secret_places(names: tuple[str, ...]) -> tuple[int, ...]:
    """Where among these names are those of secrets."""
    return tuple(place for place, name in enumerate(names) if is_secret_name(name))


def _is_secret_word(words: list[str], place: int) -> bool:
    word = words[place]
    before = words[place - 1] if place else ""
    after = words[place + 1] if place + 1 < len(words) else ""
    if word == "tokens":
        return before in _TOKENS_OF
    # `accesstoken`, `csrfmiddlewaretoken`
    if word.endswith("token"):
        return before not in _HARMLESS_BEFORE_TOKEN and after not in _HARMLESS_AFTER_TOKEN
    # `user_pass`, but not `pass_rate`
    if word == "pass":
        return not after
    return word in _SECRET_WORDS


def _is_key(name: str, words: list[str]) -> bool:
    if not words or words[-1] not in ("key", "keys"):
        return False
    before = words[-2] if len(words) > 1 else ""
    if words == ["key"]:
        return True
    is_of_a_header = name[:2].lower() == "x-" and before not in _HARMLESS_KEYS
    return before in _KEYS_OF or is_of_a_header


def is_secret_member(name: str) -> bool:
    """As `is_secret_name`, for the name of a JSON member.

    There `key` alone is a word of many documents, such as the filters of a search.
    """
    return name.lower() != "key" and is_secret_name(name)


def without_secret_members(value: Any) -> Any:
    """A JSON value, with what stands under the name of a secret redacted at any depth.

    The same object where there is nothing to redact.

    Raises:
        RecursionError: for thousands of nested lists.
    """
    if isinstance(value, dict):
        members = {name: _member(name, one, value) for name, one in value.items()}
        return value if all(members[name] is value[name] for name in value) else members
    if isinstance(value, list):
        items = [without_secret_members(one) for one in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    return value


_CONTAINERS = ("auth", "authentication", "authorization", "session")
"""Names that objects have too, of which some members are secret."""


def _member(name: str, value: Any, around: dict[str, Any]) -> Any:
    is_container = isinstance(value, (dict, list)) and name.lower() in _CONTAINERS
    # A model's answer gives its tokens with their probability.
    is_of_a_model = name == "token" and "logprob" in around
    if is_secret_member(name) and not is_container and not is_of_a_model:
        return _all_redacted(value)
    return without_secret_members(value)


def _all_redacted(value: Any) -> Any:
    """Texts and numbers; whether there is a secret, and in which form, stays readable."""
    if isinstance(value, dict):
        return {name: _all_redacted(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_all_redacted(one) for one in value]
    if value is None or isinstance(value, bool) or value == "":
        return value
    return REDACTED
