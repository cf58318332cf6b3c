"""The OpenAPI 3.1 description of version 1; a test holds it equal to the routes."""

from typing import Any

_PROBLEM = {
    "description": "RFC 9457 problem",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_KIND = {"name": "kind", "in": "path", "required": True, "schema": {"type": "string"}}
_ID = {"name": "target_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
_CURSOR = {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}}


def openapi() -> dict[str, Any]:
    """Return the description."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Collab", "version": "1"},
        "paths": {
            "/api/v1/search": {
                "get": _operation(
                    "Search", [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}, _CURSOR]
                )
            },
            "/api/v1/work": {"get": _operation("What waits for me", [])},
            "/api/v1/objects/{kind}/{target_id}": {"get": _operation("One object, and why it exists", [_KIND, _ID])},
            "/api/v1/objects/{kind}/{target_id}/history": {"get": _operation("The history of one object", [_KIND, _ID, _CURSOR])},
        },
        "components": {"schemas": _SCHEMAS},
    }


def _operation(summary: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    answers = {"200": {"description": "OK", "content": {"application/json": {"schema": {"type": "object"}}}}}
    return {"summary": summary, "parameters": parameters, "responses": {**answers, "401": _PROBLEM, "404": _PROBLEM}}


_SCHEMAS = {
    "Problem": {
        "type": "object",
        "required": ["type", "title", "status"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
        },
    }
}
