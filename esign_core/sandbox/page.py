"""A simulator's pages as HTML: plain, readable, and every word of them escaped."""

from __future__ import annotations

from html import escape

from esign_core.sandbox.vendor import SigningPage

PAGE_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "referrer-policy": "no-referrer",
}
"""What every page is sent with: nothing on it runs, loads or leaks an address."""

_STATES = {
    "waiting": "It is not your turn yet. You will hear when it is.",
    "open": "Please read, then sign or decline.",
    "signed": "You have signed. Thank you.",
    "declined": "You have declined.",
    "closed": "This is closed: there is nothing left to sign.",
}

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1c2430; background: #eef1f5; margin: 0; }
main { max-width: 34rem; margin: 4rem auto; padding: 2rem; background: #fff; border-radius: 8px;
       box-shadow: 0 1px 4px #0003; }
h1 { margin-top: 0; } form { margin-top: 1.5rem; } .message { white-space: pre-line; }
button { font: inherit; padding: .5rem 1.5rem; border: 1px solid #8894a5; border-radius: 5px;
         background: #fff; cursor: pointer; }
button.main { background: #14538a; border-color: #14538a; color: #fff; }
input { font: inherit; padding: .45rem; width: 60%; margin-right: .5rem; }
article { margin-top: 2rem; border-top: 1px solid #ccd3dc; padding-top: .5rem; }
h2 { font-size: 1.1rem; margin: .5rem 0; } .small { color: #687385; font-size: .85rem; }
a { color: #14538a; overflow-wrap: anywhere; }
footer { margin-top: 2rem; color: #687385; font-size: .85rem; }
"""


def render_page(page: SigningPage, *, action: str) -> str:
    """The page behind a signing link; `action` is its own path, which the forms post below."""
    documents = "".join(
        f'<li><a href="{escape(action)}/documents/{index}" target="_blank">{escape(name)}</a></li>'
        for index, name in enumerate(page.documents)
    )
    notes = "".join(f"<p>{escape(note)}</p>" for note in page.notes)
    forms = _forms(action) if page.state == "open" else ""
    return framed(
        page.title,
        f'<p>For {escape(page.signer)}</p><p class="message">{escape(page.message)}</p>{notes}'
        f"<ul>{documents}</ul><p><strong>{_told(page)}</strong></p>{forms}",
        language=page.language,
    )


def render_result(page: SigningPage) -> str:
    """What the signer reads after signing or declining, and where the browser goes from there."""
    body = f"<p>For {escape(page.signer)}</p><p><strong>{_told(page)}</strong></p>"
    head = ""
    if page.redirect:
        address = escape(page.redirect)
        body += f'<p><a href="{address}">Go on</a></p>'
        head = f'<meta http-equiv="refresh" content="1; url={address}">'
    return framed(page.title, body, language=page.language, head=head)


def render_unknown() -> str:
    """The answer to a link that leads nowhere."""
    return framed("Nothing here", "<p>This link leads nowhere. Was it copied whole?</p>")


def _told(page: SigningPage) -> str:
    return escape(_STATES.get(page.state, page.state))


def _forms(action: str) -> str:
    return (
        f'<form method="post" action="{escape(action)}/sign">'
        '<button class="main">Sign</button></form>'
        f'<form method="post" action="{escape(action)}/decline">'
        '<input name="reason" placeholder="Reason" aria-label="Reason">'
        "<button>Decline</button></form>"
    )


def framed(title: str, body: str, *, language: str = "en", head: str = "") -> str:
    """A whole page: the title is escaped here; `body` and `head` are HTML already."""
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{head}'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}"
        "<footer>A simulated vendor: nothing signed here binds anybody.</footer>"
        "</main></body></html>"
    )
