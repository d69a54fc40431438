import html.parser
import json
import re
import subprocess
import sys

import pytest

from nlg.cli.poem_map_page import page
from nlg.poem.vae.clusters import LatentMap
from nlg.poem.vae.poet import parse_poem
from nlg.runtime import checkpoints_folder

MINE = """\
将军百战死，壮士十年归。塞马嘶边月，胡兵卷战旗。
煮茗松间坐，烹茶竹下眠。茶香来隔院，茗色映清泉。
白日依山尽，黄河入海流。欲穷千里目，更上一层楼。
朝辞白帝彩云间，千里江陵一日还。两岸猿声啼不住，轻舟已过万重山。
"""
SHIPPED_MAP = checkpoints_folder() / "poem" / "map"
CONFIG = json.loads((SHIPPED_MAP / "config.json").read_text("utf-8"))
NAMES = [cluster["name"] for cluster in CONFIG["clusters"]]
QUICK = ("--form", "五绝", "--candidates", "1", "--seed", "5")


def told(result, exit_code):
    """Return the one line that a failed command says, after click's usage if any."""
    assert result.exit_code == exit_code, result.output
    assert result.stdout == "" and "Traceback" not in result.stderr
    message = result.stderr.splitlines()[-1]
    assert message.startswith("Error: ")
    return message


def objects(result):
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "诗.txt").write_text(MINE, "utf-8")
    return tmp_path / "诗.txt"


