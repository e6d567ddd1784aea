from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.sandbox import Act, Channel

if TYPE_CHECKING:
    from tests.penneo.sandbox.conftest import Customer

JANE = {"name": "Jane", "email": "jane@example.com"}
JOHN = {"name": "John"}
OWNER = "Owner of the account"


def test_signer_with_email_is_mailed_and_one_without_is_not(customer: Customer) -> None:
    """No e-mail address means that Penneo writes to nobody: the link is the integrator's."""
    envelope = customer.send(JANE, JOHN, metaData="esign:env_1")
    asked = customer.vendor.ledger
    assert [(entry.signer, entry.channel) for entry in asked] == [
        ("Jane", Channel.EMAIL),
        ("John", Channel.LINK),
    ]
    assert [entry.link for entry in asked] == [each["signingLink"] for each in envelope.links]
    assert {(entry.envelope, entry.mark) for entry in asked} == {(str(envelope.id), "esign:env_1")}


def test_everybody_signs_then_documents_are_made(customer: Customer) -> None:
    """Status 4 is not completed: the signed documents come a moment later."""
    envelope = customer.send()
    assert envelope.status() == 1
    envelope.act(Act.OPEN)
    assert envelope.status() == 1
    envelope.sign_all()
    assert envelope.status() == 4
    customer.wait(seconds=1)
    assert envelope.status() == 5
    steps = ["asked", "opened", "signed", "completed", "informed"]
    assert [what for what, _ in customer.ledger()] == steps


def test_later_round_waits_for_every_earlier_one(customer: Customer) -> None:
    """Lower orders first, equal ones at the same time; nobody is asked before their turn."""
    orders = [("A", 0), ("B", 1), ("C", 1), ("D", 5)]
    envelope = customer.send(*({"name": name, "signOrder": order} for name, order in orders))
    turns = [["A"], ["B", "C"], ["C"], ["D"]]
    for place, expected in enumerate(turns):
        can = [each["name"] for i, each in enumerate(envelope.links) if envelope.state(i) == "open"]
        assert can == expected
        envelope.act(Act.SIGN, place)
    asked = [name for what, name in customer.ledger() if what == "asked"]
    assert asked == ["A", "B", "C", "D"]


@pytest.mark.parametrize("act", list(Act))
def test_acts_out_of_turn_change_nothing(customer: Customer, act: Act) -> None:
    """A link that leaked early does not let its holder jump the queue."""
    envelope = customer.send({"name": "A"}, {"name": "B", "signOrder": 1})
    before = customer.ledger()
    envelope.act(act, 1)
    assert (customer.ledger(), envelope.state(1)) == (before, "waiting")


def test_declining_ends_it_for_all(customer: Customer) -> None:
    """One rejection rejects the case file; the others find it closed."""
    envelope = customer.send(JANE, JOHN)
    envelope.act(Act.DECLINE, 0, "wrong rent")
    envelope.act(Act.SIGN, 1)
    assert envelope.status() == 2
    assert (envelope.state(0), envelope.state(1)) == ("declined", "closed")
    assert ("declined", "Jane") in customer.ledger()
    assert ("signed", "John") not in customer.ledger()
    assert "wrong rent" not in str(envelope.json())  # the API does not hand out the reason


def test_documents_can_fail(open_account: Callable[..., Customer]) -> None:
    """Status 6, and never a download."""
    customer = open_account(documents_fail=True)
    envelope = customer.send()
    envelope.sign_all()
    customer.wait(seconds=1)
    assert envelope.status() == 6
    assert customer.ledger()[-2:] == [("failed", ""), ("informed", OWNER)]


@pytest.mark.parametrize("days", [None, 2])
def test_case_file_expires_on_its_day(customer: Customer, days: int | None) -> None:
    """On the day asked for, else on the account's default, and not before."""
    until = customer.now + timedelta(days=days or 30, seconds=2)
    envelope = customer.send(**({"expireAt": int(until.timestamp())} if days else {}))
    assert envelope.json()["expireAt"] == int(until.timestamp())
    customer.wait(seconds=(until - customer.now).total_seconds() - 1)
    assert envelope.status() == 1
    customer.wait(seconds=1)
    assert envelope.status() == 7
    assert customer.ledger()[-2:] == [("expired", ""), ("informed", OWNER)]


