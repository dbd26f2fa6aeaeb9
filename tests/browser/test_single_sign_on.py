"""Single sign-on in a real browser: to a provider of another site, and back with the cookie that it was begun with."""

import shutil
import threading
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from app import create_app
from app.config import Config
from app.extensions import db
from tests.conftest import SECRET_KEY
from tests.fakes.identity_provider import CLIENT, IdentityProvider, running_identity_provider

# The provider that the tests run says so of itself.
pytestmark = pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning")


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    """A provider on `localhost`, which is another site than `127.0.0.1`."""
    with running_identity_provider() as running:
        yield running


@pytest.fixture
def console(migrated_sqlite: Path, tmp_path: Path, provider: IdentityProvider) -> Iterator[str]:
    """The address of a console whose users come from the provider."""
    path = shutil.copy(migrated_sqlite, tmp_path / "sso.db")
    server = make_server("127.0.0.1", 0, Flask("not there yet"), threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    settings = {"PUBLIC_URL": url, "OIDC_ISSUER": provider.url, **CLIENT}
    settings["OIDC_ROLES"] = "growth=admin; sales=viewer@north"
    app = create_app(Config(DATABASE_URL=f"sqlite:///{path}", SECRET_KEY=SECRET_KEY, LOG_LEVEL="WARNING", **settings))
    server.app = app
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield url
    server.shutdown()
    thread.join()
    server.server_close()
    with app.app_context():
        db.engine.dispose()


def test_a_browser_goes_to_the_provider_and_comes_back(
    chromium: Any, console: str, provider: IdentityProvider, axe: str, pictures: Path | None
) -> None:
    """No policy stands in the way and none is broken; who is refused is told so; all of it can be read by everybody."""
    provider.has("s-1", preferred_username="ada", groups=["growth"])
    provider.has("s-2", preferred_username="eve")
    trouble: list[str] = []
    context = chromium.new_context()
    # The provider's page wants a stylesheet from elsewhere.
    context.route(lambda url: not url.startswith((console, provider.url)), lambda route: route.abort())
    page = context.new_page()
    page.on("console", lambda line: trouble.append(line.text) if page.url.startswith(console) else None)
    page.goto(f"{console}/console/jobs")

    def look(name: str) -> None:
        page.evaluate(axe)
        for width, scheme in product((390, 1280), ("light", "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            if pictures is not None:
                page.screenshot(path=pictures / f"{name}-{width}-{scheme}.png")
            assert page.evaluate("axe.run()")["violations"] == []

    look("sso")
    for subject, where in (("s-2", "/console/sso/return?*"), ("s-1", "/console/jobs")):
        page.click("#start")
        page.wait_for_url(f"{provider.url}/**")
        page.fill('input[name="sub"]', subject)
        page.click("text=Authorize >> nth=-1")
        page.wait_for_url(f"{console}{where}")
        if subject == "s-2":
            look("sso-refused")
            page.goto(f"{console}/console/jobs")
    assert page.locator(".who summary").inner_text() == "ada"
    page.goto(f"{console}/console/users")
    look("sso-users")
    page.click(".who summary")
    page.click("text=Sign out >> nth=0")
    page.wait_for_selector("#start")
    assert [line for line in trouble if "403" not in line] == []
    context.close()