class Page(html.parser.HTMLParser):
    """What a page holds; every tag that opens must close."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text, self.tags = [], "", []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


# --- what is shown


def test_the_shipped_map_is_shown_with_names_shares_and_poems(write):
    result = write("map")
    assert (result.exit_code, result.stderr) == (0, "")
    rows = result.stdout.splitlines()
    heads = rows[::3]
    assert [row.split()[1] for row in heads] == NAMES
    assert [int(row.split()[0]) for row in heads] == list(range(1, 25))
    shares = [float(row.split()[2].rstrip("%")) for row in heads]
    assert sum(shares) == pytest.approx(100, abs=1.3)
    assert shares == sorted(shares, reverse=True)
    for row in (*rows[1::3], *rows[2::3]):
        assert parse_poem(row)[0].name == "五绝"


def test_json_is_one_cluster_a_line(write):
    clusters = objects(write("map", "--json"))
    assert [cluster["name"] for cluster in clusters] == NAMES
    for number, cluster in enumerate(clusters, 1):
        assert set(cluster) == {"cluster", "name", "share", "examples"}
        assert cluster["cluster"] == number


def test_poems_of_ones_own_have_a_map_of_their_own(write, mine):
    clusters = objects(write("map", "--poems", mine, "--clusters", 2, "--json"))
    assert len(clusters) == 2
    assert sum(cluster["share"] for cluster in clusters) == 1
    shown = {tuple(lines) for cluster in clusters for lines in cluster["examples"]}
    assert shown <= {parse_poem(line)[1] for line in MINE.splitlines()}
    piped = write("map", "--poems", "-", "--clusters", 2, "--json", stdin=MINE)
    assert objects(piped) == clusters


def test_traditional_poems_have_the_same_map(write, mine):
    from nlg.text.traditional import to_traditional

    simplified = write("map", "--poems", mine, "--clusters", 2)
    text = to_traditional(MINE)
    other = write("map", "--poems", "-", "--clusters", 2, stdin=text)
    assert other.stdout == simplified.stdout


def test_what_is_no_poem_is_told_and_left_out(write):
    result = write(
        "map", "--poems", "-", "--clusters", 2, stdin=f"{MINE}\n春眠\n\n🙂\n"
    )
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "note: 1 of 6 left out: not a regulated form",
        "note: 1 of 6 left out: gaps or foreign characters",
    ]


def test_a_limit_takes_so_many_by_lot(write, mine):
    few = ("map", "--poems", mine, "--clusters", 2, "--limit", 2, "--json")
    found = {tuple(map(tuple, c["examples"])) for c in objects(write(*few))}
    assert all(len(examples) == 1 for examples in found)
    others = [
        {tuple(map(tuple, c["examples"])) for c in objects(write(*few, "--seed", n))}
        for n in range(2, 8)
    ]
    assert any(other != found for other in others)


# --- pictures


def test_the_page_is_whole_and_names_every_cluster(write, tmp_path):
    path = tmp_path / "map.html"
    result = write("map", "--html", path)
    assert result.exit_code == 0 and result.stdout
    text = path.read_text("utf-8")
    drawn = Page(text)
    assert all(name in drawn.text for name in NAMES)
    assert drawn.tags.count("circle") > 1000
    assert "script" not in drawn.tags and "http" not in text
    assert "prefers-color-scheme: dark" in text


def test_the_page_of_ones_own_poems_holds_them(write, mine, tmp_path):
    path = tmp_path / "map.html"
    write("map", "--poems", mine, "--clusters", 2, "--html", path)
    drawn = Page(path.read_text("utf-8"))
    assert drawn.tags.count("circle") == 4
    assert all(line in drawn.text for line in MINE.splitlines())


def test_a_name_does_no_harm_to_the_page(poet):
    latent_map = LatentMap.load(None, poet)
    cluster = latent_map.clusters[0]._replace(name="<i>", examples=(("<i>", "&"),))
    latent_map = latent_map._replace(clusters=(cluster, *latent_map.clusters[1:]))
    drawn = Page(page(latent_map))
    assert "i" not in drawn.tags and drawn.text.count("<i>") > 50


def test_the_picture_is_a_png(write, tmp_path):
    path = tmp_path / "map.png"
    assert write("map", "--png", path).exit_code == 0
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in tmp_path.iterdir()] == ["map.png"]


@pytest.mark.parametrize("kind", ["png", "html"])
def test_a_picture_that_cannot_be_written_is_named(write, tmp_path, kind):
    path = tmp_path / "no" / "map"
    message = told(write("map", f"--{kind}", path), 1)
    assert f"{path} cannot be written" in message


# --- a map of one's own, kept


def test_a_kept_map_is_shown_and_written_from(write, mine, tmp_path, monkeypatch):
    monkeypatch.setattr("nlg.poem.vae.map.LEAST", 4)
    monkeypatch.setattr("nlg.poem.vae.map.WRITTEN", 2)
    monkeypatch.setattr("nlg.poem.vae.map.share_held", lambda poet, latent_map: 1.0)
    out = tmp_path / "map"
    make = ("map", "--poems", "-", "--clusters", 2, "--out", out, "--dev", mine)
    assert write(*make, stdin=MINE).exit_code == 0
    kept = "".join(path.read_text("utf-8") for path in out.glob("*.json"))
    assert not any(verse in kept for verse in re.findall(r"\w+", MINE))
    metrics = json.loads((out / "metrics.json").read_text("utf-8"))
    assert set(metrics) == {"share_held", "dev_poems", "dev"}
    clusters = objects(write("map", "--map", out, "--json"))
    assert len(clusters) == 2
    (poem,) = objects(write(*QUICK, "--cluster", 2, "--map", out, "--json"))
    assert poem["cluster"] == 2
    assert write(*make[:-2], stdin=MINE).exit_code == 0  # it may be made anew


def test_a_folder_of_something_else_is_not_written_over(write, mine, tmp_path):
    (tmp_path / "model.onnx").write_text("mine", "utf-8")
    message = told(write("map", "--poems", mine, "--out", tmp_path), 2)
    assert "holds" in message and "give a folder of its own" in message


# --- poems of one kind


def test_a_poem_of_a_cluster_says_which(write):
    character = NAMES[4][0]
    by_name = objects(write(*QUICK, "--sample", "--cluster", character, "--json"))
    by_number = objects(write(*QUICK, "--cluster", 5, "--json"))
    assert by_name == by_number
    assert by_name[0]["cluster"] == 5
    assert by_name[0]["form"] == "五绝"
    assert objects(write(*QUICK, "--json"))[0]["lines"] != by_name[0]["lines"]


def test_the_same_seed_gives_the_same_poem_of_a_cluster_whatever_n(write):
    one = write(*QUICK, "--cluster", 3).stdout
    assert write(*QUICK, "--cluster", 3, "-n", 3).stdout.startswith(one)
    assert write(*QUICK, "--cluster", 4).stdout != one


def test_a_printed_latent_gives_its_poem_of_a_cluster_back(write):
    printed = write(*QUICK, "--cluster", 3, "--json").stdout
    (back,) = objects(write("--z", "-", "--seed", 5, "--json", stdin=printed))
    assert back["lines"] == json.loads(printed)["lines"]


def test_writing_in_a_cluster_needs_neither_scikit_learn_nor_matplotlib():
    code = """
