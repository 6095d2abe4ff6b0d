"""What the page weighs on the wire. With `-s` it says how long Chromium took to show it."""

import json

from playwright.async_api import Browser, expect

from tests.e2e.web.conftest import Site
from tests.support.browser import PATIENCE_MS, until

expect.set_options(timeout=PATIENCE_MS)

# LiveKit's client alone is 155 kB; it comes behind the first page, while somebody types.
FIRST_BYTES = 120_000
CALL_BYTES = 260_000
# What Core Web Vitals call good.
SHIFT = 0.1

CALL_IS_THERE = """() => performance.getEntriesByType('resource')
  .some(({name, encodedBodySize}) => /CallPage/.test(name) && encodedBodySize > 0)"""

MEASURE = """async () => {
  const seen = (type) => new Promise((resolve) => {
    const entries = [];
    const observer = new PerformanceObserver((list) => entries.push(...list.getEntries()));
    observer.observe({type, buffered: true});
    setTimeout(() => { observer.disconnect(); resolve(entries); }, 200);
  });
  const [page] = performance.getEntriesByType('navigation');
  const paints = await seen('paint');
  const largest = await seen('largest-contentful-paint');
  const shifts = await seen('layout-shift');
  const tasks = await seen('longtask');
  const files = performance.getEntriesByType('resource').map(
    ({name, encodedBodySize, decodedBodySize}) =>
      ({name: name.split('/').pop(), encodedBodySize, decodedBodySize}));
  return {
    first_contentful_paint_ms: paints.find(({name}) => /contentful/.test(name))?.startTime,
    largest_contentful_paint_ms: largest.at(-1)?.startTime,
    dom_ready_ms: page.domContentLoadedEventEnd,
    loaded_ms: page.loadEventEnd,
    blocked_ms: tasks.reduce((sum, {duration}) => sum + Math.max(0, duration - 50), 0),
    layout_shift: shifts.reduce((sum, {value}) => sum + value, 0),
    files,
  };
}"""


async def test_script_is_sent_packed_and_in_two_parts(browser: Browser, site: Site) -> None:
    page = await browser.new_page()
    await page.goto(site.url)
    await expect(page.get_by_test_id("join-name")).to_be_visible()
    html = (await site.api.get("/")).text
    # The code of the call is there before anybody joins.
    await until(page, CALL_IS_THERE)
    figures = await page.evaluate(MEASURE)
    print(json.dumps(figures))
    scripts = [one for one in figures["files"] if one["name"].endswith(".js")]
    assert all(one["encodedBodySize"] < one["decodedBodySize"] for one in scripts)
    first = sum(one["encodedBodySize"] for one in scripts if one["name"] in html)
    assert 0 < first < FIRST_BYTES
    assert sum(one["encodedBodySize"] for one in scripts) < CALL_BYTES
    assert not any("OperatorPage" in one["name"] for one in scripts)
    assert figures["layout_shift"] < SHIFT
