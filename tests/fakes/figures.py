"""What `/metrics` says, taken apart by the client library's own parser."""

from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from .service import Service


@dataclass(frozen=True)
class Figures:
    """Every sample by its name and labels."""

    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]

    def __call__(self, name: str, /, **labels: str) -> float:
        """That sample; 0 where nothing was counted yet."""
        return self.samples.get((name, frozenset(labels.items())), 0.0)

    def labels(self, name: str) -> list[dict[str, str]]:
        """Of every sample of that name."""
        return [dict(labels) for found, labels in self.samples if found == name]


def parsed(text: str) -> Figures:
    return Figures(
        {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    )


async def figures(service: Service) -> Figures:
    """Those of a service, as they are now."""
    return parsed(await page(service))


async def page(service: Service) -> str:
    """The page as it comes, from loopback."""
    async with service.client.get("/metrics") as response:
        assert response.status == 200
        return await response.text()
