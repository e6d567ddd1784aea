"""What the receiver answers and counts."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from docs._generate.words import code, grid, told_of
from esign_core import AsyncEsign, Condition
from esign_core.integrations import Answer, Intake
from esign_core.integrations.answering import answer_to
from esign_core.integrations.metrics import Metrics
from esign_core.integrations.watch import Watch


def answers() -> str:
    """The statuses with their reasons, as the code's own table has them."""
    lines = told_of(answer_to).splitlines()
    return "\n".join(line for line in lines if line.startswith("|"))


def metrics() -> str:
    """What `/metrics` tells of esign, with types and labels."""
    intake = Intake()
    watch = Watch(AsyncEsign({}, journal="sqlite://"), intake)
    watch.condition = Condition(0, 0, 0, 0, 0)
    told = Metrics(intake, watch)
    told.count(Answer(401, "unsigned"), 0.001)
    rows: list[tuple[str, str, str, str]] = []
    for family in text_string_to_metric_families(told.text().decode()):
        if family.name.startswith("esign_") and not family.name.endswith("_created"):
            labels = {name for sample in family.samples for name in sample.labels} - {"le"}
            name = f"{family.name}_total" if family.type == "counter" else family.name
            shown = ", ".join(map(code, sorted(labels))) or "-"
            rows.append((code(name), family.type, shown, family.documentation))
    return grid(("metric", "type", "labels", "what it is"), rows)
