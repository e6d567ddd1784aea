"""The receiver as a Django view.

```python
urlpatterns = [path("webhooks/<str:endpoint>", receiver(esign))]
```

The body is read as raw bytes and with the receiver's own cap: `request.body` would read as much
as `DATA_UPLOAD_MAX_MEMORY_SIZE` allows, and nothing of a body without `Content-Length`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from esign_core.errors import MissingExtra
from esign_core.integrations.intake import Delivery, Intake
from esign_core.service import AsyncEsign, Esign

try:
    from django.http import HttpRequest, HttpResponse
    from django.views.decorators.csrf import csrf_exempt
except ModuleNotFoundError as error:
    raise MissingExtra('this needs Django: install esign-core with its extra "django".') from error


def receiver(
    esign: Esign | AsyncEsign, *, intake: Intake | None = None
) -> Callable[[HttpRequest, str], Any]:
    """A view that takes the delivery to `endpoint` in; an async one for `AsyncEsign`.

    Under ASGI, Django itself writes the whole body to disk before it calls any view, however
    large it is: have the proxy cap it, or mount `esign_core.integrations.receiver` beside Django.

    Args:
        esign: Where deliveries go: `Esign` under WSGI, `AsyncEsign` under ASGI.
        intake: How much is taken in at a time; its own if not given.

    Raises:
        MissingExtra: Django is not installed.
    """
    limits = intake or Intake()
    if isinstance(esign, AsyncEsign):

        async def awaited(request: HttpRequest, endpoint: str) -> HttpResponse:
            with limits.delivery() as delivery:
                _read(delivery, request)
                got = await esign.receive(endpoint, delivery.request(request.headers))
                delivery.kept(got)
            return _response(delivery)

        return csrf_exempt(awaited)

    def view(request: HttpRequest, endpoint: str) -> HttpResponse:
        with limits.delivery() as delivery:
            _read(delivery, request)
            delivery.kept(esign.receive(endpoint, delivery.request(request.headers)))
        return _response(delivery)

    return csrf_exempt(view)


def _read(delivery: Delivery, request: HttpRequest) -> None:
    environ = getattr(request, "environ", None)
    if environ is None:  # under ASGI
        delivery.begin(request.method or "", request.META.get("CONTENT_LENGTH"))
        delivery.read(request.read)
        return
    delivery.begin_wsgi(environ)
    is_open = environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH")
    delivery.read(environ["wsgi.input"].read if is_open else request.read)  # "" to Django


def _response(delivery: Delivery) -> HttpResponse:
    answer = delivery.answer
    return HttpResponse(answer.body, status=answer.status, headers=answer.headers)
