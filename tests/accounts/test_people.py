from __future__ import annotations

import re
import stat

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts.first_accounts import make_first_accounts, passwords_file
from accounts.models import Event, Role, User


def test_admin_creates_an_account_whose_shown_password_works(admin_client: Client) -> None:
    response = admin_client.post(
        reverse("person_new"), {"username": "ines", "role": Role.REVIEWER}, follow=True
    )
    [message] = response.context["messages"]
    found = re.search(r"password (\S+)", str(message))
    assert found is not None
    assert Client().login(username="ines", password=found[1])
    assert Event.objects.filter(verb="account created", object_type="accounts.user").exists()


def test_user_name_that_is_taken_is_refused_and_keeps_what_was_typed(
    admin_client: Client, annotator: User
) -> None:
    response = admin_client.post(
        reverse("person_new"), {"username": annotator.username, "role": Role.ADMIN}
    )
    assert response.status_code == 422
    assert response.context["form"].errors["username"]
    assert f'value="{annotator.username}"' in response.content.decode()


def test_person_signs_in_on_the_page(annotator: User) -> None:
    client = Client()
    response = client.post(
        reverse("account_login"), {"login": annotator.username, "password": "a long password"}
    )
    assert response.status_code == 302
    assert client.session["_auth_user_id"] == str(annotator.pk)


def test_wrong_password_says_so_and_signs_nobody_in(annotator: User) -> None:
    client = Client()
    response = client.post(
        reverse("account_login"), {"login": annotator.username, "password": "wrong"}
    )
    assert response.context["form"].errors
    assert "_auth_user_id" not in client.session


def test_nobody_can_sign_up(db: None) -> None:
    assert Client().get("/sign-up/").status_code in {302, 404}
    with pytest.raises(NoReverseMatch):
        reverse("account_signup")


def test_anonymous_is_sent_to_the_sign_in_page(db: None) -> None:
    response = Client().get(reverse("people"))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", ["people", "person_new"])
def test_only_an_admin_sees_people(
    name: str, annotator_client: Client, reviewer_client: Client
) -> None:
    for client in (annotator_client, reviewer_client):
        assert client.get(reverse(name)).status_code == 403


def test_health_needs_no_login_and_tells_nothing(db: None) -> None:
    response = Client().get(reverse("health"))
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_pages_carry_a_policy_without_inline_scripts(admin_client: Client) -> None:
    policy = admin_client.get(reverse("people"))["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_first_accounts_are_made_once_and_readable_by_their_owner_alone(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_first_accounts()
    assert [account.role for account in made] == ["admin", "reviewer", "annotator", "annotator"]
    assert all(Client().login(username=a.username, password=a.password) for a in made)
    assert make_first_accounts() == []
    assert stat.S_IMODE(passwords_file().stat().st_mode) == 0o600
    call_command("accounts")
    shown = capsys.readouterr().out
    assert all(account.password in shown for account in made)


def test_a_site_with_people_gets_no_first_accounts(annotator: User) -> None:
    assert make_first_accounts() == []
    assert not passwords_file().exists()
