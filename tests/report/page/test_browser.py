"""The page of a trained run in a real browser: nothing goes wrong, and everything that can be clicked works."""

import shutil

import pytest

from esc_gpu.cli.main import main
from esc_gpu.report.page.render import PER_PAGE, render_page
from tests.helpers.made_up_report import make_report
from tests.helpers.tiny_run import train_tones

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the package playwright: pip install playwright")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("needs Chromium on the PATH", allow_module_level=True)

SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
SIZES = {"desktop": (1280, 900), "phone": (380, 800)}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    run = train_tones(tmp_path_factory.mktemp("tones"), n_folds=3)
    assert main(["report", str(run)]) == 0
    return (run / "report.html").as_uri()


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """The page of a made-up run with several labels a clip."""
    page = tmp_path_factory.mktemp("several") / "report.html"
    page.write_text(render_page(make_report(page.parent / "run", several=True, audio=False)), encoding="utf-8")
    return page.as_uri()


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*SWITCHES, "--disable-sync"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, address):
    """Opens the page at a size; afterwards nothing may have gone wrong or been asked of the network."""
    contexts, wrong, opened = [], [], ["data:"]

    def asked(request):
        if not request.url.startswith(tuple(opened)):
            wrong.append(f"request: {request.url}")

    def open_at(size="desktop", at=address, **options):
        opened.append(at)
        width, height = SIZES[size]
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("request", asked)
        page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url[:80]}"))
        page.goto(at)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_screen_and_keeps_to_the_scheme(open_page, size, scheme):
    page = open_page(size, color_scheme=scheme)
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= seen
    red = page.evaluate("parseInt(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])")
    assert (red > 200) == (scheme == "light")


