"""A server with all models, which the tests of a file share."""

import pytest
from classify.moods import Counting
from web.serving import LONG, served

import nlg
from nlg.runtime.checkpoint import seal
from nlg.web.models import Models, _makers
from nlg.web.settings import ServeSettings


@pytest.fixture(scope="session")
def models(tmp_path_factory, poet, responder):
    """The shipped models, and a classifier that counts characters."""
    folder = tmp_path_factory.mktemp("classifier")
    settings = ServeSettings(classifier=str(folder))
    counting = nlg.Classifier(Counting(folder))
    seal(folder)
    return Models(
        settings,
        _makers(settings)
        | {
            "poet": lambda: poet,
            "couplets": lambda: responder,
            "classifier": lambda: counting,
        },
    )


@pytest.fixture(scope="session")
def server(models):
    """A client of a server with all of them."""
    with served(ServeSettings(classifier="x", timeout=LONG), models) as client:
        yield client
