"""The API as its clients see it: bodies, answers, streams, and company."""

import concurrent.futures
import hashlib
import json

import pydantic
import pytest
from web.serving import error_of, events_of

import nlg
from nlg.couplet.theme import compose
from nlg.text.traditional import to_traditional
from nlg.web import routes
from nlg.web.examples import EXAMPLES, QUIET_NIGHT, STORK_TOWER

EACH_EXAMPLE = [(path, name) for path, found in EXAMPLES.items() for name in found]


def answer_to(client, path, body):
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def as_json(value):
    return json.loads(json.dumps(value))


@pytest.mark.parametrize(("path", "name"), EACH_EXAMPLE)
def test_every_example_of_the_openapi_page_runs_and_answers_as_promised(
    server, path, name
):
    found = answer_to(server, path, EXAMPLES[path][name])
    promised = routes.POSTS[path][2]
    promised.model_validate(found)
    known = promised.model_fields
    names = {field.alias or name for name, field in known.items()}
    assert found.keys() <= names
    assert {n for n, field in known.items() if field.is_required()} <= found.keys()


def test_openapi_has_the_examples_and_no_field_that_names_a_file(server):
    paths = server.get("/openapi.json").json()["paths"]
    for path, examples in EXAMPLES.items():
        content = paths[path]["post"]["requestBody"]["content"]["application/json"]
        assert set(content["examples"]) == set(examples)
        assert "folder" not in json.dumps(content["schema"])


# --- the answers are those of the Python API, and so of the commands


def test_poems_are_those_of_the_same_seed_in_python(server, poet):
    found = answer_to(server, "/v1/poem", {"form": "五绝", "count": 2, "seed": 7})
    poems = poet.write("五绝", count=2, seed=7)
    assert found["poems"] == as_json([poem.to_dict() for poem in poems])


def test_poems_on_demand_are_those_of_the_same_seed_in_python(server, models):
    asked = {"theme": "明月", "form": "五绝", "seed": 3, "candidates": 2}
    (poem,) = models.get("composer").write(**asked)
    found = answer_to(server, "/v1/poem", asked)
    assert found["poems"] == [as_json(poem.to_dict())]


def test_latents_come_back_as_the_poem_that_they_are_of(server):
    (poem,) = answer_to(server, "/v1/poem", {"form": "五绝", "seed": 5})["poems"]
    body = {"form": "五绝", "latents": [poem["latent"]], "temperature": 0.6, "seed": 5}
    (again,) = answer_to(server, "/v1/poem", body)["poems"]
    assert again["lines"] == poem["lines"]


def test_replies_are_those_of_python(server, responder):
    asked = {"line": "晚风摇树树还挺", "count": 3, "scroll": True, "explain": True}
    replies = responder.reply(asked.pop("line"), **asked)
    found = answer_to(server, "/v1/couplet", {"line": "晚风摇树树还挺", **asked})
    assert found["replies"] == as_json([reply.to_dict() for reply in replies])


def test_couplets_about_a_theme_are_those_of_python(server, responder):
    found = answer_to(server, "/v1/couplet", {"theme": ["山", "水"], "length": 5})
    replies = compose(responder, ("山", "水"), 5)
    assert found["replies"] == as_json([reply.to_dict() for reply in replies])


def test_an_answer_is_that_of_python_with_what_it_rests_on(server, models):
    question, passages = "谁号少陵？", ["杜甫，字子美，号少陵野老。", "李白字太白。"]
    body = {"question": question, "passages": passages, "top_k": 2, "explain": True}
    found = answer_to(server, "/v1/qa", body)
    explanation = found.pop("explanation")
    answer = models.get("reader").answer(question, passages, top_k=2)
    assert found == as_json(answer.to_dict())
    assert "".join(piece["text"] for piece in explanation["passage"]) == passages[0]


def test_an_empty_answer_rests_on_nothing(server):
    body = {"question": "谁？", "passages": ["，"], "threshold": 1.0, "explain": True}
    found = answer_to(server, "/v1/qa", body)
    assert (found["answer"], found["explanation"]) == ("", None)


def test_reviews_and_labels_are_those_of_python(server, models):
    asked = {"class_name": "negative", "count": 2, "seed": 4, "max_length": 12}
    texts = models.get("reviewer").write(**asked)
    found = answer_to(server, "/v1/write", asked)
    assert found["texts"] == [text.to_dict() for text in texts]
    assert answer_to(server, "/v1/classify", {"text": "春风笑"})["label"] == "5"


def test_checks_are_those_of_python(server):
    found = answer_to(server, "/v1/check/poem", {"text": STORK_TOWER})
    assert found == as_json(nlg.check_poem(STORK_TOWER).to_dict())
    lines = {"first_line": "春风", "second_line": "春雨"}
    found = answer_to(server, "/v1/check/couplet", lines)
    assert found == as_json(nlg.check_couplet("春风", "春雨").to_dict())


