"""The JSON Schema of study files, with which editors complete and check them (pure)."""

import json
from collections.abc import Mapping
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

#: Where a ``[[cross]]`` says what the options of its method are.
_SETTING = ("options", "sweep")


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
    schema["properties"]["cross"]["items"] = {"oneOf": [_ref(f"cross_{name}") for name in METHODS]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
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
    """Return the schema of a ``[[cross]]`` of one method.

    An option that the method cannot do without is one of the options, or swept.
    """
    parts = cross["properties"]
    options = options_schema(method)
    values = {
        key: {"type": "array", "minItems": 1, "items": _ref(f"options_{name}/properties/{key}")}
        for key in options["properties"]
    }
    needed = [
        {"anyOf": [{"required": [at], "properties": {at: {"required": [key]}}} for at in _SETTING]}
        for key in options.get("required", [])
    ]
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
            "sweep": {
                "type": "object",
                "properties": values,
                "additionalProperties": False,
                "description": parts["sweep"]["description"],
            },
        },
        **({"allOf": needed} if needed else {}),
    }
