"""The contract that an adapter keeps; all that a plugin author needs beside the model."""

from esign_core.model import did_you_mean, excerpt, printable
from esign_core.provider.check import Check, gaps_of, localized
from esign_core.provider.facets import Template, Templates, Webhooks
from esign_core.provider.flow import (
    Body,
    Download,
    Flow,
    HttpDownload,
    JsonWithDocuments,
    Limit,
    Multipart,
    ObjectDownload,
    Part,
    Request,
    Response,
    Token,
    answer,
)
from esign_core.provider.hooks import hookimpl
from esign_core.provider.loading import BrokenPlugin, Registry, read_settings
from esign_core.provider.provider import OPTIONAL_OPERATIONS, Provider, utc_now
from esign_core.provider.settings import ProviderSettings, TemplateTarget
from esign_core.provider.strict_json import BadJson, read_json
from esign_core.provider.wishes import with_options

__all__ = [
    "OPTIONAL_OPERATIONS",
    "BadJson",
    "Body",
    "BrokenPlugin",
    "Check",
    "Download",
    "Flow",
    "HttpDownload",
    "JsonWithDocuments",
    "Limit",
    "Multipart",
    "ObjectDownload",
    "Part",
    "Provider",
    "ProviderSettings",
    "Registry",
    "Request",
    "Response",
    "Template",
    "TemplateTarget",
    "Templates",
    "Token",
    "Webhooks",
    "answer",
    "did_you_mean",
    "excerpt",
    "gaps_of",
    "hookimpl",
    "localized",
    "printable",
    "read_json",
    "read_settings",
    "utc_now",
    "with_options",
]
