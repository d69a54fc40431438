"""The application: queues, paths, errors, the page and the guards put together."""

import asyncio
import contextlib
import functools
import pathlib
from collections.abc import AsyncIterator, Callable, Hashable
from typing import Any

import fastapi
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp

import nlg
from nlg.runtime.graph import available_cores
from nlg.web import answering, metrics
from nlg.web.batching import Batcher
from nlg.web.errors import add_handlers
from nlg.web.guard import Bounded, Tokens, Watched
from nlg.web.models import PARTS, Models
from nlg.web.routes import State, add_routes
from nlg.web.settings import ServeSettings, read_tokens

STATIC = pathlib.Path(__file__).with_name("static")
ANSWERS = {  # part -> what its queue does
    "poet": answering.answer_samples,
    "composer": answering.answer_writer,
    "couplets": answering.answer_couplets,
    "reader": answering.answer_questions,
    "reviewer": answering.answer_reviews,
    "classifier": answering.answer_labels,
}
TOGETHER: dict[
    str, tuple[Callable[[Any], Hashable], int]
] = {  # whose calls share runs of a graph -> the kind of a body, and how many
    "poet": (answering.kind_of_poem, 12),  # of 8 candidates: a run of 96
    "couplets": (answering.kind_of_reply, 128),
    "reader": (answering.kind_of_question, 8),  # more would keep the first waiting
    "classifier": (type, 128),
}
PAGES = {"/": "index.html", "/docs": "api.html", "/favicon.ico": "favicon.svg"}
ON_ALL_CORES = {"couplets"}  # whose graphs take one core each


def make_app(settings: ServeSettings, models: Models | None = None) -> ASGIApp:
    """Return the ASGI application.

    Args:
        settings: what is served, and how much of it.
        models: what answers; by default they are opened as `settings` say.
    """
    models = models or Models(settings)
    queues = {
        part: _queue(part, settings, models)
        for name in settings.served
        for part in PARTS[name]
    }
    queues["checks"] = Batcher(_bound(answering.answer_jobs, models), settings.queue)
    state = State(settings, models, queues)
    app = fastapi.FastAPI(
        title="nlg",
        version=nlg.__version__,
        description="Chinese poems, couplets, answers and checks of them.",
        docs_url=None,  # it would load scripts from elsewhere; see static/api.html
        redoc_url=None,
        lifespan=functools.partial(_alive, state),
    )
    add_handlers(app)
    add_routes(app, state)
    _add_probes(app, state)
    _add_pages(app)
    return _guarded(app, settings)


def _guarded(app: fastapi.FastAPI, settings: ServeSettings) -> ASGIApp:
    """Return `app` behind what is done with every request."""
    paths = {route.path for route in app.routes if hasattr(route, "methods")}

    def route_of(path: str) -> str:
        return path if path in paths else "other"

    inside: ASGIApp = Bounded(app, settings.body, settings.patience)
    if settings.tokens:
        inside = Tokens(inside, read_tokens(settings.tokens))
    return Watched(inside, route_of)


def _queue(part: str, settings: ServeSettings, models: Models) -> Batcher:
    kind_of, most = TOGETHER.get(part, (type, 1))
    return Batcher(
        _bound(ANSWERS[part], models),
        settings.queue,
        kind_of,
        min(settings.batch, most),
        settings.wait,
        available_cores() if part in ON_ALL_CORES else 1,
        metrics.BATCHES.labels(part).observe,
    )


def _bound(answer: Callable, models: Models) -> Callable:
    return functools.partial(answer, models)


@contextlib.asynccontextmanager
async def _alive(state: State, app: fastapi.FastAPI) -> AsyncIterator[None]:
    """Start the queues, open the models if asked to, and stop at the end."""
    for queue in state.queues.values():
        queue.start()
    app.state.ready = not state.settings.preload
    opening = asyncio.create_task(_preload(app, state))
    yield
    app.state.ready = False
    opening.cancel()
    for queue in state.queues.values():
        await queue.stop()


async def _preload(app: fastapi.FastAPI, state: State) -> None:
    if state.settings.preload:
        await asyncio.to_thread(state.models.preload)
    app.state.ready = True


def _add_probes(app: fastapi.FastAPI, state: State) -> None:
    """Add what an orchestrator asks."""

    @app.get("/healthz")
    async def alive() -> dict[str, str]:
        """Say that the process answers."""
        return {"status": "ok"}

    @app.get("/readyz", responses={503: {"description": "Models are being opened."}})
    async def ready() -> JSONResponse:
        """Say whether the models that were asked for are open."""
        good = app.state.ready
        return JSONResponse(
            {"status": "ready" if good else "opening"}, 200 if good else 503
        )


def _add_pages(app: fastapi.FastAPI) -> None:
    """Add the page, the page of the API, and what both load."""
    for path, name in PAGES.items():
        app.add_route(path, functools.partial(_page, name), include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC))


async def _page(name: str, request: fastapi.Request) -> FileResponse:
    return FileResponse(STATIC / name, headers={"cache-control": "no-cache"})