def test_a_script_from_elsewhere_is_not_run(browser, address):
    context = browser.new_context()
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(address)
    page.evaluate(
        """() => { const script = document.createElement("script"); script.textContent = "window.ran = 1";
        document.body.append(script); new Image().src = "http://127.0.0.1:9/x.png"; }"""
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    assert len(complaints) == 2 and all("Content Security Policy" in text for text in complaints)
    context.close()


def test_a_column_sorts_both_ways(open_page):
    page = open_page()
    table = page.locator("#classes table").first
    head = table.get_by_role("columnheader", name="F1")
    before = table.locator("tbody th").all_inner_texts()
    for order in ("descending", "ascending"):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == order
        values = [float(text) for text in table.locator("tbody tr td:nth-child(5)").all_inner_texts()]
        assert values == sorted(values, reverse=order == "descending")
    table.get_by_role("columnheader", name="class").get_by_role("button").press("Enter")
    assert table.locator("tbody th").all_inner_texts() == sorted(before) and head.get_attribute("aria-sort") is None


def test_the_matrix_says_what_a_cell_is_and_leads_to_its_clips(open_page):
    page = open_page()
    before = page.locator(".mistake .file").all_text_contents()
    cell = page.locator(".matrix td.wrong:has(button)").first
    cell.hover()
    said = page.locator("#readout").inner_text()
    assert said == cell.get_attribute("data-text") and " clip" in said
    assert page.locator(".matrix th.at").count() == 2
    count = int(cell.inner_text())
    cell.get_by_role("button").click()
    cards = page.locator(".mistake:visible")
    assert cards.count() == count and page.locator("#shown").inner_text() == f"{count} shown"
    for name in ("data-true", "data-predicted"):
        assert {card.get_attribute(name) for card in cards.all()} == {cell.get_attribute(name)}
    sync_api.expect(page.locator("#filters")).to_be_in_viewport()
    assert page.locator("#list summary:visible").count() == 0
    page.get_by_role("button", name="show all").click()
    assert page.locator(".mistake:visible").count() == PER_PAGE and page.locator("#shown").inner_text() == ""
    assert page.locator("#list summary:visible").count() == page.locator("#list details .mistake:first-child").count()
    assert page.locator(".mistake .file").all_text_contents() == before


def test_a_confused_pair_and_the_filters_lead_to_clips(open_page):
    page = open_page()
    link = page.locator("#confusion a").first
    link.click()
    cards = page.locator(".mistake:visible")
    assert {card.get_attribute("data-true") for card in cards.all()} == {link.get_attribute("data-true")}
    page.get_by_role("button", name="show all").click()
    page.locator("select[data-filter=fold]").select_option("2")
    assert {card.get_attribute("data-fold") for card in cards.all()} == {"2"}


def test_a_count_of_missed_clips_leads_to_them_and_a_class_to_its_points(open_page, several):
    page = open_page(at=several)
    for name in ("data-true", "data-predicted"):
        link = page.locator(f"#missed a[{name}]").first
        label, count = link.get_attribute(name), int(link.inner_text())
        link.click()
        cards = page.locator(".mistake:visible")
        assert cards.count() == count and all(label in card.get_attribute(name).split() for card in cards.all())
    button = page.locator("#classes-of-the-map button").first
    button.click()
    chosen = page.locator(".map:visible .point.chosen").all()
    assert chosen and all("0" in point.get_attribute("data-true").split() for point in chosen)
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= seen


def test_the_map_changes_its_fold_and_says_what_a_point_is(open_page):
    page = open_page()
    assert page.locator(".map:visible").count() == 1
    page.locator("#fold").select_option("3")
    shown = page.locator(".map:visible")
    assert shown.count() == 1 and shown.get_attribute("data-fold") == "3"
    point = shown.locator(".point").first
    point.hover(force=True)
    said = page.locator("#point").inner_text()
    assert ".wav: " in said and "predicted" in said
    shown.focus()
    page.keyboard.press("ArrowRight")
    other = page.locator("#point").inner_text()
    assert other != said and shown.locator(".point.at").count() == 1
    button = page.locator("#classes-of-the-map button").first
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    dimmed = shown.locator(".point:not(.chosen)").first
    assert dimmed.evaluate("element => Number(getComputedStyle(element).opacity)") < 0.5
    button.click()
    assert dimmed.evaluate("element => getComputedStyle(element).opacity") == "1"


def test_the_veil_follows_the_choice(open_page):
    page = open_page()
    card = page.locator(".mistake").first
    card.scroll_into_view_if_needed()
    for kind, shown in (("true", "heat-true"), ("none", None), ("predicted", "heat-predicted")):
        page.locator(f"#heat-{kind}").check()
        visible = [veil.get_attribute("class") for veil in card.locator(".heat:visible").all()]
        assert visible == ([f"heat {shown}"] if shown else [])


def test_a_clip_plays_and_stops_the_one_before(open_page):
    page = open_page()
    lasts = page.evaluate(
        """async () => {
            const [first, second] = document.querySelectorAll("audio");
            const loaded = new Promise((done, failed) => { first.onloadedmetadata = done; first.onerror = failed; });
            await first.play();
            await loaded;
            await second.play();
            return [first.duration, first.paused, second.paused];
        }"""
    )
    assert lasts[0] == pytest.approx(1, abs=0.2) and lasts[1:] == [True, False]


def test_pictures_are_drawn(open_page):
    page = open_page()
    page.locator("#list").scroll_into_view_if_needed()
    drawn = page.evaluate(
        """async () => Promise.all([...document.querySelectorAll("image")].slice(0, 12).map(async (element) => {
            const picture = new Image();
            picture.src = element.getAttribute("href");
            await picture.decode();
            return picture.naturalWidth * picture.naturalHeight;
        }))"""
    )
    assert len(drawn) == 12 and min(drawn) > 100


def test_it_is_readable_without_scripts(open_page):
    page = open_page(java_script_enabled=False)
    line, hidden = page.locator("#list summary").first, page.locator("#list details .mistake").first
    assert not hidden.is_visible()
    line.click()
    assert hidden.is_visible()
    assert page.locator(".controls.needs-script:visible").count() == 0
    assert page.locator(".map:visible").count() == page.locator(".map").count() == 3
    assert page.locator(".mistake").first.is_visible()


def test_it_prints(open_page):
    page = open_page(color_scheme="dark")
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="print")
    assert page.locator(".mistake:visible").count() == page.locator(".mistake").count() > PER_PAGE
    assert page.locator("audio:visible").count() == 0 and page.locator("nav:visible").count() == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
