"""Reports in a browser: Debian's Chromium, driven by Playwright, where both are there."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from markdown_it import MarkdownIt

from harness.report import write_report
from harness.study.published import read_published
from tests.cases import PROJECT
from tests.fabricated import ORDERED_NUTS
from tests.saved_report import PUBLISHED, write_many_parameters, write_results

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the PATH"),
]

PHONE, DESK = 400, 1600


def shipped(folder: Path) -> None:
    """Write the report of the committed results again."""
    shutil.copytree(PROJECT / "results" / "notebook", folder, dirs_exist_ok=True)
    published = read_published(PROJECT / "studies" / "notebook_published.toml")
    write_report(folder, published=published)


def fabricated(folder: Path) -> None:
    write_results(folder, figures=True, reference=ORDERED_NUTS)
    write_report(folder, published=PUBLISHED)


def compared(folder: Path) -> None:
    """Write the report of a comparison of a program of many parameters."""
    write_many_parameters(folder)
    write_report(folder, published=None)


STUDIES = {"fabricated": fabricated, "compared": compared, "shipped": shipped}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Results folders with their reports."""
    made = {name: tmp_path_factory.mktemp(name) for name in STUDIES}
    for name, write in STUDIES.items():
        write(made[name])
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def opened(browser: Any, file: Path, width: int) -> tuple[Any, list[str]]:
    """Open a page; return it with everything that went wrong or went out meanwhile."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    trouble: list[str] = []

    def watch(route: Any) -> None:
        url = route.request.url
        if url == file.as_uri() or url.startswith(("data:", (file.parent / "figures").as_uri())):
            route.continue_()
        else:
            trouble.append(f"asked for {url}")
            route.abort()

    page.route("**/*", watch)
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto(file.as_uri())
    return page, trouble


@pytest.fixture
def visit(browser: Any, folders: dict[str, Path], width: int) -> Iterator[tuple[Any, list[str]]]:
    page, trouble = opened(browser, folders["fabricated"] / "report.html", width)
    yield page, trouble
    page.close()


@pytest.fixture(params=STUDIES)
def folder(folders: dict[str, Path], request: pytest.FixtureRequest) -> Path:
    return folders[request.param]


@pytest.fixture
def visit_each(browser: Any, folder: Path, width: int) -> Iterator[tuple[Any, list[str]]]:
    """The pages of all studies."""
    page, trouble = opened(browser, folder / "report.html", width)
    yield page, trouble
    page.close()


def missing_images(page: Any) -> list[str]:
    missing: list[str] = page.evaluate(
        "Array.from(document.images).filter(i => !i.complete || !i.naturalWidth).map(i => i.alt)"
    )
    return missing


def captions(folder: Path) -> list[dict[str, str]]:
    content: list[dict[str, str]] = json.loads((folder / "figures" / "captions.json").read_text())
    return content


def test_it_opens_without_errors_and_asks_nobody(
    visit_each: tuple[Any, list[str]], folder: Path
) -> None:
    page, trouble = visit_each
    assert missing_images(page) == []
    assert page.locator("img").count() == len(captions(folder)) > 0
    assert trouble == []
    for file in (folder / "tables").iterdir():
        name = file.stem.replace("_", "-", 1)
        assert page.locator(f"#table-{name}, #{name}").count() >= 1, name


def test_the_answer_is_on_the_first_screen(visit_each: tuple[Any, list[str]], width: int) -> None:
    page, _ = visit_each
    box = page.locator(".answer").first.bounding_box()
    assert box["y"] + min(box["height"], 100) < 900
    if width == DESK:
        assert page.locator("#answer table").first.bounding_box()["y"] < 900


def test_the_markdown_twin_has_its_tables_and_pictures(browser: Any, folder: Path) -> None:
    rendered = folder / "twin.html"
    text = (folder / "report.md").read_text(encoding="utf-8")
    rendered.write_text(
        "<!doctype html><meta charset=utf-8><link rel=icon href='data:,'>"
        + MarkdownIt("commonmark").enable("table").render(text)
    )
    page, trouble = opened(browser, rendered, DESK)
    assert trouble == []
    assert missing_images(page) == []
    alts = page.evaluate("Array.from(document.images).map(i => i.alt)")
    assert sorted(alts) == sorted(item["alt"] for item in captions(folder))
    n_tables = len(re.findall(r"^\|[ :-]+-\|.*$", text, flags=re.MULTILINE))
    assert page.locator("table").count() == n_tables >= 8
    assert not [item for item in page.locator("p").all_inner_texts() if item.startswith("|")]
    links = page.evaluate("Array.from(document.links).map(link => link.getAttribute('href'))")
    inside = [link for link in links if not link.startswith("../")]
    assert inside
    files = [link.partition("#")[0] or "report.md" for link in inside]
    assert all((folder / file).is_file() for file in files)
    page.close()


def test_only_tables_scroll_sideways(visit_each: tuple[Any, list[str]], width: int) -> None:
    page, _ = visit_each
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


#: Fewest and most sheets of a printed report, and a series that its tables end with.
PRINTED = {
    "fabricated": (8, 25, "subsample ADVI unweighted"),
    "compared": (8, 30, "Laplace"),
    "shipped": (20, 60, "VI mean-field batches of 200"),
}


@pytest.mark.parametrize("study", STUDIES)
def test_it_prints(browser: Any, folders: dict[str, Path], study: str, tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    fewest, most, last = PRINTED[study]
    page = browser.new_page(viewport={"width": DESK, "height": 900})
    page.goto((folders[study] / "report.html").as_uri())
    page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    sheets = pypdf.PdfReader(tmp_path / "report.pdf").pages
    assert fewest <= len(sheets) <= most
    # without ligatures
    texts = [normalize("NFKC", " ".join(sheet.extract_text().split())) for sheet in sheets]
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


def test_axe_finds_no_grave_fault(visit_each: tuple[Any, list[str]], axe: str) -> None:
    page, _ = visit_each
    page.evaluate("document.querySelectorAll('details').forEach(item => { item.open = true; })")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document).then(result => result.violations)")
    grave = {
        item["id"]: [node["html"][:120] for node in item["nodes"][:3]]
        for item in found
        if item["impact"] in {"serious", "critical"}
    }
    assert grave == {}
