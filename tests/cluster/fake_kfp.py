"""A small server that speaks the part of KFP's v2beta1 API that efface uses, over real HTTP."""

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.cluster.http_server import http_server

API = "/apis/v2beta1"
KINDS = {"pipelines": "pipeline_id", "experiments": "experiment_id", "runs": "run_id"}
KINDS |= {"recurringruns": "recurring_run_id"}


@dataclass
class FakeKfp:
    """The state behind the server, which tests read and set."""

    url: str = ""
    multi_user: bool = False
    tag: str | None = "2.17.0"
    token: str = ""
    """Bearer token that is asked for; empty: none."""
    things: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {kind: [] for kind in KINDS}
    )
    versions: list[dict[str, Any]] = field(default_factory=list)
    uploads: list[bytes] = field(default_factory=list)
    script: list[dict[str, Any]] = field(default_factory=list)
    """What a run looks like at each look; the last one stays."""
    broken: dict[str, int] = field(default_factory=dict)
    """"METHOD /path" that begins so -> HTTP status it fails with."""
    asked: list[str] = field(default_factory=list)
    """Every "METHOD /path?query" so far."""

    def runs(self) -> list[dict[str, Any]]:
        return self.things["runs"]

    def recurring(self) -> list[dict[str, Any]]:
        return self.things["recurringruns"]


def detail(name: str, state: str = "SUCCEEDED", **more: Any) -> dict[str, Any]:
    """One entry of ``task_details``."""
    times = {"start_time": "2026-11-01T02:00:00Z", "end_time": "2026-11-01T02:00:09Z"}
    return {"task_id": uuid.uuid4().hex, "display_name": name, "state": state, **times, **more}


def run_of(state: str, *tasks: Any, **more: Any) -> dict[str, Any]:
    """How a run looks; a task is a name, or an entry of ``task_details``."""
    details = [task if isinstance(task, dict) else detail(task) for task in tasks]
    return {"state": state, "run_details": {"task_details": details}, **more}


@contextmanager
def serving() -> Iterator[FakeKfp]:
    """Serve on a free port."""
    fake = FakeKfp()
    lock = threading.Lock()

    def one_at_a_time(*request: Any) -> tuple[int, dict[str, Any]]:
        with lock:
            return respond(fake, *request)

    with http_server(one_at_a_time) as fake.url:
        yield fake


def respond(
    fake: FakeKfp, method: str, target: str, body: bytes, headers: Any
) -> tuple[int, dict[str, Any]]:
    """Status and content for a request."""
    fake.asked.append(f"{method} {target}")
    parts = urlsplit(target)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    for prefix, status in fake.broken.items():
        if f"{method} {parts.path}".startswith(prefix):
            return status, error(status, "told to fail")
    if fake.token and headers.get("authorization") != f"Bearer {fake.token}":
        return 401, error(16, "Request header error: there is no user identity header.")
    if parts.path == f"{API}/healthz":
        return 200, {"multi_user": fake.multi_user}
    if parts.path == "/apis/v1beta1/healthz" and fake.tag:
        return 200, {"tag_name": fake.tag, "multi_user": fake.multi_user}
    words = parts.path.removeprefix(API).strip("/").split("/")
    if words == ["pipelines", "upload_version"]:
        return upload(fake, query, body)
    if words[-1] == "versions" and method == "GET":
        known = [v for v in fake.versions if v["pipeline_id"] == words[1]]
        return 200, {"pipeline_versions": filtered(known, query)}
    if words[0] not in KINDS or not parts.path.startswith(API):
        return 404, error(5, "Not Found")
    return on_things(fake, method, words, query, body)


def on_things(
    fake: FakeKfp, method: str, words: list[str], query: dict[str, str], body: bytes
) -> tuple[int, dict[str, Any]]:
    """List, create, get and delete things of a kind."""
    kind, key = words[0], KINDS[words[0]]
    things = fake.things[kind]
    if len(words) == 1 and method == "GET":
        field_name = "recurringRuns" if kind == "recurringruns" else kind
        found = filtered(things, query)
        begin, size = int(query.get("page_token", 0)), int(query.get("page_size", 10))
        page: dict[str, Any] = {field_name: found[begin : begin + size]}
        if begin + size < len(found):
            page["next_page_token"] = str(begin + size)
        return 200, page
    if len(words) == 1:
        return created(fake, kind, json.loads(body))
    found = [thing for thing in things if thing[key] == words[1]]
    if not found:
        return 404, error(5, f"{kind} {words[1]} not found")
    if method == "DELETE":
        things.remove(found[0])
        return 200, {}
    if kind == "runs":
        look = fake.script.pop(0) if len(fake.script) > 1 else fake.script[0]
        return 200, {**found[0], **look}
    return 200, found[0]


def created(fake: FakeKfp, kind: str, content: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Keep a new thing; pipelines and experiments have names of their own."""
    names = [thing["display_name"] for thing in fake.things[kind]]
    if kind in ("pipelines", "experiments") and content["display_name"] in names:
        return 409, error(6, "already exists")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    made = {**content, KINDS[kind]: str(uuid.uuid4()), "created_at": now}
    if kind == "recurringruns":
        made["status"] = {"ENABLE": "ENABLED"}.get(content["mode"], "DISABLED")
    fake.things[kind].append(made)
    return 200, made


def upload(fake: FakeKfp, query: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
    """Keep an uploaded version; each has a name of its own."""
    if query["name"] in [version["name"] for version in fake.versions]:
        return 409, error(6, "already exists")
    fake.uploads.append(body)
    names = {"name": query["name"], "display_name": query["display_name"]}
    ids = {"pipeline_id": query["pipelineid"], "pipeline_version_id": str(uuid.uuid4())}
    fake.versions.append({**names, **ids})
    return 200, fake.versions[-1]


def filtered(things: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    """Those that an EQUALS filter on a field lets through."""
    predicates = json.loads(query.get("filter", "{}")).get("predicates", [])
    fits = lambda t: all(t.get(p["key"]) == p["stringValue"] for p in predicates)  # noqa: E731
    return [thing for thing in things if fits(thing)]


def error(code: int, message: str) -> dict[str, Any]:
    """An error as KFP's gateway words it."""
    return {"code": code, "message": message, "error": message, "details": []}
