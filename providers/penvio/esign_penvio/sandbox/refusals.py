"""Penvio's errors, by code.

Source: E-Sign API v1, "Error Codes" (V); INTERNAL_ERROR and `details` from another of the vendor's
pages (V).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from esign_core.sandbox import VendorResponse


class Code(StrEnum):
    """What Penvio calls a refusal."""

    UNAUTHORIZED = "UNAUTHORIZED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    INVALID_STATE = "INVALID_STATE"
    RATE_LIMITED = "RATE_LIMITED"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    INTERNAL_ERROR = "INTERNAL_ERROR"


_STATUS = {
    Code.UNAUTHORIZED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.VALIDATION_ERROR: 400,
    Code.INVALID_STATE: 400,
    Code.RATE_LIMITED: 429,
    Code.QUOTA_EXCEEDED: 403,
    Code.INTERNAL_ERROR: 500,
}


class Refused(Exception):
    """A request that is not done."""

    def __init__(
        self, code: Code, message: str, details: Mapping[str, list[str]] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    def to_response(self, status: int | None = None) -> VendorResponse:
        """As the API says it; `status` where it is not the code's own."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = self.details
        return VendorResponse.json(status or _STATUS[self.code], {"error": error})