def test_traditional_characters_are_those_of_the_same_answer(server):
    asked = {"theme": "东风", "form": "五绝", "candidates": 1}
    (plain,) = answer_to(server, "/v1/poem", asked)["poems"]
    (poem,) = answer_to(server, "/v1/poem", asked | {"traditional": True})["poems"]
    assert poem["lines"] == [to_traditional(line) for line in plain["lines"]]
    asked = {"line": "东风吹柳绿", "traditional": True}
    (reply,) = answer_to(server, "/v1/couplet", asked)["replies"]
    assert reply["first_line"] == "東風吹柳綠"


def test_the_map_has_a_point_in_every_kind(server):
    found = server.get("/v1/poem/map").json()
    numbers = {cluster["cluster"] for cluster in found["clusters"]}
    assert numbers == {number for _, _, number in found["points"]}
    assert all(-1 <= place <= 1 for x, y, _ in found["points"] for place in (x, y))


def test_models_are_named_by_hash_and_not_by_path(server, models):
    answer_to(server, "/v1/couplet", {"line": "春"})
    found = server.get("/v1/models")
    (part,) = next(m for m in found.json()["models"] if m["name"] == "couplet")["parts"]
    listing = (models.get("couplets").checkpoint.folder / "sha256").read_bytes()
    assert part["sha256"] == hashlib.sha256(listing).hexdigest()[:16]
    assert "/" not in found.text


# --- streams


def test_a_poem_streams_line_by_line_and_ends_as_the_poem(server):
    asked = {"theme": "江水", "form": "五绝", "candidates": 1, "seed": 2}
    *lines, (last, _) = events_of(server, "/v1/poem", asked)
    assert last == "done" and [name for name, _ in lines] == ["lines"] * 4
    (poem,) = answer_to(server, "/v1/poem", asked)["poems"]
    assert lines[-1][1] == poem
    for number, (_, so_far) in enumerate(lines, 1):
        assert so_far["lines"] == poem["lines"][:number]


@pytest.mark.parametrize("asked", [{}, {"theme": "江水", "candidates": 1}])
def test_many_poems_stream_one_by_one(server, asked):
    asked = {"form": "五绝", "count": 3, "seed": 2, **asked}
    *poems, last = events_of(server, "/v1/poem", asked)
    found = answer_to(server, "/v1/poem", asked)["poems"]
    assert poems == [("poem", poem) for poem in found] and last == ("done", {})


def test_texts_stream_one_by_one(server):
    asked = {"count": 2, "max_length": 8}
    *texts, last = events_of(server, "/v1/write", asked)
    found = answer_to(server, "/v1/write", asked)["texts"]
    assert texts == [("text", text) for text in found] and last == ("done", {})


def test_what_is_wrong_before_the_first_event_has_its_status(server):
    headers = {"accept": "text/event-stream"}
    answer = server.post("/v1/poem", json={"acrostic": "春夏"}, headers=headers)
    assert "the acrostic has 2 characters" in error_of(answer, 400)


# --- company


def together(client, path, asked):
    """Return the answers to bodies that arrive together."""
    with concurrent.futures.ThreadPoolExecutor(len(asked)) as pool:
        return list(pool.map(lambda body: answer_to(client, path, body), asked))


COMPANIES = {
    "/v1/couplet": [
        *({"line": line} for line in ("海阔凭鱼跃", "春", "晚风摇树树还挺", "天高")),
        *({"line": line, "count": 3} for line in ("海阔凭鱼跃", "山高月小，水落石出")),
        {"line": "海阔凭鱼跃", "temperature": 0.9, "seed": 3},
        {"line": "海阔凭鱼跃", "temperature": 0.9, "seed": 4},
        {"line": "枫叶经霜霜叶红", "keep": "_花____白"},
        {"theme": ["春风"], "length": 5},
    ],
    "/v1/poem": [
        *({"form": "五绝", "seed": seed} for seed in (1, 2, 3)),
        {"form": "五绝", "count": 2, "seed": 9, "traditional": True},
        {"form": "七绝", "seed": 1},
        {"near": QUIET_NIGHT, "seed": 2},
        {"theme": "秋思", "form": "五绝", "candidates": 1},
    ],
    "/v1/qa": [
        {"question": "谁号少陵？", "passages": ["杜甫，字子美，号少陵野老。"]},
        {"question": "谁号少陵？", "passages": ["李白，字太白。", "杜甫号少陵。"]},
        {"question": "长江有多长？", "passages": ["长江全长6300余公里。" * 9]},
        {"question": "泰山有多高？", "passages": ["黄河流入渤海。"], "top_k": 3},
    ],
    "/v1/classify": [{"text": "春风笑"}, {"text": "秋雨"}, {"text": "山水云花鸟"}],
}


