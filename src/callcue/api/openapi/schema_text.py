"""A schema in a few words: `integer, 0 to 30000`."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def schema_name(schema: Schema) -> str:
    """The name of the schema that this one refers to; empty if to none."""
    return str(schema.get("$ref", "")).rpartition("/")[2]


def in_words(schema: Schema) -> str:
    """What is allowed. A schema with a name of its own is that name in brackets."""
    words = _kind(schema) + _limits(schema)
    if schema.get("default") is not None:
        words += f"; by default {_value(schema['default'])}"
    return words


def _kind(schema: Schema) -> str:
    if name := schema_name(schema):
        return f"[{name}]"
    if "anyOf" in schema:
        words = [in_words(one) for one in schema["anyOf"]]
        comma = "," if any("," in word for word in words) else ""
        return f"{comma} or ".join(words)
    if "const" in schema:
        return _value(schema["const"])
    if "enum" in schema:
        words = [_value(one) for one in schema["enum"]]
        return words[0] if len(words) == 1 else "one of " + ", ".join(words)
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return f"array of {in_words(schema['items'])}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"object of {in_words(schema['additionalProperties'])}"
    if "pattern" in schema:
        return f"{kind} like `{schema['pattern']}`"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _limits(schema: Schema) -> str:
    found = (
        _limit(schema.get(low), schema.get(high), unit) for (low, high), unit in _RANGES.items()
    )
    return "".join(found)


_RANGES = {
    ("minimum", "maximum"): "",
    ("minLength", "maxLength"): " characters",
    ("minItems", "maxItems"): " items",
}


def _limit(low: object, high: object, unit: str) -> str:
    if low is not None and high is not None:
        return f", {low} to {high}{unit}"
    if low is not None:
        return f", {low} or more{unit}"
    return f", at most {high}{unit}" if high is not None else ""


def _value(value: object) -> str:
    return f"`{value}`" if value != "" else "empty"
