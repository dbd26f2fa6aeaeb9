"""The docs page: Swagger UI over our own OpenAPI document, from files that we serve ourselves.

The page asks nothing of any other host, and its policy would not let it.
"""

from importlib.resources import files
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, abort, make_response, render_template, send_file

_SWAGGER_UI = Path(str(files("flask_swagger_ui"))) / "dist"
_ASSETS: Final = {
    "docs.js": Path(__file__).parent / "static" / "docs.js",
    "favicon-32x32.png": _SWAGGER_UI / "favicon-32x32.png",
    "swagger-ui-bundle.js": _SWAGGER_UI / "swagger-ui-bundle.js",
    "swagger-ui.css": _SWAGGER_UI / "swagger-ui.css",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ASSET_SECONDS: Final = 3600

blueprint = Blueprint("docs", __name__, url_prefix="/api/docs")


@blueprint.get("")
def page() -> Response:
    """Answer with the page."""
    response = make_response(render_template("docs.html"))
    response.headers["Content-Security-Policy"] = _POLICY
    return response


@blueprint.get("/assets/<name>")
def asset(name: str) -> Response:
    """Answer with one of the page's files; nothing else on the disk can be named."""
    if name not in _ASSETS:
        abort(404)
    response = send_file(_ASSETS[name], max_age=_ASSET_SECONDS)
    response.headers["Cache-Control"] = f"public, max-age={_ASSET_SECONDS}"
    return response
