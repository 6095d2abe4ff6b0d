"""What the page weighs on the wire. With `-s` it says how long Chromium took to show it."""

import json

from playwright.async_api import Browser, expect

from tests.e2e.web.conftest import Site
from tests.support.browser import PATIENCE_MS, until

expect.set_options(timeout=PATIENCE_MS)

# LiveKit's client alone is 155 kB; it comes behind the first page, while somebody types.
FIRST_BYTES = 120_000
CALL_BYTES = 260_000

MEASURE = """() => {
  const [page] = performance.getEntriesByType('navigation');
  const paints = Object.fromEntries(
    performance.getEntriesByType('paint').map(({name, startTime}) => [name, startTime]));
  const scripts = performance.getEntriesByType('resource')
    .filter(({name}) => name.endsWith('.js'))
    .map(({name, encodedBodySize, decodedBodySize}) => (
      {name: name.split('/').pop(), encodedBodySize, decodedBodySize}));
  return {
    first_paint_ms: paints['first-contentful-paint'],
    loaded_ms: page.loadEventEnd,
    scripts,
  };
}"""


async def test_script_is_sent_packed_and_in_two_parts(browser: Browser, site: Site) -> None:
    page = await browser.new_page()
    await page.goto(site.url)
    await expect(page.get_by_test_id("join-name")).to_be_visible()
    html = (await site.api.get("/")).text
    # The code of the call is there before anybody joins.
    await until(
        page,
        "performance.getEntriesByType('resource')"
        ".some(({name, encodedBodySize}) => /CallPage/.test(name) && encodedBodySize > 0)",
    )
    figures = await page.evaluate(MEASURE)
    scripts = figures["scripts"]
    print(json.dumps(figures))
    assert all(one["encodedBodySize"] < one["decodedBodySize"] for one in scripts)
    first = sum(one["encodedBodySize"] for one in scripts if one["name"] in html)
    assert 0 < first < FIRST_BYTES
    assert sum(one["encodedBodySize"] for one in scripts) < CALL_BYTES
    assert not any("OperatorPage" in one["name"] for one in scripts)
