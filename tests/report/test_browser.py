"""The page in a real browser: it sorts, filters, fits a phone, turns dark, and asks the network for nothing."""

import shutil

import pytest

from rewire.report import build

QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", *QUIET]


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs a Chromium: no executable named chromium on PATH")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the playwright package")
    with playwright.sync_playwright() as session:
        instance = session.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield instance
        instance.close()


@pytest.fixture
def url(runs, recipes, tmp_path):
    return build(runs, tmp_path / "report.html", recipes).as_uri()


@pytest.fixture
def open_page(browser, url):
    """Opens the page with the given context options; at the end, nothing may have gone wrong or out."""
    contexts, problems, requests = [], [], []

    def opened(**options):
        contexts.append(browser.new_context(**options))
        tab = contexts[-1].new_page()
        tab.on("console", lambda message: problems.append(message.text))
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(url)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert problems == []
    assert {request for request in requests if not request.startswith("data:")} == {url}


def visible_claims(tab):
    return [cell.inner_text() for cell in tab.locator("#claims tbody tr:visible .claim").all()]


def test_a_click_on_a_header_sorts_and_says_so(open_page):
    tab = open_page()
    header = tab.locator("#claims thead th.claim")
    assert visible_claims(tab) == ["LS-5a", "LS-5b", "LS-10", "LS-2a"]
    assert header.get_attribute("aria-sort") is None
    header.get_by_role("button").click()
    assert visible_claims(tab) == ["LS-2a", "LS-5a", "LS-5b", "LS-10"]
    assert header.get_attribute("aria-sort") == "ascending"
    header.get_by_role("button").press("Enter")
    assert visible_claims(tab) == ["LS-10", "LS-5b", "LS-5a", "LS-2a"]
    assert header.get_attribute("aria-sort") == "descending"
    tab.locator("#claims thead th.ours button").click()
    assert visible_claims(tab) == ["LS-10", "LS-5b", "LS-5a", "LS-2a"]
    assert header.get_attribute("aria-sort") is None


def test_a_click_on_a_verdict_filters(open_page):
    tab = open_page()
    chip = tab.locator("button[data-verdict='artefact']")
    chip.click()
    assert visible_claims(tab) == ["LS-10"]
    assert chip.get_attribute("aria-pressed") == "true"
    assert tab.locator("#shown").inner_text() == "1 of 4 claims shown"
    tab.locator("button[data-verdict='']").click()
    assert len(visible_claims(tab)) == 4


@pytest.mark.parametrize("width", [320, 375, 900, 1280])
def test_the_page_never_scrolls_sideways(open_page, width):
    tab = open_page(viewport={"width": width, "height": 800})
    for details in tab.locator("details").all():
        details.locator("summary").click()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_mode_changes_page_and_figures(open_page):
    def colours(tab):
        background = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        return background, tab.locator(".canvas svg text").first.evaluate("e => getComputedStyle(e).fill")

    light, dark = (colours(open_page(color_scheme=scheme)) for scheme in ("light", "dark"))
    assert brightness(light[0]) > 200 > 60 > brightness(dark[0])
    assert brightness(light[1]) < 60 < 200 < brightness(dark[1])


def brightness(colour):
    """The mean channel of a computed colour such as "rgb(14, 17, 22)"."""
    return sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(","))) / 3


def test_without_script_every_claim_is_there(open_page):
    assert len(visible_claims(open_page(java_script_enabled=False))) == 4