@pytest.mark.parametrize(("act", "status"), [(Act.SIGN, 1), (Act.OPEN, 7)])
def test_one_missed_deadline_expires_the_case_file(
    customer: Customer, act: Act, status: int
) -> None:
    """A signer's own deadline counts as long as that signer has not signed."""
    until = int((customer.now + timedelta(days=1)).timestamp())
    envelope = customer.send({**JOHN, "expireAt": until}, JANE)
    envelope.act(act, 0)
    customer.wait(days=1)
    assert envelope.status() == status


def test_scheduled_case_file_is_new_until_its_time(customer: Customer) -> None:
    """Nobody is asked before `sendAt`."""
    at = int((customer.now + timedelta(days=3)).timestamp())
    envelope = customer.send(sendAt=at)
    customer.wait(days=2)
    assert (envelope.status(), envelope.state(), customer.ledger()) == (0, "waiting", [])
    customer.wait(days=1)
    assert (envelope.status(), envelope.state()) == (1, "open")
    assert envelope.json()["activated"] == at


def test_scheduled_case_file_has_its_time_from_when_it_goes_out(customer: Customer) -> None:
    """One that is sent after the account's default would else be over before it began."""
    at = customer.now + timedelta(days=40)
    envelope = customer.send(sendAt=int(at.timestamp()))
    customer.wait(days=41)
    assert envelope.status() == 1
    assert envelope.json()["expireAt"] == int((at + timedelta(days=30)).timestamp())


def test_time_to_be_sent_may_be_kept_to_itself(open_account: Callable[..., Customer]) -> None:
    """No source tells the name of the answer's field: a caller must live without it."""
    customer = open_account(shows_send_at=False)
    envelope = customer.send(sendAt=int((customer.now + timedelta(days=3)).timestamp()))
    assert "sendAt" not in envelope.json()
    assert all("sendAt" not in each for each in customer.read("/api/v1/casefiles"))


@pytest.mark.parametrize(
    "far", [{"sendAt": 253_402_300_799}, {"signers": [{**JANE, "reminderInterval": 10**15}]}]
)
def test_far_future_stops_nothing(customer: Customer, far: dict[str, Any]) -> None:
    """A time at the end of the calendar is one like any other."""
    envelope = customer.send(**far)
    customer.wait(days=29)
    assert envelope.status() == (0 if "sendAt" in far else 1)


def test_signer_is_not_active_before_activation_time(customer: Customer) -> None:
    """`activeAt` holds one signer back."""
    at = int((customer.now + timedelta(days=1)).timestamp())
    envelope = customer.send({**JOHN, "activeAt": at}, JANE)
    assert (envelope.state(0), envelope.state(1)) == ("waiting", "open")
    customer.wait(days=1)
    assert envelope.state(0) == "open"


def test_deleted_case_file_activates_nobody(customer: Customer) -> None:
    """What was planned for it does not happen."""
    at = int((customer.now + timedelta(days=1)).timestamp())
    scheduled = customer.send(sendAt=at)
    held_back = customer.send({**JOHN, "activeAt": at})
    customer.ask("DELETE", scheduled.path)
    customer.ask("DELETE", held_back.path)
    customer.wait(days=60)
    assert customer.ledger() == [("cancelled", ""), ("cancelled", "")]


def test_reminders_come_at_their_interval_until_signed(customer: Customer) -> None:
    """Every so many days, by e-mail, and no more after the signature."""
    envelope = customer.send({**JANE, "reminderInterval": 3}, JOHN)
    customer.wait(days=7)
    envelope.act(Act.SIGN, 0)
    customer.wait(days=7)
    assert customer.ledger().count(("reminded", "Jane")) == 2


def test_undeliverable_signer_is_not_asked(customer: Customer) -> None:
    """A mail that bounced asked nobody."""
    envelope = customer.send({"name": "Jane", "email": "jane@nowhere.invalid"})
    log = customer.read(f"{envelope.path}/signers/{envelope.links[0]['signerId']}/log")
    assert [line["eventType"] for line in log] == [7, 0, 6]
    assert customer.ledger() == []


