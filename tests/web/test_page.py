"""The page as a person uses it: in Chromium, by mouse, keyboard and screen reader."""

import re
import shutil

import pytest

sync_api = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium; apt install it")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
TABS = ("poem", "realm", "couplet", "qa", "prosody")
SLOW = 60_000  # milliseconds: what takes longer never comes


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, server):
    """Open the page at a tab; whatever it asks for must come from the server."""
    origin = str(server.base_url)
    asked, errors, contexts = [], [], []

    def visit(address="", **options):
        context = browser.new_context(**{"viewport": DESK, **options})
        context.set_default_timeout(SLOW)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(error))
        page.goto(f"{origin}/{address}")
        if options.get("java_script_enabled", True):
            page.wait_for_selector("html[data-ready]")
        return page

    yield visit
    for context in contexts:
        context.close()
    own = (f"{origin}/", "data:", f"blob:{origin}/")
    assert [url for url in asked if not url.startswith(own)] == []
    assert asked and errors == []


def wait_for_poem(page):
    page.wait_for_selector("#poem-said:not(:empty)", state="attached")
    return page.locator("#poem-said").text_content().split(" ")


def write_poem(page, **fields):
    for name, value in fields.items():
        page.fill(f"#poem-form [name={name}]", value)
    page.select_option("#poem-form [name=form]", "五绝")
    page.click("#poem-form .go")
    return wait_for_poem(page)


# --- everyone can use it


def use(page, tab):
    """Do what a person does in a tab, so that there is something to look at."""
    if tab == "poem":
        write_poem(page, theme="秋思")
        page.check("#poem-tools [name=tones]")
    elif tab == "realm":
        page.click("#plane", position={"x": 150, "y": 150})
        page.click("#near-form .go")
        page.click("#path-form .go")
        for place in ("#realm-verse", "#near-verses", "#path-verse"):
            page.wait_for_selector(f"{place} .verse")
    elif tab == "couplet":
        page.click("#couplet-form .go")
        page.click("#scroll-second button >> nth=1")
        page.fill("#couplet-check [name=first_line]", "春风")
        page.fill("#couplet-check [name=second_line]", "春雨")
        page.wait_for_selector("#couplet-verdict .faults")
    elif tab == "qa":
        page.click("#qa-form .go")
        page.wait_for_selector("#qa-result mark >> nth=0")
    else:
        page.wait_for_selector("#prosody-result .said")


