"""What operators read of the figures is what there is."""

from pathlib import Path

from fakes.figures import page
from fakes.service import serving
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from callcue.metrics import figures
from callcue.metrics.metrics import Metrics
from callcue.metrics.page import filled

PAGE = Path(__file__).parents[2] / "docs" / "operators.md"
NOT_OURS = ("process_", "python_")


def test_given_operators_md_then_its_table_is_that_of_the_figures() -> None:
    text = PAGE.read_text()
    assert filled(text) == text


async def test_given_a_service_then_it_registers_what_is_declared_and_nothing_else() -> None:
    declared = {(figure.name, figure.kind.value) for figure in figures.ALL}
    async with serving() as service:
        text = await page(service)
    shown = [line.split(" ")[2:] for line in text.splitlines() if line.startswith("# TYPE ")]
    ours = [(name, kind) for name, kind in shown if not name.startswith(NOT_OURS)]
    assert sorted(ours) == sorted(declared)


async def test_given_a_service_at_work_then_every_label_is_declared() -> None:
    labels = {figure.name: set(figure.labels) for figure in figures.ALL}
    async with serving() as service:
        await service.play()
        await service.vicidial(stage="STOP")
        text = await page(service)
    seen = 0
    for family in text_string_to_metric_families(text):
        if family.name.startswith(NOT_OURS):
            continue
        name = family.name if family.name in labels else f"{family.name}_total"
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == labels[name]
            seen += 1
    assert seen > 100


def test_given_two_registries_then_neither_is_the_global_one() -> None:
    one, other = Metrics(), Metrics()
    assert one.registry is not other.registry
    assert not [m for m in REGISTRY.collect() if m.name.startswith("callcue")]
