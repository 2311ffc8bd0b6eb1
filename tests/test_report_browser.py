"""The HTML report in a browser: Debian's Chromium, driven by Playwright, where both are there."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.report import write_report
from tests.fabricated import ORDERED_NUTS
from tests.saved_report import PUBLISHED, write_results

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the PATH"),
]

PHONE, DESK = 400, 1600


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    write_results(folder, figures=True, reference=ORDERED_NUTS)
    write_report(folder, published=PUBLISHED)
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def visit(browser: Any, report: Path, width: int) -> Iterator[tuple[Any, list[str]]]:
    """The page, and everything that went wrong or went out while it was opened."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    trouble: list[str] = []

    def watch(route: Any) -> None:
        url = route.request.url
        if url == report.as_uri() or url.startswith("data:"):
            route.continue_()
        else:
            trouble.append(f"asked for {url}")
            route.abort()

    page.route("**/*", watch)
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto(report.as_uri())
    yield page, trouble
    context.close()


def test_it_opens_without_errors_and_asks_nobody(visit: tuple[Any, list[str]]) -> None:
    page, trouble = visit
    missing = page.evaluate(
        "Array.from(document.images).filter(i => !i.complete || !i.naturalWidth).map(i => i.alt)"
    )
    assert missing == []
    assert page.locator("img").count() == 6
    assert trouble == []


def test_only_tables_scroll_sideways(visit: tuple[Any, list[str]], width: int) -> None:
    page, _ = visit
    page.evaluate("document.querySelectorAll('details').forEach(item => { item.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.wait_for_timeout(200)
    unsaid = page.evaluate(
        """Array.from(document.querySelectorAll('.scroll')).filter(box =>
            (box.scrollWidth > box.clientWidth + 1)
            !== (box.previousElementSibling.matches('.hint')
                 && getComputedStyle(box.previousElementSibling).display !== 'none')).length"""
    )
    assert unsaid == 0


def test_the_first_column_stays(visit: tuple[Any, list[str]], width: int) -> None:
    page, _ = visit
    left = """id => { const box = document.getElementById(id).closest('.scroll');
        box.scrollLeft = 200;
        return [box.scrollLeft, box.querySelector('tbody th').getBoundingClientRect().left
                - box.getBoundingClientRect().left]; }"""
    scrolled, at = page.evaluate(left, "table-matrix-toy")
    assert abs(at) < 1
    assert scrolled == 200 or width == DESK


def test_heads_sort_up_down_and_back(visit: tuple[Any, list[str]]) -> None:
    page, _ = visit
    table = page.locator("#table-cost-toy")
    heads = [text.strip() for text in table.locator("thead th").all_inner_texts()]
    column = next(i for i, text in enumerate(heads) if text.startswith("fit (s)"))
    head = table.locator("thead th").nth(column)
    as_written = table.locator("tbody th").all_inner_texts()

    def numbers() -> list[float]:
        cells = table.locator(f"tbody tr > :nth-child({column + 1})").all()
        return [float(cell.get_attribute("data-value")) for cell in cells]

    for state in ("ascending", "descending"):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == state
        assert numbers() == sorted(numbers(), reverse=state == "descending")
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "none"
    assert table.locator("tbody th").all_inner_texts() == as_written


def test_verdicts_sort_by_what_they_allow_and_absent_numbers_come_last(
    visit: tuple[Any, list[str]],
) -> None:
    page, _ = visit
    table = page.locator("#table-matrix-toy")
    table.locator("thead th button").nth(1).click()
    orders = [
        int(cell.get_attribute("data-order"))
        for cell in table.locator("tbody tr > :nth-child(2)").all()
    ]
    assert orders == sorted(orders)
    speed = table.locator("thead th button").last
    for _ in range(2):
        speed.click()
        assert table.locator("tbody tr > :last-child").all_inner_texts()[-1] == "n/a"


def test_a_verdict_leads_to_its_reason(visit: tuple[Any, list[str]]) -> None:
    page, _ = visit
    details = page.locator("#more-matrix-toy")
    assert not details.evaluate("item => item.open")
    cell = page.locator("#table-matrix-toy td.v-do-not-trust").first
    reason = cell.get_attribute("title")
    cell.locator("a").press("Enter")
    page.wait_for_function("document.getElementById('more-matrix-toy').open")
    target = page.locator(cell.locator("a").get_attribute("href"))
    assert target.is_visible()
    assert " ".join(reason.split()) in " ".join(target.inner_text().split())


def test_all_tables_are_there_and_named(visit: tuple[Any, list[str]]) -> None:
    page, _ = visit
    kinds = "matrix verdict estimates diagnostics errors joint weights optimisers samplers labels"
    for kind in [*kinds.split(), "stability", "cost", "runs"]:
        assert page.locator(f"#table-{kind}-toy").count() == 1
        assert page.locator(f"#table-{kind}-toy caption").inner_text().strip()


def test_it_prints(browser: Any, report: Path, tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    page = browser.new_page(viewport={"width": DESK, "height": 900})
    page.goto(report.as_uri())
    page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    sheets = pypdf.PdfReader(tmp_path / "report.pdf").pages
    assert 8 <= len(sheets) <= 25
    texts = [" ".join(sheet.extract_text().split()) for sheet in sheets]
    assert all(texts), "a page is blank"
    for sheet in sheets:
        assert sheet.mediabox.width > sheet.mediabox.height
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1032, "height": 700})  # A4 across without its margins
    cut = page.evaluate(
        """Array.from(document.querySelectorAll('table'))
            .filter(t => t.checkVisibility() && t.offsetWidth > document.body.clientWidth + 1)
            .map(t => t.caption.textContent)"""
    )
    assert cut == []
    last = "subsample ADVI unweighted"
    assert any("Runs and their warnings" in text for text in texts)
    assert sum(last in text for text in texts) > 5
    page.close()


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, from npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("there is no npm to fetch axe-core with")
    folder = tmp_path_factory.mktemp("axe")
    command = [npm, "install", "--no-save", "--no-audit", "--no-fund", "axe-core@4"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"npm cannot fetch axe-core: {done.stderr.strip().splitlines()[-1:]}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def test_axe_finds_no_grave_fault(visit: tuple[Any, list[str]], axe: str) -> None:
    page, _ = visit
    page.evaluate("document.querySelectorAll('details').forEach(item => { item.open = true; })")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document).then(result => result.violations)")
    grave = {
        item["id"]: [node["html"][:120] for node in item["nodes"][:3]]
        for item in found
        if item["impact"] in {"serious", "critical"}
    }
    assert grave == {}
