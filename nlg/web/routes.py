"""The paths of the API: for each the body, the queue that answers, and the answer."""

import dataclasses
import functools
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import fastapi
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from nlg.couplet.check import check_couplet
from nlg.poem.check import examine
from nlg.web import bodies, metrics, schemas
from nlg.web.batching import Batcher, Busy, Call
from nlg.web.errors import reason_of
from nlg.web.examples import EXAMPLES
from nlg.web.guard import as_json
from nlg.web.models import Models
from nlg.web.settings import ServeSettings

JSON, EVENTS = "application/json", "text/event-stream"
MODELS = "/v1/models"
FAILURES = {
    400: "The body is not what the task takes.",
    401: "A bearer token is asked for.",
    404: "The model is not served.",
    408: "The body came too slowly.",
    413: "The body is too large.",
    415: "The body is not said to be JSON.",
    503: "Too many ask, or it took too long; see Retry-After.",
}


class Answered(Response):
    """An answer in JSON."""

    media_type = JSON

    def render(self, content: Any) -> bytes:
        """Return the body of the answer."""
        return as_json(content)


@dataclasses.dataclass(frozen=True)
class State:
    """What the paths share."""

    settings: ServeSettings
    models: Models
    queues: Mapping[str, Batcher]

    def ask(self, queue: str, body: Any) -> Call:
        """Put a body into a queue.

        Raises:
            HTTPException: the model is not served.
            Busy: the queue is full.
        """
        if queue not in self.queues:
            raise fastapi.HTTPException(
                404, f"this server has no {queue}; see {MODELS}"
            )
        call: Call = Call(body, self.settings.timeout)
        self.queues[queue].submit(call)
        return call


async def poem(state: State, request: Request) -> Response:
    """Write poems: random ones, from latents, or on demand.

    A body that names a field of the writer is the writer's; the others are the VAE's.
    With `Accept: text/event-stream` each poem comes as it is written; one poem on
    demand of one candidate comes line by line.
    """
    body = bodies.read_poem_body(await _raw(request))
    queue = "composer" if isinstance(body, bodies.WriterBody) else "poet"
    call = state.ask(queue, body)
    if _wants_events(request):
        return await _streamed(call)
    found = [poem async for name, poem in call.results()]
    poems = (
        found[-1:] if isinstance(body, bodies.WriterBody) and body.by_line else found
    )
    return Answered({"poems": poems})


async def couplet(state: State, request: Request) -> Response:
    """Answer a line of a couplet, or write couplets about a theme."""
    body = bodies.read_body(bodies.CoupletBody, await _raw(request))
    return Answered({"replies": await _only(state.ask("couplets", body))})


async def qa(state: State, request: Request) -> Response:
    """Answer a question from passages; the answer is "" where they have none."""
    body = bodies.read_body(bodies.QABody, await _raw(request))
    return Answered(await _only(state.ask("reader", body)))


async def write(state: State, request: Request) -> Response:
    """Write texts of a class; as a stream, each comes as it is written."""
    body = bodies.read_body(bodies.WriteBody, await _raw(request))
    call = state.ask("reviewer", body)
    if _wants_events(request):
        return await _streamed(call)
    return Answered({"texts": [text async for _, text in call.results()]})


async def classify(state: State, request: Request) -> Response:
    """Say which label a text has."""
    body = bodies.read_body(bodies.ClassifyBody, await _raw(request))
    return Answered(await _only(state.ask("classifier", body)))


async def check_poem(state: State, request: Request) -> Response:
    """Check form, tones, rhyme and originality of a poem."""
    body = bodies.read_body(bodies.PoemCheckBody, await _raw(request))
    job = functools.partial(examine, **dataclasses.asdict(body))
    return Answered((await _only(state.ask("checks", job))).to_dict())


async def check_a_couplet(state: State, request: Request) -> Response:
    """Check length, marks, repeats and tones of a couplet."""
    body = bodies.read_body(bodies.CoupletCheckBody, await _raw(request))
    job = functools.partial(check_couplet, **dataclasses.asdict(body))
    return Answered((await _only(state.ask("checks", job))).to_dict())


async def poem_map(state: State, request: Request) -> Response:
    """Return the kinds of poems there are, and the points of a picture of them."""
    if "poet" not in state.queues:
        raise fastapi.HTTPException(404, f"this server has no poet; see {MODELS}")

    def drawn() -> dict[str, Any]:
        from nlg.poem.vae.clusters import LatentMap

        found = LatentMap.load(None, state.models.get("poet"))
        places = zip(found.points.tolist(), found.labels.tolist(), strict=True)
        return {
            "clusters": [one.to_dict() for one in found.clusters],
            "points": [(round(x, 3), round(y, 3), n + 1) for (x, y), n in places],
        }

    return Answered(await _only(state.ask("checks", drawn)))