def faults_of(page):
    found = axe.Axe().run(page)
    return [
        (fault["id"], [node["html"][:200] for node in fault["nodes"]])
        for fault in found.response["violations"]
    ]


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize(
    ("size", "colours"), [(PHONE, "light"), (DESK, "dark")], ids=["phone", "desk"]
)
def test_nothing_keeps_anyone_out_and_nothing_is_cut_off(visit, tab, size, colours):
    page = visit(
        f"#{tab}", viewport=size, color_scheme=colours, reduced_motion="reduce"
    )
    use(page, tab)
    assert faults_of(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= size["width"]


def test_the_pages_of_a_language_and_of_the_api_keep_nobody_out_either(visit):
    page = visit()
    page.click("#language")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.get_by_role("tab").all_text_contents()[0] == "Poem"
    assert faults_of(page) == []
    page.click("text=HTTP API")
    page.wait_for_selector("html[data-ready]")
    assert faults_of(page) == []


def test_it_is_readable_without_scripts(visit):
    page = visit(java_script_enabled=False)
    for title in ("写一首诗", "在诗与诗之间走走", "你出上联", "问问这些文字"):
        assert page.get_by_role("heading", name=title).is_visible()


def test_tabs_are_walked_by_arrow_keys_and_have_addresses(visit):
    page = visit()
    page.get_by_role("tab", name="作诗").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#realm", state="visible")
    assert page.url.endswith("#realm") and page.locator("#poem").is_hidden()
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#poem", state="visible")


def test_dark_is_remembered(visit):
    page = visit()

    def paper():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light = paper()
    page.click("#colours")
    dark = paper()
    assert dark != light
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert paper() == dark


# --- 作诗


def test_a_poem_has_its_acrostic_and_comes_again_from_its_link(visit, server):
    page = visit()
    (poem,) = write_poem(page, theme="山水", acrostic="春夏秋冬")
    assert [line[0] for line in re.split("[，。]", poem)[:4]] == list("春夏秋冬")
    again = visit(page.url.removeprefix(f"{server.base_url}/"))
    assert wait_for_poem(again) == [poem]


def test_what_is_kept_stands_and_the_rest_is_new(visit):
    page = visit()
    (poem,) = write_poem(page, theme="明月")
    page.click("#poem-verses [data-place='0,0']")
    page.click("#poem-verses [data-place='2,mark']")
    page.click("text=改写其余")
    page.wait_for_function(
        "old => ![old, ''].includes(document.querySelector('#poem-said').textContent)",
        arg=poem,
    )
    (new,) = wait_for_poem(page)
    old_lines, lines = poem.split("，"), new.split("，")
    assert new[0] == poem[0] and new != poem
    assert lines[1][6:] == old_lines[1][6:]  # the third line, after 。


def test_poems_stand_side_by_side_with_tones_in_traditional_characters(visit):
    page = visit()
    page.select_option("#poem-form [name=count]", "2")
    poems = write_poem(page, theme="东风")
    assert len(poems) == 2
    page.check("#poem-tools [name=tones]")
    assert page.locator("#poem-verses .tone:visible").count() == 40
    page.check("#poem-tools [name=traditional]")
    page.wait_for_function(
        "old => document.querySelector('#poem-said').textContent.split(' ').length"
        " === 2 && document.querySelector('#poem-said').textContent !== old",
        arg=" ".join(poems),
    )


def test_a_poem_is_saved_as_a_picture_that_is_not_blank(visit, tmp_path):
    page = visit()
    write_poem(page, theme="秋思")
    with page.expect_download() as download:
        page.click("text=存成图片")
    path = tmp_path / "card.png"
    download.value.save_as(path)
    assert download.value.suggested_filename.endswith(".png")
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG") and len(content) > 10_000


def test_a_mistake_is_a_sentence_beside_its_field(visit):
    page = visit()
    page.fill("#poem-form [name=acrostic]", "春夏")
    page.click("#poem-form .go")
    error = page.locator("#poem-form .beside-field:not(:empty)")
    assert error.text_content() == "藏头给了 2 个字，七绝要 4 个。"
    field = page.locator("#poem-form [name=acrostic]")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.get_attribute("aria-describedby") == error.get_attribute("id")


# --- 诗境


def test_a_place_of_the_map_has_its_poem_and_its_address(visit, server):
    page = visit("#realm")
    page.wait_for_function("document.querySelector('#kind').textContent !== ''")
    page.focus("#plane")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#realm-verse .verse")
    poem = page.locator("#realm-verse").text_content()
    assert "这一带多写" in page.locator("#kind").text_content()
    page.wait_for_url(re.compile("#realm.x="))
    again = visit(page.url.removeprefix(f"{server.base_url}/"))
    again.wait_for_selector("#realm-verse .verse")
    assert again.locator("#realm-verse").text_content() == poem


def test_a_way_leads_from_one_poem_to_another(visit):
    page = visit("#realm")
    page.click("#path-form .go")
    page.wait_for_selector("#path-verse .verse")
    start = page.locator("#path-verse").text_content()
    page.locator("#path-step").fill("8")
    assert page.locator("#path-verse").text_content() != start


def test_a_poem_of_the_first_tab_finds_its_neighbours(visit):
    page = visit()
    (poem,) = write_poem(page, theme="江水")
    page.click("text=看邻居")
    page.wait_for_selector("#near-verses .verse >> nth=3")
    assert page.locator("#near-form [name=near]").input_value() == poem


# --- 对联


def test_a_couplet_hangs_and_a_character_says_what_else_could_stand(visit):
    page = visit("#couplet")
    page.click("#couplet-form .go")
    page.wait_for_selector("#answers li >> nth=3")
    answer = page.locator("#scroll-second").text_content()
    assert len(answer) == 7 and answer[3] == answer[4]  # as 树树
    assert len(page.locator("#across").text_content()) == 4
    page.click("#scroll-second button >> nth=2")
    wanted = page.locator("#others li button >> nth=0").text_content()
    page.click("#others li button >> nth=0")
    page.wait_for_function(
        "c => document.querySelector('#scroll-second').textContent[2] === c", arg=wanted
    )
    assert page.locator("#scroll-second .kept").count() == 1


def test_ones_own_couplet_is_checked_as_it_is_typed(visit):
    page = visit("#couplet")
    page.fill("#couplet-check [name=first_line]", "海阔凭鱼跃")
    page.fill("#couplet-check [name=second_line]", "天高任鸟飞")
    page.wait_for_selector("#couplet-verdict .good")
    page.fill("#couplet-check [name=second_line]", "海高任鸟飞")
    page.wait_for_selector("#couplet-verdict .faults")
    assert "同位重字" in page.locator("#couplet-verdict").text_content()


# --- 问答


def test_an_answer_is_marked_where_it_stands(visit, tmp_path):
    page = visit("#qa")
    path = tmp_path / "杜甫.txt"
    path.write_text("杜甫，字子美，号少陵野老。", "utf-8")
    page.fill("#passages textarea >> nth=0", "")
    page.set_input_files("#passage-files", path)
    page.fill("#qa-form [name=question]", "谁号少陵？")
    page.click("#qa-form .go")
    page.wait_for_selector("#qa-result mark >> nth=0")
    marked = "".join(page.locator("#qa-result mark").all_text_contents())
    assert marked == page.locator("#qa-result .said strong").text_content() == "杜甫"
    assert "把握" in page.locator("#qa-result .said").text_content()


def test_silence_is_explained(visit):
    page = visit("#qa")
    page.fill("#passages textarea >> nth=0", "黄河流入渤海。")
    page.fill("#qa-form [name=question]", "泰山有多高？")
    page.locator("#qa-form [name=threshold]").fill("0.95")
    page.click("#qa-form .go")
    page.wait_for_selector("#qa-result .silent")
    said = page.locator("#qa-result .silent").text_content()
    assert "没有答案" in said or "把握" in said


# --- 格律


def test_a_poem_is_checked_as_it_is_typed(visit):
    page = visit("#prosody")
    page.fill(
        "#prosody-form textarea", "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
    )
    page.wait_for_selector("#prosody-result .said.good")
    page.fill(
        "#prosody-form textarea", "白日依山尽，黄河入海去。欲穷千里目，更上一层楼。"
    )
    page.wait_for_selector("#prosody-result .said.bad, #prosody-result .faults li")
    assert "韵脚仄声" in page.locator("#prosody-result .faults").text_content()
