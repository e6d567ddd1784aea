"""The receiver as a Flask blueprint.

```python
app.register_blueprint(receiver(esign), url_prefix="/webhooks")
```
"""

from __future__ import annotations

from esign_core.errors import MissingExtra
from esign_core.integrations.answering import TurnedAway
from esign_core.integrations.intake import Intake
from esign_core.service import Esign

try:
    from flask import Blueprint, Response, request
    from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
except ModuleNotFoundError as error:
    raise MissingExtra('this needs Flask: install esign-core with its extra "flask".') from error


def receiver(esign: Esign, *, intake: Intake | None = None, name: str = "esign") -> Blueprint:
    """A blueprint that takes deliveries in at `/<endpoint>`.

    Args:
        esign: Where deliveries go.
        intake: How much is taken in at a time; its own if not given.
        name: The blueprint's name.

    Raises:
        MissingExtra: Flask is not installed.
    """
    limits = intake or Intake()

    def receive(endpoint: str) -> Response:
        with limits.delivery() as delivery:
            delivery.begin_wsgi(request.environ)
            delivery.feed(_body(limits.max_body_bytes))
            delivery.kept(esign.receive(endpoint, delivery.request(request.headers)))
        answer = delivery.answer
        return Response(answer.body, answer.status, answer.headers)

    blueprint = Blueprint(name, __name__)
    blueprint.add_url_rule(
        "/<endpoint>", view_func=receive, methods=["POST"], provide_automatic_options=False
    )
    return blueprint


def _body(cap: int) -> bytes:
    request.max_content_length = cap + 1  # of this request, whatever the app's is; it cuts there
    try:
        return request.get_data()
    except RequestEntityTooLarge:
        raise TurnedAway(413, "too_large") from None
    except ClientDisconnected:
        raise TurnedAway(400, "cut_short") from None