Endpoint = Callable[[State, Request], Any]
POSTS: dict[str, tuple[Endpoint, tuple[type, ...], Any]] = {
    "/v1/poem": (poem, (bodies.WriterBody, bodies.SampleBody), schemas.POEMS),
    "/v1/couplet": (couplet, (bodies.CoupletBody,), schemas.REPLIES),
    "/v1/qa": (qa, (bodies.QABody,), schemas.ANSWER),
    "/v1/write": (write, (bodies.WriteBody,), schemas.TEXTS),
    "/v1/classify": (classify, (bodies.ClassifyBody,), schemas.LABELLED),
    "/v1/check/poem": (check_poem, (bodies.PoemCheckBody,), schemas.EXAMINED),
    "/v1/check/couplet": (
        check_a_couplet,
        (bodies.CoupletCheckBody,),
        schemas.CHECKED_COUPLET,
    ),
}


def add_routes(app: fastapi.FastAPI, state: State) -> None:
    """Add every path of the API."""
    failures: dict[int | str, dict[str, Any]] = {
        status: {"model": schemas.Failure, "description": text}
        for status, text in FAILURES.items()
    }
    for path, (endpoint, kinds, answer) in POSTS.items():
        app.post(
            path,
            summary=(endpoint.__doc__ or "").partition("\n")[0],
            description=endpoint.__doc__,
            responses={200: {"model": answer}, **failures},
            openapi_extra={"requestBody": _request_body(path, kinds)},
            operation_id=endpoint.__name__,
        )(_bound(endpoint, state))
    app.get(
        "/v1/poem/map",
        summary=(poem_map.__doc__ or "").strip(),
        responses={200: {"model": schemas.MAP}, 404: failures[404], 503: failures[503]},
        operation_id="poem_map",
    )(_bound(poem_map, state))

    @app.get(MODELS)
    async def models() -> dict[str, list[dict[str, Any]]]:
        """Name the models that are served, and the hash of each that is open."""
        return {"models": state.models.to_dicts()}

    @app.get("/metrics", response_class=Response)
    async def metrics_text() -> Response:
        """Return counts and times for Prometheus."""
        for name, queue in state.queues.items():
            metrics.WAITING.labels(name).set(queue.waiting)
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4")


def _bound(endpoint: Endpoint, state: State) -> Callable[[Request], Any]:
    async def bound(request: Request) -> Response:
        return await endpoint(state, request)

    return bound


async def _raw(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise fastapi.HTTPException(415, f"send JSON: Content-Type: {JSON}")
    return await request.body()


async def _only(call: Call) -> Any:
    """Return the one result of a call."""
    found = [result async for result in call.results()]
    if not found:
        raise Busy("there is no answer; ask again")
    return found[0]


def _wants_events(request: Request) -> bool:
    return EVENTS in request.headers.get("accept", "")


async def _streamed(call: Call) -> Response:
    """Return the results of a call as server-sent events.

    What goes wrong before the first of them is an answer with its status.
    """
    results = call.results()
    try:
        first = await anext(results)
    except StopAsyncIteration:
        raise Busy("there is no answer; ask again") from None

    async def events() -> AsyncIterator[bytes]:
        try:
            yield _event(*first)
            async for name, value in results:
                yield _event(name, value)
            yield _event("done", {})
        except Exception as error:
            yield _event("error", {"error": reason_of(error)})
        finally:
            call.leave()

    return StreamingResponse(
        events(), media_type=EVENTS, headers={"cache-control": "no-store"}
    )


def _event(name: str, value: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), as_json(value))


def _request_body(path: str, kinds: tuple[type, ...]) -> dict[str, Any]:
    """Return what OpenAPI says of the bodies of a path."""
    found = [_schema(kind) for kind in kinds]
    schema = found[0] if len(found) == 1 else {"anyOf": found}
    examples = {name: {"value": value} for name, value in EXAMPLES[path].items()}
    return {
        "required": True,
        "content": {JSON: {"schema": schema, "examples": examples}},
    }


def _schema(kind: type) -> dict[str, Any]:
    """Return the schema of a body: of what a client may send."""
    schema = bodies.adapter(kind).json_schema()
    for field in dataclasses.fields(kind):
        if not field.init:
            del schema["properties"][field.name]
    return schema
