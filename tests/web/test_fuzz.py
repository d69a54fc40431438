"""Whatever its OpenAPI allows, and what it does not: no answer is a server's fault.

Schemathesis makes the bodies. NLG_FUZZ says how many of each kind are sent to each
path; docs/serve.md says when 2,000 were.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from nlg.web import routes

schemathesis = pytest.importorskip("schemathesis")
CASES = int(os.environ.get("NLG_FUZZ", "6"))
MODES = schemathesis.GenerationMode
GETS = ("/healthz", "/readyz", "/v1/models", "/v1/poem/map", "/metrics")
sent = settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def openapi(server):
    return schemathesis.openapi.from_url(f"{server.base_url}/openapi.json")


def as_promised(case):
    """Send a case, and hold the answer to what OpenAPI says of it."""
    answer = case.call()
    assert answer.status_code < 500, (case.body, answer.text)
    case.operation.validate_response(answer)
    if answer.status_code >= 400:
        (reason,) = answer.json().values()
        assert reason and "\n" not in reason


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("path", routes.POSTS)
def test_no_body_is_too_much_for_the_server(openapi, path, mode):
    bodies = openapi[path]["POST"].as_strategy(generation_mode=MODES(mode))
    sent(given(case=bodies)(as_promised))()


@pytest.mark.parametrize("path", GETS)
def test_no_way_to_look_is_too_much_for_the_server(openapi, path):
    sent(given(case=openapi[path]["GET"].as_strategy())(as_promised))()
