"""The kit a vendor simulator is built with."""

from esign_core.sandbox.client import Control
from esign_core.sandbox.clock import Clock
from esign_core.sandbox.deliver import DeliveryState, Outbox
from esign_core.sandbox.faults import Fault, FaultKind, Faults
from esign_core.sandbox.pdf import Stationery, pdf_problem
from esign_core.sandbox.running import Server, Simulator
from esign_core.sandbox.shell import create_app
from esign_core.sandbox.simulation import Simulation
from esign_core.sandbox.vendor import (
    Act,
    Channel,
    Delivery,
    LedgerEntry,
    Mail,
    SigningPage,
    Vendor,
    VendorRequest,
    VendorResponse,
)

__all__ = [
    "Act",
    "Channel",
    "Clock",
    "Control",
    "Delivery",
    "DeliveryState",
    "Fault",
    "FaultKind",
    "Faults",
    "LedgerEntry",
    "Mail",
    "Outbox",
    "Server",
    "SigningPage",
    "Simulation",
    "Simulator",
    "Stationery",
    "Vendor",
    "VendorRequest",
    "VendorResponse",
    "create_app",
    "pdf_problem",
]
