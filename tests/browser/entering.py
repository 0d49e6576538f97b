"""Coming in where logins are on."""

from __future__ import annotations

from dayserver import RunningDay
from playwright.sync_api import Page, expect

OWN = "correct horse battery staple"


def enter(page: Page, day: RunningDay, role: str | None = None) -> None:
    """Log in as the first administrator, or as a new person with `role`, and choose a password."""
    assert day.first_login is not None
    name, given = day.first_login
    if role is not None:
        person, given = day.call(day.people.add(name, f"a-{role}", role))  # type: ignore[arg-type]
        name = person.name
    inputs = page.locator(".login input")
    inputs.nth(0).fill(name)
    inputs.nth(1).fill(given)
    page.locator(".login button").first.click()
    expect(page.get_by_text("Choose a password")).to_be_visible()
    for at, text in enumerate((given, OWN, OWN)):
        inputs.nth(at).fill(text)
    page.locator(".login button").first.click()
    page.wait_for_selector(".connection-live", timeout=20_000)