@pytest.mark.parametrize("path", COMPANIES)
def test_an_answer_does_not_depend_on_its_company(server, path):
    alone = [answer_to(server, path, body) for body in COMPANIES[path]]
    assert together(server, path, COMPANIES[path] * 2) == alone * 2


def test_a_bad_request_spoils_nobody_elses(server):
    asked = [{"line": "海阔凭鱼跃"}, {"line": "，"}, {"line": "天高任鸟飞"}]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        first, bad, last = pool.map(
            lambda body: server.post("/v1/couplet", json=body), asked
        )
    assert "nothing to answer" in error_of(bad, 400)
    assert first.json()["replies"][0]["first_line"] == "海阔凭鱼跃"
    assert last.json()["replies"][0]["first_line"] == "天高任鸟飞"


# --- what is refused, in the tasks' own words


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("couplet", {"line": "春", "cuont": 1}, "cuont: no such field; did you mean c"),
        ("couplet", {"line": "春", "count": "1"}, "count: should be a valid integer"),
        ("couplet", {"line": "春", "count": 17}, "count is 17; it must be between 1 a"),
        ("couplet", {"line": "春", "rules": ["x"]}, "no rule 'x'; there are marks, "),
        ("couplet", {"line": "春", "theme": ["春"]}, "give a line or a theme, one of"),
        ("couplet", {}, "give a line or a theme, one of them"),
        ("couplet", {"line": "春" * 65}, "at most 64 can be answered"),
        ("couplet", {"line": "春" * 2001}, "line has 2,001 characters; send at most 2"),
        ("couplet", {"theme": ["春"], "keep": "_"}, "keep and reverse go with a line"),
        ("couplet", [], "the body: should be an object"),
        ("poem", {"form": "词"}, "词"),
        ("poem", {"map_folder": "/etc"}, "map_folder: no such field"),
        ("poem", {"count": 33}, "count is 33; it must be between 1 and 32"),
        ("poem", {"count": 32, "candidates": 9}, "at most 256 are written for a requ"),
        ("poem", {"theme": "@/etc/passwd"}, ""),
        ("poem", {"near": "春"}, "春 is no 五绝, 七绝, 五律 or 七律"),
        ("poem", {"latents": []}, "0 latents; send 1 to 16"),
        ("poem", {"latents": [[1.0]]}, "latents of 1 numbers, the model's have 128"),
        ("poem", {"latents": [[1e9]]}, "not within ±1000"),
        ("poem", {"seed": -1}, "seed is -1; it must be between 0 and"),
        (
            "poem",
            {"theme": "秋", "title": "秋"},
            "a title and a theme exclude each oth",
        ),
        ("poem", {"cluster": "x"}, "no cluster 'x'"),
        ("qa", {"passages": ["春"]}, "question is missing"),
        ("qa", {"question": "谁？", "passages": []}, "passage"),
        (
            "qa",
            {"question": "谁？", "passages": ["春"] * 65},
            "65 passages; send at mo",
        ),
        ("qa", {"question": "", "passages": ["春"]}, "the question is empty"),
        ("write", {"class_name": "sad"}, "no class 'sad'"),
        ("write", {"max_length": -1}, "max_length is -1"),
        ("check/poem", {"text": "abc"}, "abc has no Chinese characters"),
        ("check/poem", {"text": "春", "book": "广韵"}, "广韵"),
        ("check/couplet", {"first_line": "春"}, "second_line is missing"),
        ("classify", {"text": " "}, "the text is empty"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(server, path, body, reason):
    assert reason in error_of(server.post(f"/v1/{path}", json=body), 400)


@pytest.mark.parametrize(
    "raw",
    ["", "{", "[" * 100_000, '{"line": "\\ud800"}', '{"seed": ' + "9" * 5000 + "}"],
)
@pytest.mark.parametrize("path", ["poem", "couplet"])
def test_what_is_no_json_is_refused_in_one_line(server, path, raw):
    headers = {"content-type": "application/json"}
    answer = server.post(f"/v1/{path}", content=raw, headers=headers)
    assert "the body is no JSON" in error_of(answer, 400)


def test_bodies_that_are_not_said_to_be_json_are_refused(server):
    # A page of another origin may send such a body without asking first.
    headers = {"content-type": "text/plain"}
    answer = server.post("/v1/couplet", content='{"line": "春"}', headers=headers)
    assert "application/json" in error_of(answer, 415)


def test_paths_and_methods_that_there_are_not(server):
    error_of(server.get("/v1/nothing"), 404)
    error_of(server.get("/nothing"), 404)
    error_of(server.get("/v1/poem"), 405)


def test_an_answer_that_is_not_as_promised_would_be_seen():
    with pytest.raises(pydantic.ValidationError):
        routes.POSTS["/v1/classify"][2].model_validate({"label": 1})
