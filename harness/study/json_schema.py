"""The JSON Schema of study files, with which editors complete and check them (pure)."""

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from harness.data.generators import GENERATORS
from harness.messages.docstrings import descriptions_of, summary_of
from harness.messages.toml_table import Table
from harness.methods import METHODS
from harness.methods.base import Method
from harness.study.file import TABLES, CrossTable, StudyTable


class _TomlSchema(GenerateJsonSchema):
    """JSON Schema for TOML, which has no null; titles would repeat the names of keys."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - of no field
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if made.get("default", "") is None:
            del made["default"]
        return made


def options_schema(method: type[Method]) -> dict[str, Any]:
    """Return the JSON Schema of a method's options.

    Parameters
    ----------
    method : type
        A class of the registry.

    Returns
    -------
    dict
        Of each option the kind, bounds, default and meaning.
    """
    schema = TypeAdapter(method).json_schema(schema_generator=_TomlSchema)
    return _described(schema, method)


def study_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of study files."""
    schema = StudyTable.model_json_schema(schema_generator=_TomlSchema)
    models = {model.__name__: model for model in TABLES.values()}
    definitions = {
        name: _with_sources(_described(table, models[name]), models[name])
        for name, table in schema.pop("$defs").items()
    }
    definitions["DatasetTable"]["properties"]["generator"]["enum"] = list(GENERATORS)
    definitions["ReferenceTable"]["properties"]["method"]["enum"] = list(METHODS)
    cross = definitions.pop(CrossTable.__name__)
    for name, method in METHODS.items():
        definitions[f"options_{name}"] = {
            key: part for key, part in options_schema(method).items() if key != "required"
        }
        definitions[f"cross_{name}"] = _cross_of(cross, name, method)
    _described(schema, StudyTable)
    definitions["swept"] = _sweep()
    for part in (schema, definitions["ScaleTable"]):
        told = part["properties"]["sweep"]["description"]
        part["properties"]["sweep"] = {**_ref("swept"), "description": told}
    schema["properties"]["cross"]["items"] = {"oneOf": [_ref(f"cross_{name}") for name in METHODS]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "allOf": list(_needed()),
        "title": "A study of the harness",
        "$defs": definitions,
    }


def schema_text() -> str:
    """Return the schema as ``docs/study.schema.json`` holds it."""
    return json.dumps(study_schema(), indent=1) + "\n"


def _ref(name: str) -> dict[str, str]:
    """Refer to a definition."""
    return {"$ref": f"#/$defs/{name}"}


def _described(schema: dict[str, Any], cls: type) -> dict[str, Any]:
    """Add what a class says of itself and of its attributes."""
    schema.pop("title", None)
    schema["description"] = summary_of(cls)
    meanings = descriptions_of(cls)
    for name, part in schema["properties"].items():
        part["description"] = meanings[name]
    return schema


def _with_sources(schema: dict[str, Any], table: type[Table]) -> dict[str, Any]:
    """Demand exactly one of the sets of keys that a table may have."""
    every = {key for source in table.sources for key in source}
    if every:
        schema["oneOf"] = [
            {
                "required": list(source),
                "not": {"anyOf": [{"required": [key]} for key in sorted(every - {*source})]},
            }
            for source in table.sources
        ]
    return schema


def _cross_of(cross: Mapping[str, Any], name: str, method: type[Method]) -> dict[str, Any]:
    """Return the schema of a ``[[cross]]`` of one method."""
    parts = cross["properties"]
    return {
        **cross,
        "description": f"{cross['description']} `{name}`: {summary_of(method)}",
        "properties": {
            **parts,
            "method": {"const": name, "description": summary_of(method)},
            "options": {
                **_ref(f"options_{name}"),
                "description": parts["options"]["description"],
            },
        },
    }


def _sweep() -> dict[str, Any]:
    """Return the schema of the keys and values that can be swept."""
    values = {
        f"methods.{name}.{key}": {
            **_values(_ref(f"options_{name}/properties/{key}")),
            "description": part["description"],
        }
        for name, method in METHODS.items()
        for key, part in options_schema(method)["properties"].items()
    }
    for generator in GENERATORS.values():
        for key, parameter in inspect.signature(generator).parameters.items():
            kind = _TomlSchema().generate(TypeAdapter(parameter.annotation).core_schema)
            told = f"Option `{key}` of all data sets of generators that have it."
            values[f"datasets.{key}"] = {**_values(kind), "description": told}
    return {
        "type": "object",
        "properties": values,
        "patternProperties": {r"^datasets\..+\..+$": _values({})},
        "additionalProperties": False,
    }


def _values(each: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list of values."""
    return {"type": "array", "minItems": 1, "items": each}


def _needed() -> Iterator[dict[str, Any]]:
    """Demand the options that a method cannot do without, unless they are swept."""
    for name, method in METHODS.items():
        for key in options_schema(method).get("required", []):
            has = {"required": ["options"], "properties": {"options": {"required": [key]}}}
            is_mine = {"properties": {"method": {"const": name}}}
            swept = {"required": [f"methods.{name}.{key}"]}
            yield {
                "if": {"not": {"required": ["sweep"], "properties": {"sweep": swept}}},
                "then": {"properties": {"cross": {"items": {"if": is_mine, "then": has}}}},
            }
