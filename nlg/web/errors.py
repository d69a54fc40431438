"""What a client reads when something goes wrong: one line, no path, no trace."""

import logging

import fastapi
from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from nlg.errors import CheckpointError, NlgError
from nlg.web.batching import Busy

BROKEN = "something went wrong here; the log of the server says what"
log = logging.getLogger("nlg.web")


def reason_of(error: Exception) -> str:
    """Return the line for a client; what is no fault of its own goes into the log."""
    if isinstance(error, NlgError) and not isinstance(error, CheckpointError):
        return " ".join(str(error).split())
    log.error("an error that is no client's", exc_info=error)
    return BROKEN


def status_of(error: Exception) -> int:
    """Return the HTTP status of an error."""
    if isinstance(error, Busy):
        return 503
    known = isinstance(error, NlgError) and not isinstance(error, CheckpointError)
    return 400 if known else 500


async def _failed(request: Request, error: Exception) -> JSONResponse:
    headers = {"retry-after": str(error.seconds)} if isinstance(error, Busy) else {}
    return JSONResponse({"error": reason_of(error)}, status_of(error), headers)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


def add_handlers(app: fastapi.FastAPI) -> None:
    """Answer every error with {"error": line}."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(NlgError, _failed)
    app.add_exception_handler(Exception, _failed)
