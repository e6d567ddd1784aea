"""What is logged: every record that there is."""

from __future__ import annotations

from logging import DEBUG, ERROR, INFO, WARNING

from esign_core.engine.logs import Record

_AT = "esign_provider esign_envelope_id"
_WORK = "esign_envelope_id esign_duration_seconds esign_work_id esign_attempt"
_CALL = "esign_operation esign_host esign_path esign_attempt esign_duration_seconds"

OPERATION_BEGAN = Record(
    "esign.operations",
    DEBUG,
    "%(esign_operation)s at %(esign_connection)s begins",
    "A vendor is about to be asked for something.",
    also=_AT,
)
OPERATION_DONE = Record(
    "esign.operations",
    INFO,
    "%(esign_operation)s at %(esign_connection)s is %(esign_outcome)s, after "
    "%(esign_duration_seconds)s s",
    "The vendor has done it.",
    also=_AT,
)
OPERATION_FAILED = Record(
    "esign.operations",
    INFO,
    "%(esign_operation)s at %(esign_connection)s is %(esign_outcome)s: %(esign_error)s, after "
    "%(esign_duration_seconds)s s",
    "The vendor has refused it or could not be reached, or something failed after it was done.",
    also=f"{_AT} esign_status_code",
)
OPERATION_UNCERTAIN = Record(
    "esign.operations",
    WARNING,
    "%(esign_operation)s at %(esign_connection)s is %(esign_outcome)s: %(esign_error)s, after "
    "%(esign_duration_seconds)s s; it may have been done",
    "It may have happened, and only a look at the vendor can tell.",
    also=f"{_AT} esign_status_code",
)
OPERATION_BROKEN = Record(
    "esign.operations",
    ERROR,
    "%(esign_operation)s at %(esign_connection)s is %(esign_outcome)s: %(esign_error)s, a fault in "
    "code and not of the vendor's, after %(esign_duration_seconds)s s",
    "An adapter broke its contract, or something raised what nothing should.",
    also=f"{_AT} esign_status_code",
)
OPERATION_STOPPED = Record(
    "esign.operations",
    INFO,
    "%(esign_operation)s at %(esign_connection)s was stopped, after %(esign_duration_seconds)s s",
    "Whoever asked for it was cancelled.",
    also=_AT,
)
FLOW_NOT_CLOSED = Record(
    "esign.operations",
    ERROR,
    "%(esign_provider)s.%(esign_operation)s did not stop when it was closed: %(esign_error)s",
    "An adapter does not let itself be stopped; please report it to its author.",
    also="esign_connection esign_envelope_id",
)
TOKEN_NOT_SHARED = Record(
    "esign.operations",
    WARNING,
    "a token is not shared with other processes: %(esign_error)s, %(esign_reason)s",
    "The journal cannot keep it; this process uses it alone.",
)
REQUEST_ANSWERED = Record(
    "esign.requests",
    DEBUG,
    "%(esign_method)s to %(esign_connection)s: %(esign_status_code)s, after "
    "%(esign_duration_seconds)s s",
    "The vendor has answered one request.",
    also=f"{_AT} {_CALL}",
)
REQUEST_FAILED = Record(
    "esign.requests",
    DEBUG,
    "%(esign_method)s to %(esign_connection)s: no answer, %(esign_error)s, after "
    "%(esign_duration_seconds)s s",
    "No answer came to one request, or it was given up.",
    also=f"{_AT} {_CALL}",
)
REQUEST_AGAIN = Record(
    "esign.requests",
    INFO,
    "%(esign_method)s to %(esign_connection)s goes again in %(esign_pause_seconds)s s, after "
    "%(esign_error)s",
    "A request that may be repeated is about to be.",
    also=f"{_AT} esign_operation esign_host esign_path esign_attempt esign_status_code",
)
REQUEST_WAITS = Record(
    "esign.requests",
    DEBUG,
    "%(esign_method)s to %(esign_connection)s waits %(esign_pause_seconds)s s for its turn",
    "The vendor's limit is used up for now.",
    also=f"{_AT} esign_operation esign_host esign_path esign_attempt",
)
SLOT_NOT_GIVEN_BACK = Record(
    "esign.requests",
    WARNING,
    "a share of the vendor's limit stays taken for some minutes: %(esign_reason)s",
    "A request is over, and the journal could not be told.",
)
LISTENING_FAILED = Record(
    "esign.journal",
    WARNING,
    "listening for news failed with %(esign_error)s; it goes on",
    "PostgreSQL tells of no news for now; who waits looks by itself, a little later.",
)
DELIVERY_KEPT = Record(
    "esign.deliveries",
    INFO,
    "a delivery to %(esign_connection)s is kept: %(esign_state)s",
    "A delivery is on disk.",
    also=f"{_AT} esign_authenticity esign_duration_seconds",
)
DELIVERY_REPEATED = Record(
    "esign.deliveries",
    DEBUG,
    "a delivery to %(esign_connection)s was here before: %(esign_state)s",
    "The vendor has made the same delivery again.",
    also=f"{_AT} esign_authenticity esign_duration_seconds",
)
DELIVERY_UNREADABLE = Record(
    "esign.deliveries",
    WARNING,
    "a delivery to %(esign_connection)s is kept, and nothing was made of it: %(esign_state)s",
    "It is authentic, and this version cannot read it. A later one can.",
    also=f"{_AT} esign_authenticity esign_duration_seconds",
)
DELIVERY_REJECTED = Record(
    "esign.deliveries",
    WARNING,
    "a delivery to %(esign_connection)s is rejected: %(esign_reason)s",
    "It is not authentic, or the vendor is known to make none (`no_webhooks`). Once a minute.",
    also="esign_provider esign_duration_seconds esign_left_out",
)
DELIVERY_ASTRAY = Record(
    "esign.deliveries",
    WARNING,
    "a delivery is rejected: no connection has the endpoint that it came to",
    "Somebody tries addresses; or one at a vendor is wrong, or a connection has a new name. Once a "
    "minute.",
    also="esign_duration_seconds esign_left_out",
)
DELIVERY_TURNED_AWAY = Record(
    "esign.deliveries",
    WARNING,
    "a delivery is turned away before it is looked at: %(esign_reason)s",
    "It is too large or no whole delivery, or too much is in hand (503). Once a minute.",
    also="esign_duration_seconds esign_left_out",
)
DELIVERY_LOST = Record(
    "esign.deliveries",
    ERROR,
    "a delivery is not kept: %(esign_error)s; the vendor should make it again",
    "It could not be checked or written down. Once a minute.",
    also="esign_connection esign_provider esign_duration_seconds esign_left_out esign_place "
    "esign_reason",
)
WORK_DONE = Record(
    "esign.worker",
    DEBUG,
    "%(esign_work)s at %(esign_connection)s is done",
    "A piece of work is done, and nothing of it is left.",
    also=_WORK,
)
WORK_AGAIN = Record(
    "esign.worker",
    DEBUG,
    "%(esign_work)s at %(esign_connection)s goes on in %(esign_pause_seconds)s s",
    "A piece of work is to be done again, as it is meant to be.",
    also=_WORK,
)
WORK_FAILED = Record(
    "esign.worker",
    INFO,
    "%(esign_work)s at %(esign_connection)s failed with %(esign_error)s and goes on in "
    "%(esign_pause_seconds)s s",
    "A piece of work could not be done now, and is tried again.",
    also=_WORK,
)
WORK_BROKEN = Record(
    "esign.worker",
    ERROR,
    "%(esign_work)s at %(esign_connection)s failed with %(esign_error)s at %(esign_place)s",
    "A fault in code, ours or an adapter's; the work is tried again.",
    also=_WORK,
)
WORK_SET_ASIDE = Record(
    "esign.worker",
    ERROR,
    "%(esign_work)s at %(esign_connection)s is set aside after %(esign_attempt)s attempts; "
    '"esign work list" tells why',
    "Work that never succeeds waits for a person.",
    also=f"{_WORK} esign_error",
)
WORKER_FAILED = Record(
    "esign.worker",
    ERROR,
    "a turn of the worker failed with %(esign_error)s at %(esign_place)s; it goes on",
    "A fault in code; the worker goes on. Once a minute.",
    also="esign_left_out",
)
JOURNAL_CLOSED = Record(
    "esign.deliveries",
    ERROR,
    "the journal cannot be written, and every delivery is answered 503: %(esign_reason)s",
    "`esign serve` has looked. Once, until it can be written again.",
    also="esign_error",
)
JOURNAL_OPEN = Record(
    "esign.deliveries",
    WARNING,
    "the journal can be written again",
    "`esign serve` has looked; what vendors could not deliver meanwhile they deliver again.",
    also="esign_duration_seconds",
)
JOURNAL_FAILED = Record(
    "esign.worker",
    ERROR,
    "the worker cannot use the journal: %(esign_reason)s",
    "The worker waits a moment and tries again. Once a minute.",
    also="esign_error esign_left_out",
)
PLUGIN_FAILED = Record(
    "esign.plugins",
    ERROR,
    'plugin "%(esign_plugin)s" failed on an event with %(esign_error)s at %(esign_place)s',
    "A plugin raised; others hear the event all the same.",
    also="esign_event_id esign_seq esign_envelope_id esign_connection",
)
