"""The principals file is followed while the process runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared import errors
from shared.auth import principals as module
from shared.auth.principals import AccountLimit, Principal, PrincipalTable, new_principal

ACCOUNT = "000000000001"


@pytest.fixture(autouse=True)
def looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FOLLOW_SECONDS", -1.0)


def write(path: Path, *principals: Principal, more: str = "") -> None:
    """Replaced as a whole, as Kubernetes and editors do."""
    rows = [
        "[[principal]]\n" + "\n".join(f"{k} = {str(v).lower() if isinstance(v, bool) else repr(v)}" for k, v in row)
        for row in (principal.model_dump().items() for principal in principals)
    ]
    new = path.with_suffix(".new")
    new.write_text("\n\n".join([*rows, more]))
    new.replace(path)


def test_keys_come_and_go_without_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "principals.toml"
    (old, old_key), (new, new_key) = new_principal("old", ACCOUNT), new_principal("new", ACCOUNT)
    write(path, old)
    table = PrincipalTable.read(path, "000000000000")
    assert table.by_access_key(old.access_key_id) == old
    with pytest.raises(errors.Unauthenticated):
        table.by_access_key(new.access_key_id)
    write(path, old, new)
    assert table.by_access_key(new.access_key_id) == new
    assert table.by_bearer_key(new_key) == new and table.by_bearer_key(old_key) == old
    write(path, new)
    for look in (lambda: table.by_access_key(old.access_key_id), lambda: table.by_bearer_key(old_key)):
        with pytest.raises(errors.Unauthenticated):
            look()


@pytest.mark.parametrize("spoilt", ["", "[[principal]", "[[principal]]\nname = 'x'\n", "[[account]]\nid = '1'\n"])
def test_a_file_that_is_spoilt_lets_nobody_else_in(tmp_path: Path, spoilt: str) -> None:
    path = tmp_path / "principals.toml"
    principal, key = new_principal("one", ACCOUNT)
    write(path, principal)
    table = PrincipalTable.read(path, "000000000000")
    path.write_text(spoilt)
    assert table.by_bearer_key(key) == principal
    assert not table.open
    path.unlink()
    assert table.by_bearer_key(key) == principal
    with pytest.raises(errors.Unauthenticated):
        table.by_access_key("NONETNOBODY")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[[principal]", "line 1"),
        ("[[principal]]\nname = 'x'\naccount = '1'\nbearer_key_sha256 = 'secret'", r"\[\[principal\]\] .* account:"),
        ("[[account]]\nid = '000000000001'\nburst = 'secret'", r"\[\[account\]\] .* burst:"),
    ],
)
def test_what_is_wrong_is_said_without_its_contents(tmp_path: Path, written: str, said: str) -> None:
    path = tmp_path / "principals.toml"
    path.write_text(written)
    with pytest.raises(ValueError, match=said) as caught:
        PrincipalTable.read(path, "000000000000")
    assert str(path) in str(caught.value)
    assert "secret" not in str(caught.value)


def test_limits_of_accounts_are_followed_too(tmp_path: Path) -> None:
    path = tmp_path / "principals.toml"
    principal, _ = new_principal("one", ACCOUNT)
    write(path, principal)
    table = PrincipalTable.read(path, "000000000000")
    assert table.limit_of(ACCOUNT) is None
    write(path, principal, more=f"[[account]]\nid = '{ACCOUNT}'\nrequests_per_second = 2.5\n")
    limit = table.limit_of(ACCOUNT)
    assert isinstance(limit, AccountLimit) and (limit.requests_per_second, limit.concurrent_requests) == (2.5, 0)


def test_without_a_file_anybody_is_the_default_account() -> None:
    table = PrincipalTable.read(None, "000000000000")
    assert table.open and table.anonymous.account == "000000000000"


def test_one_whom_a_gateway_names_has_the_keys_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "principals.toml"
    principal, _ = new_principal("one", ACCOUNT)
    write(path, principal)
    table = PrincipalTable.read(path, "000000000000")
    assert table.named("one", ACCOUNT) == principal
    assert table.named("one", "000000000002") == Principal(name="one", account="000000000002")
