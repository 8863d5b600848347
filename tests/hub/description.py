"""GitHub's own description of its API, to hold every answer of the fake against it."""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

FILE = Path(__file__).parents[2] / "fixtures/github/openapi.json"

ANYWHERE = (401, 403, 404, 422, 429, 451, 500, 502, 503)
"""Statuses that any call can get, though the description does not name them everywhere."""

_PAYLOADS = {
    "CommitCommentEvent": "commit-comment-event",
    "CreateEvent": "create-event",
    "DeleteEvent": "delete-event",
    "DiscussionEvent": "discussion-event",
    "ForkEvent": "fork-event",
    "GollumEvent": "gollum-event",
    "IssueCommentEvent": "issue-comment-event",
    "IssuesEvent": "issues-event",
    "MemberEvent": "member-event",
    "PublicEvent": "public-event",
    "PullRequestEvent": "pull-request-event",
    "PullRequestReviewCommentEvent": "pull-request-review-comment-event",
    "PullRequestReviewEvent": "pull-request-review-event",
    "PushEvent": "push-event",
    "ReleaseEvent": "release-event",
    "WatchEvent": "watch-event",
}
_EVENT = "#/components/schemas/event"
_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date-time")
def _is_moment(value: object) -> bool:
    if not isinstance(value, str):
        return True
    shape = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    try:
        return bool(re.fullmatch(shape, value) and datetime.fromisoformat(value))
    except ValueError:
        return False


@_FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"[a-z][a-z0-9+.-]*:[!-~]+", value))


def problems(template: str, method: str, status: int, body: object) -> list[str]:
    """Say in what an answer differs from what GitHub says of its API; nothing if it fits.

    Args:
        template: the path as the description has it, such as ``/repos/{owner}/{repo}``.
        method: ``get`` or ``post``.
        status: the status of the answer.
        body: its decoded JSON; ``None`` where it has no body.
    """
    operation = _description()["paths"].get(template, {}).get(method)
    if operation is None:
        return [f"{method} {template} is not described"]
    described = operation["responses"].get(str(status))
    if described is None:
        if status in ANYWHERE:
            return _mismatches({"$ref": "#/components/schemas/basic-error"}, body)
        return [f"{method} {template} never answers {status}"]
    if "$ref" in described:
        described = _description()["components"]["responses"][described["$ref"].split("/")[-1]]
    schema = described.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return [] if body is None else [f"{status} has no body"]
    return _mismatches(schema, body)


def _mismatches(schema: dict[str, Any], body: object) -> list[str]:
    return [
        f"{error.json_path}: {error.message[:200]}"
        for error in _validator(json.dumps(schema)).iter_errors(body)
    ]


@cache
def _validator(schema: str) -> Draft202012Validator:
    converted = {**_converted(json.loads(schema)), "components": _components()}
    return Draft202012Validator(converted, format_checker=_FORMATS)


@cache
def _description() -> dict[str, Any]:
    description: dict[str, Any] = json.loads(FILE.read_text())
    return description


@cache
def _components() -> dict[str, Any]:
    schemas = _converted(_description()["components"]["schemas"])
    # As described, exactly one of sixteen payloads has to fit, among them one that fits anything:
    # no event could be valid.  What is meant is the payload of the event's own type.
    schemas["event"]["properties"]["payload"] = {"type": "object"}
    schemas["event"]["allOf"] = [
        {
            "if": {"properties": {"type": {"const": name}}},
            "then": {"properties": {"payload": {"$ref": f"#/components/schemas/{payload}"}}},
        }
        for name, payload in _PAYLOADS.items()
    ]
    return {"schemas": schemas}


def _converted(node: Any) -> Any:
    """Turn schemas of OpenAPI 3.0 into JSON Schema: only ``nullable`` differs in what is used."""
    if isinstance(node, list):
        return [_converted(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {key: _converted(value) for key, value in node.items()}
    if schema.get("nullable") is True:
        del schema["nullable"]
        return {"anyOf": [schema, {"type": "null"}]}
    return schema
