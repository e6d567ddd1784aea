"""The parameters that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from esign_core.service.arguments import MOST

DEFAULT_CONFIG = Path("esign.toml")

ConfigFile = Annotated[
    Path,
    Parameter(
        name=("--config", "-c"),
        env_var="ESIGN_CONFIG",
        help="Where connections and the journal are named.",
        show_default=True,
    ),
]
AsJson = Annotated[bool, Parameter(name="--json", help="JSON on stdout, for programs.")]
AT_LEAST_ZERO = Number(gte=0, lte=MOST)
AT_LEAST_ONE = Number(gte=1, lte=MOST)
EnvelopeId = Annotated[str, Parameter(name="ENVELOPE", help="Our id of it: env_...")]
Via = Annotated[str, Parameter(help="The connection, by its name in the configuration.")]