import sys
import click.testing
from nlg.cli.main import main
run = click.testing.CliRunner().invoke
for call in (["poem", "--cluster", "3"], ["poem", "map"]):
    assert run(main, call).exit_code == 0
print({"sklearn", "matplotlib", "scipy", "keras"} & set(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert done.stdout == "set()\n"


# --- wrong usage


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--cluster", "99"], "no cluster '99'; give a number or a character of 1:"),
        (["--cluster", ""], "no cluster ''"),
        (["--cluster", "🙂"], "no cluster '🙂'"),
        (["--cluster", "1", "--z", "-"], "--cluster goes with --sample, not with --z"),
        (["--map", "x"], "--map goes with --cluster"),
        (["--json", "map"], "--json goes after map: nlg poem map …"),
        (["map", "床前明月光"], "unexpected extra argument"),
        (["mapp"], "unexpected extra argument (mapp)"),
        (["map", "--clusters", "3"], "--clusters goes with --poems"),
        (["map", "--out", "x"], "--out goes with --poems"),
        (["map", "--poems", "-", "--dev", "-"], "--dev goes with --out"),
        (["map", "--poems", "-", "--clusters", "1"], "1 is not in the range"),
        (["map", "--poems", "-", "--out", "a", "--map", "b"], "exclude each other"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_told_in_one_line(write, arguments, reason):
    assert reason in told(write(*arguments), 2)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no 五绝, 七绝, 五律 or 七律 in it"),
        ("春" * 2000, "no 五绝, 七绝, 五律 or 七律 in it"),
        (MINE, "4 poems cannot make 24 clusters; give more poems, or --clusters"),
        (b"\xff\xfe\x00", "no 五绝"),
    ],
    ids=["empty", "long", "few", "bytes"],
)
def test_poems_of_no_use_are_told(write, text, reason):
    result = write("map", "--poems", "-", stdin=text)
    assert result.exit_code == 1 and result.stdout == ""
    assert reason in result.stderr.splitlines()[-1]


def test_a_dev_file_of_no_use_is_told_before_anything_is_made(write, mine, tmp_path):
    out = tmp_path / "map"
    made = write("map", "--poems", mine, "--out", out, "--dev", tmp_path / "no.txt")
    assert made.exit_code == 1 and "no.txt" in made.stderr.splitlines()[-1]
    assert "too few" not in made.stderr


def test_few_poems_make_no_map_to_keep(write, mine, tmp_path):
    out = tmp_path / "map"
    few = ("--poems", mine, "--clusters", 2, "--out", out)
    assert "4 poems are too few" in told(write("map", *few), 1)
    assert not out.exists()


@pytest.mark.parametrize("package", ["sklearn", "matplotlib"])
def test_what_is_not_installed_is_told_with_the_way_out(write, monkeypatch, package):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    option = {"sklearn": "--poems", "matplotlib": "--png"}[package]
    message = told(write("map", option, "x"), 2)
    assert re.search(rf'{option} needs {package}; pip install "nlg\[plot\]"', message)
