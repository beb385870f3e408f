"""How hypothesis tries: the same on every machine, and what fails is printed to be run again."""

from hypothesis import HealthCheck, settings

SAME_EVERYWHERE = settings(
    derandomize=True,
    print_blob=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