def test_leap_leaves_the_same_history_as_ticks(open_account: Callable[..., Customer]) -> None:
    """A clock that jumps a month tells the same story as one that walks through it."""
    histories = []
    for step in (1, 31):
        customer = open_account()
        customer.send({**JANE, "reminderInterval": 7}, JOHN)
        for _ in range(0, 31, step):
            customer.wait(days=step)
        histories.append(customer.vendor.ledger)
    ticked, leapt = histories
    assert ticked == leapt
    steps = ["asked"] * 2 + ["reminded"] * 4 + ["expired", "informed"]
    assert [entry.what for entry in leapt] == steps


@pytest.mark.parametrize(
    ("ending", "status", "ledger"),
    [
        ("new", 404, "cancelled"),
        ("pending", 3, "cancelled"),
        ("rejected", 3, None),
        ("signed", 404, "destroyed"),
        ("completed", 404, "destroyed"),
    ],
)
def test_deletion_means_what_the_state_makes_of_it(
    customer: Customer, ending: str, status: int, ledger: str | None
) -> None:
    """Deleting a finished case file destroys a contract, and the ledger knows it."""
    later = int((customer.now + timedelta(days=3)).timestamp())
    envelope = customer.send(**({"sendAt": later} if ending == "new" else {}))
    if ending == "rejected":
        envelope.act(Act.DECLINE)
    elif ending in {"signed", "completed"}:
        envelope.sign_all()
        customer.wait(seconds=int(ending == "completed"))
    before = len(customer.ledger())
    assert customer.ask("DELETE", envelope.path).status == 200
    answer = customer.ask("GET", envelope.path)
    assert (404 if answer.status == 404 else envelope.status()) == status
    assert [what for what, _ in customer.ledger()[before:]] == ([ledger] if ledger else [])
    assert envelope.state() != "open"


def test_completed_case_files_can_be_anonymized(open_account: Callable[..., Customer]) -> None:
    """Status 8 comes after completion; the documents are gone."""
    customer = open_account(anonymizes_after=timedelta(days=90))
    envelope = customer.send()
    envelope.sign_all()
    customer.wait(days=91)
    assert envelope.status() == 8
    document = envelope.json()["documents"][0]["id"]
    assert customer.ask("GET", f"/api/v3/documents/{document}/content").status == 404


def test_page_shows_what_the_signer_may_see(customer: Customer) -> None:
    """In visibility mode 1 a signer sees only what there is to sign."""
    documents = [
        {"name": "a.pdf", "title": "A", "roles": ["Tenant"]},
        {"name": "b.pdf", "title": "B"},
    ]
    signers = [{"name": "Jane", "role": "Tenant", "emailText": "Please."}, {"name": "John"}]
    for mode, seen in ((0, [["A", "B"], ["A", "B"]]), (1, [["A", "B"], ["B"]])):
        pdf = b"%PDF-1.4\n%%EOF\n"
        case_file = {
            "title": "Lease",
            "signers": signers,
            "documents": documents,
            "visibilityMode": mode,
        }
        customer.vendor.ledger.clear()
        customer.create(case_file, [("a.pdf", pdf), ("b.pdf", pdf + pdf)])
        customer.wait(seconds=2)
        tokens = [entry.link.rpartition("/")[2] for entry in customer.vendor.ledger]
        pages = [customer.vendor.page(token) for token in tokens]
        assert [page and page.documents for page in pages] == seen
        assert pages[0] is not None
        assert (pages[0].title, pages[0].signer, pages[0].message) == ("Lease", "Jane", "Please.")
        assert customer.vendor.document(tokens[0], 1) == pdf + pdf
        assert customer.vendor.document(tokens[0], 2) is None


def test_unknown_link_leads_nowhere(customer: Customer) -> None:
    """Not even to an error of the vendor's."""
    assert customer.vendor.page("guess") is None
    assert customer.vendor.document("guess", 0) is None
    assert customer.vendor.act("guess", Act.SIGN, customer.now) == []


def test_same_seed_same_story(open_account: Callable[..., Customer]) -> None:
    """Two runs cannot be told apart; another seed can."""
    stories = []
    for seed in (1, 1, 2):
        customer = open_account(seed=seed)
        customer.ask(
            "POST",
            "/webhook/api/v1/subscriptions",
            {"endpoint": "http://h.invalid/", "eventTypes": ["sign.casefile.completed"]},
        )
        customer.send(JANE).sign_all()
        customer.wait(seconds=1)
        stories.append((customer.vendor.credentials, customer.vendor.ledger, customer.deliveries))
    assert stories[0] == stories[1]
    assert stories[0] != stories[2]
