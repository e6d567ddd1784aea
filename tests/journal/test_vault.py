"""Sealing secrets: under the first key, opened by every one, bound to their place."""

from __future__ import annotations

import base64
import pickle
import subprocess
import sys

import pytest
from pydantic import SecretStr

from esign_core.errors import Misconfigured, SecretsLocked
from esign_core.journal.vault import Vault, new_key

SECRET = b"a secret with a canary in it"


def keys(count: int) -> list[SecretStr]:
    """Fresh keys."""
    return [SecretStr(new_key()) for _ in range(count)]


def test_what_is_sealed_opens_and_shows_nothing() -> None:
    """The same secret, twice, is two different texts, and in none of them is it to be found."""
    vault = Vault(keys(1))
    sealed = [vault.seal("token/acme", SECRET) for _ in range(2)]
    assert len(set(sealed)) == 2
    for each in sealed:
        assert b"canary" not in each
        assert b"canary" not in base64.urlsafe_b64decode(each)
        assert vault.open("token/acme", each) == SECRET


def test_the_first_key_seals_and_every_one_opens() -> None:
    """A new key in front reads what the old one wrote; the old one alone does not read the new."""
    old, new = keys(2)
    before, during, after = Vault([old]), Vault([new, old]), Vault([new])
    sealed_before = before.seal("job/1", SECRET)
    assert during.open("job/1", sealed_before) == SECRET
    assert not during.is_current("job/1", sealed_before)
    sealed_during = during.seal("job/1", SECRET)
    assert during.is_current("job/1", sealed_during)
    assert after.open("job/1", sealed_during) == SECRET
    for vault, sealed in [(before, sealed_during), (after, sealed_before)]:
        assert not vault.opens("job/1", sealed)
        with pytest.raises(SecretsLocked, match="none of the keys opens it"):
            vault.open("job/1", sealed)


def test_what_is_moved_to_another_place_does_not_open_there() -> None:
    """Whoever can write to the database cannot give one account the token of another."""
    vault = Vault(keys(1))
    sealed = vault.seal("token/acme", SECRET)
    for place in ("token/other", "token/acm", "token/acme2", ""):
        with pytest.raises(SecretsLocked):
            vault.open(place, sealed)


@pytest.mark.parametrize("flip", range(0, 140, 7))
def test_what_was_changed_does_not_open(flip: int) -> None:
    """Not with a single bit of it flipped."""
    vault = Vault(keys(1))
    raw = bytearray(base64.urlsafe_b64decode(vault.seal("job/1", SECRET)))
    raw[flip % len(raw)] ^= 1
    with pytest.raises(SecretsLocked):
        vault.open("job/1", base64.urlsafe_b64encode(raw))


def test_without_a_key_nothing_is_sealed_or_opened() -> None:
    """The error says what to do, and that nothing was lost."""
    vault = Vault()
    assert not vault.has_key
    with pytest.raises(SecretsLocked, match=r"token/acme was not written down.*`esign keys new`"):
        vault.seal("token/acme", SECRET)
    sealed = Vault(keys(1)).seal("token/acme", SECRET)
    with pytest.raises(SecretsLocked, match=r"there is no key to open it with. Nothing.*was lost"):
        vault.open("token/acme", sealed)


@pytest.mark.parametrize(
    "wrong", ["", "canary", "canary" * 8, "A" * 44, "A" * 40, "ø" * 44, "=" * 44]
)
def test_what_is_no_key_is_refused_by_its_place(wrong: str) -> None:
    """And nothing of it is told: it may be nearly right."""
    with pytest.raises(Misconfigured, match=r"encryption_keys\[1\]: is no key") as caught:
        Vault([*keys(1), SecretStr(wrong)])
    assert [each.field for each in caught.value.problems] == ["encryption_keys[1]"]
    assert wrong == "" or wrong not in str(caught.value)


def test_a_key_that_is_there_twice_is_refused() -> None:
    """Somebody meant another one."""
    (key,) = keys(1)
    with pytest.raises(Misconfigured, match=r"encryption_keys\[1\]: is there twice"):
        Vault([key, key])


@pytest.mark.promise("D1")
def test_a_vault_shows_no_key() -> None:
    """Not when it is printed, and not when something that has it is pickled."""
    (key,) = keys(1)
    vault = Vault([key])
    assert repr(vault) == "<Vault, keys: 1>"
    with pytest.raises(TypeError, match="Vault is not pickled: it is a secret"):
        pickle.dumps([vault])
    assert key.get_secret_value() not in repr(vars(vault))


def test_each_new_key_is_another_one() -> None:
    """They fit into an environment variable, and into a vault."""
    made = {new_key() for _ in range(20)}
    assert len(made) == 20
    assert all(key.isascii() and key.isprintable() and " " not in key for key in made)
    assert Vault([SecretStr(key) for key in made]).has_key


def test_the_package_that_encrypts_is_loaded_with_the_first_key() -> None:
    """Whoever needs no key needs no package; whoever has one learns what to install."""
    code = """
import sys
class Missing:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "cryptography":
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Missing())
from pydantic import SecretStr
from esign_core.errors import MissingExtra
from esign_core.journal.vault import Vault, new_key
Vault()
key = new_key()
try:
    Vault([SecretStr(key)])
except MissingExtra as error:
    assert 'install esign-core with its extra "encryption"' in str(error), error
    assert key not in str(error)
    print("told")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "told\n"
