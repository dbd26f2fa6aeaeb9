"""People and companies over HTTP: upsert, import, lists, provenance, export, erase."""

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from app.db.session import transaction
from app.entities import routes
from app.entities.changes import Writing, write_changes
from app.entities.csv import exports
from app.entities.exports import FORMATS
from app.entities.fields import RAW_FIELDS
from app.entities.merge import Change
from app.entities.read import EntityView, load_for_update
from app.extensions import db
from app.models import Person
from app.models.types import new_id
from app.values.spellings import camel_case
from tests.web.conftest import client_with, make_key

Login = Callable[..., FlaskClient]
CSV = {"content_type": "text/csv"}


@pytest.fixture
def admin(login: Login) -> FlaskClient:
    """A client that may do everything in every workspace."""
    return login("admin")


def upsert(client: FlaskClient, *rows: dict[str, Any], plural: str = "people") -> TestResponse:
    """Upsert rows."""
    return client.post(f"/api/{plural}", json={plural: list(rows)})


def details(answer: TestResponse) -> dict[str, str]:
    """Return what a 422 says is wrong, by path."""
    assert answer.status_code == 422, answer.text
    return {one["path"]: one["message"] for one in answer.json["details"]}


def ids_of(answer: TestResponse, plural: str = "people") -> list[str]:
    """Return the ids of a list."""
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json[plural]]


# Upsert


@pytest.mark.parametrize(("plural", "entity_type"), [("people", "person"), ("companies", "company")])
def test_upsert_stores_every_raw_field_under_its_outside_name(
    admin: FlaskClient, plural: str, entity_type: str
) -> None:
    """Names are camelCase outside, and what was given comes back from both ways of reading."""
    samples = {"text": "Größe", "list": ["a", {"b": 1}], "dict": {"k": [1.5, None]}, "integer": 2**40}
    row = {"id": "a", **{camel_case(name): samples[kind] for name, kind in RAW_FIELDS[entity_type].items()}}
    answer = upsert(admin, {**row, "extra": {"Score": "7"}}, plural=plural)
    assert (answer.status_code, answer.json) == (200, {"created": 1, "updated": 0, "unchanged": 0})
    for shown in (admin.get(f"/api/{plural}/a").json, admin.get(f"/api/{plural}").json[plural][0]):
        assert row.items() <= shown.items()
        assert shown["extra"] == {"Score": "7"}
        assert shown["workspaceSlug"] == "default"


def test_upsert_counts_what_it_did(admin: FlaskClient) -> None:
    """A second upsert tells changed from unchanged; null clears, absent stays."""
    upsert(admin, {"id": "a", "email": "a@b.de", "phone": "1"}, {"id": "b", "email": "b@b.de"})
    answer = upsert(admin, {"id": "a", "email": None}, {"id": "b", "email": "b@b.de"}, {"id": "c"})
    assert answer.json == {"created": 1, "updated": 1, "unchanged": 1}
    shown = admin.get("/api/people/a").json
    assert (shown["email"], shown["phone"]) == (None, "1")


@pytest.mark.parametrize(
    ("row", "path"),
    [
        ({}, "people.1.id"),
        ({"id": "a b"}, "people.1.id"),
        ({"id": "x" * 129}, "people.1.id"),
        ({"id": "b", "email": 1}, "people.1.email"),
        ({"id": "b", "email": "x" * 10_001}, "people.1.email"),
        ({"id": "b", "skills": "a, b"}, "people.1.skills"),
        ({"id": "b", "skills": ["x" * 65_536]}, "people.1.skills"),
        ({"id": "b", "providerIds": []}, "people.1.providerIds"),
        ({"id": "b", "normalizedEmail": "x"}, "people.1.normalizedEmail"),
        ({"id": "b", "first_name": "x"}, "people.1.first_name"),
        ({"id": "b", "createdAt": "2026-01-01T00:00:00Z"}, "people.1.createdAt"),
        ({"id": "b", "extra": None}, "people.1.extra"),
        ({"id": "b", "extra": {"k": 1}}, "people.1.extra.k"),
        ({"id": "b", "extra": {"": "x"}}, "people.1.extra.?"),
        ({"id": "b", "extra": {str(n): "x" * 9_000 for n in range(8)}}, "people.1.extra"),
        ("b", "people.1"),
    ],
)
def test_upsert_names_the_place_of_what_is_wrong(admin: FlaskClient, row: Any, path: str) -> None:
    """One bad row refuses the call with the path of what is wrong, and nothing is stored."""
    assert list(details(upsert(admin, {"id": "a"}, row))) == [path]
    assert ids_of(admin.get("/api/people")) == []


@pytest.mark.parametrize(
    ("value", "is_taken"), [(0, True), (-(2**63), True), (7.0, True), (7.5, False), (True, False), ("7", False)]
)
def test_whole_numbers_are_whole_numbers(admin: FlaskClient, value: Any, is_taken: bool) -> None:
    """A number field takes integers of 64 bits and nothing that only looks like one."""
    answer = upsert(admin, {"id": "a", "fundingTotal": value}, plural="companies")
    assert answer.status_code == (200 if is_taken else 422)


@pytest.mark.parametrize(
    "body", [{}, {"people": []}, {"people": {}}, {"people": [{"id": "a"}], "more": 1}, {"companies": []}]
)
def test_upsert_refuses_another_shape(admin: FlaskClient, body: Any) -> None:
    """The body is an object with a list of at least one."""
    assert admin.post("/api/people", json=body).status_code == 422


def test_upsert_takes_ten_thousand_and_no_more(admin: FlaskClient) -> None:
    """The limit is the documented one, and reaching it is no trouble."""
    rows = [{"id": f"e{n}", "email": f"{n}@b.de", "skills": ["a"]} for n in range(10_001)]
    assert details(upsert(admin, *rows)) == {"people": "expected 1 to 10000 entities"}
    assert upsert(admin, *rows[1:]).json == {"created": 10_000, "updated": 0, "unchanged": 0}


# Read


def test_entity_shows_who_gave_each_value(app: Flask, admin: FlaskClient) -> None:
    """Provenance is by field, under outside names; blank fields that never changed have none."""
    upsert(admin, {"id": "a", "email": "a@b.de"})
    attempt_id = new_id()
    with app.app_context(), transaction() as session:
        load_for_update("person", ["a"], workspace_slug="default")
        writing = Writing("a", {"job_title": Change(None, "Boss")}, "prospeo", attempt_id)
        write_changes(session, "person", "default", [writing])
    shown = admin.get("/api/people/a").json
    provenance = shown["provenance"]
    assert provenance.keys() == {"email", "jobTitle"}
    assert provenance["email"] == {"provider": "caller", "attemptId": None, "at": shown["createdAt"], "oldValue": None}
    assert (provenance["jobTitle"]["provider"], provenance["jobTitle"]["attemptId"]) == ("prospeo", attempt_id)
    assert "provenance" not in admin.get("/api/people").json["people"][0]


@pytest.mark.parametrize(
    "entity_id",
    [
        "a/b",
        "/a//b/",
        "import",
        "export.csv",
        "export.xlsx",
        "export.parquet",
        "export.csv/",
        "a@b.de",
        "a:b.c-d_e",
        "..",
        "./",
        "/",
    ],
)
def test_every_id_has_an_address(admin: FlaskClient, entity_id: str) -> None:
    """Slashes and the names of other addresses do no harm; only the exports are taken."""
    upsert(admin, {"id": entity_id})
    path = f"/api/people/{entity_id}"
    if entity_id not in {f"export.{suffix}" for suffix in FORMATS}:
        assert admin.get(path).json["id"] == entity_id
    assert admin.delete(path).status_code == 204
    assert ids_of(admin.get("/api/people")) == []


@pytest.mark.parametrize("path", ["nobody", "a b", "%C3%BC", "x" * 129, "a%00b"])
def test_unknown_entity_is_not_found(admin: FlaskClient, path: str) -> None:
    """What is not there and what cannot be there say the same."""
    for answer in (admin.get(f"/api/people/{path}"), admin.delete(f"/api/people/{path}")):
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_list_pages_by_cursor(admin: FlaskClient) -> None:
    """`nextCursor` leads through all entities once and is null at the end."""
    upsert(admin, *({"id": f"e{n}"} for n in range(5)))
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = admin.get("/api/people?limit=2" + (f"&cursor={cursor}" if cursor else ""))
        seen += ids_of(page)
        cursor = page.json["nextCursor"]
    assert seen == [f"e{n}" for n in range(5)]


def test_list_filters_by_missing_field_and_time(admin: FlaskClient) -> None:
    """Filters take outside names and instants with a zone."""
    upsert(admin, {"id": "a", "jobTitle": " "}, {"id": "b", "jobTitle": "Boss"})
    assert ids_of(admin.get("/api/people?missing=jobTitle")) == ["a"]
    at = admin.get("/api/people/a").json["updatedAt"]
    assert ids_of(admin.get(f"/api/people?updatedSince={at}")) == ["a", "b"]
    assert ids_of(admin.get("/api/people?updatedSince=2999-01-01T00:00:00%2B02:00")) == []


def test_list_looks_for_those_of_a_filter_in_bounded_steps(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page may be empty and lead on, also within a list; on the way nobody is left out or comes twice."""
    monkeypatch.setattr(routes, "LOOKS_AT", 2)
    upsert(admin, *({"id": f"e{n}", **({"jobTitle": "Boss"} if n != 4 else {})} for n in range(7)))
    ids = [f"e{n}" for n in range(7)]
    admin.post("/api/lists", json={"entityType": "person", "name": "all", "entityIds": ids})
    for query, expected in (
        ("missing=jobTitle", [[], [], ["e4"], []]),
        ("missing=jobTitle&list=all", [[], [], ["e4"], []]),
        ("updatedSince=2999-01-01T00:00:00Z", [[], [], [], []]),
    ):
        pages, cursor = [], ""
        while cursor is not None:
            page = admin.get(f"/api/people?{query}" + (f"&cursor={cursor}" if cursor else ""))
            pages.append(ids_of(page))
            cursor = page.json["nextCursor"]
        assert pages == expected, query


@pytest.mark.parametrize(
    "query",
    ["limit=201", "limit=0", "cursor=a%20b", "missing=job_title", "missing=x", "updatedSince=2026-01-01T00:00:00",
     "updatedSince=0001-01-01T00:00:00%2B14:00", "updatedSince=x", "workspaceSlug=X", "more=1"],
)  # fmt: skip
def test_list_refuses_what_it_does_not_understand(admin: FlaskClient, query: str) -> None:
    """A parameter that is not understood is told and not ignored."""
    assert list(details(admin.get(f"/api/people?{query}"))) == [query.partition("=")[0]]


# Import


@pytest.mark.parametrize("as_form", [True, False])
def test_import_takes_a_form_and_a_plain_body(admin: FlaskClient, as_form: bool) -> None:
    """Both ways of sending a file end in the same report."""
    raw = "Work Email,Score\nann@b.de,7\n,1\n".encode("utf-8-sig")
    body = {"data": {"file": (io.BytesIO(raw), "list.csv")}} if as_form else {"data": raw, **CSV}
    answer = admin.post("/api/people/import", **body)
    assert answer.status_code == 200
    report = answer.json
    assert {name: report[name] for name in ("total", "created", "updated", "unchanged", "refused")} == {
        "total": 2, "created": 1, "updated": 0, "unchanged": 0, "refused": 1,
    }  # fmt: skip
    assert report["columns"] == [{"header": "Work Email", "field": "email"}, {"header": "Score", "field": None}]
    assert [refusal["line"] for refusal in report["refusals"]] == [3]
    assert (report["encoding"], report["delimiter"]) == ("utf-8-sig", ",")


def test_import_says_conflicts_and_dry_runs(admin: FlaskClient) -> None:
    """The JSON has the counts, the rows with their lines, and that nothing was written."""
    file = b"id,Full Name\n1,Ida Brandt\n1,Kim Falk\n"
    dry = admin.post("/api/people/import?dryRun=true", data=file, **CSV)
    assert dry.status_code == 200
    assert (dry.json)["dryRun"] is True
    real = admin.post("/api/people/import", data=file, **CSV).json
    assert (real["conflicts"], real["created"], real["total"]) == (1, 1, 2)
    assert real["conflictRows"] == [{"line": 3, "id": "1", "sharedWith": "1"}]
    again = admin.post("/api/people/import?replaceNames=true", data=file, **CSV).json
    assert (again["conflicts"], again["replacements"]) == (0, [{"line": 3, "id": "1", "fields": ["fullName"]}])
    refused = admin.post("/api/people/import?dryRun=yes", data=file, **CSV)
    assert refused.status_code == 422


def test_import_is_told_the_encoding_and_the_columns(admin: FlaskClient) -> None:
    """By parameters, or the encoding by the charset of the upload; what cannot be is refused by its parameter."""
    file = "Kontakt,Vorname,Ort\na@b.example,Пётр,Тула\n".encode("koi8-r")
    asked = {"encoding": "koi8-r", "map": ["Kontakt=email", "Ort=ignore"]}
    answer = admin.post("/api/people/import", query_string=asked, data=file, **CSV)
    assert answer.status_code == 200, answer.text
    report = answer.json
    assert (report["created"], report["encoding"], report["guessed"], report["stoppedAt"]) == (1, "koi8-r", None, None)
    (person,) = admin.get("/api/people").json["people"]
    assert (person["firstName"], person["email"], person["locationCity"]) == ("Пётр", "a@b.example", None)
    again = admin.post("/api/people/import?map=Kontakt=email", data=file, content_type="text/csv; charset=koi8-r").json
    assert again["encoding"] == "koi8-r"
    assert details(admin.post("/api/people/import?map=Kontakt", data=file, **CSV)).keys() == {"map"}
    for query in ("map=Nix=email", "map=Ort=nix", "encoding=rot13"):
        assert admin.post(f"/api/people/import?{query}", data=file, **CSV).status_code == 422


def test_import_refuses_a_body_that_broke_off(admin: FlaskClient) -> None:
    """Half a row is not taken for a whole one, where the server passes the end on as if nothing were missing."""
    answer = admin.post(
        "/api/companies/import",
        input_stream=io.BytesIO(b"id,name\nc1,Acme Incorpor"),
        content_type="text/csv",
        environ_overrides={"CONTENT_LENGTH": "100", "wsgi.input_terminated": True},
    )
    assert (answer.status_code, answer.json["code"]) == (400, "bad_request")
    assert ids_of(admin.get("/api/companies"), "companies") == []


def test_import_may_be_larger_than_other_bodies(make_app: Callable[..., Flask]) -> None:
    """Only the import takes more than 16 MiB, up to its own setting."""
    app = make_app(IMPORT_MAX_MEGABYTES=20)
    client = client_with(app, make_key(app, "admin"))
    row = b"a%d@b.de," + b"x" * 100_000 + b"\n"
    large = b"email,Notes\n" + b"".join(row % n for n in range(170))
    assert client.post("/api/people/import", data=large, **CSV).json["created"] == 170
    assert client.post("/api/people", data=large, content_type="application/json").status_code == 413
    too_large = large + b"x" * (5 * 1024 * 1024)
    _, form = encode_multipart({"file": FileStorage(io.BytesIO(too_large), "list.csv")}, boundary="limit")
    for body, kind in ((too_large, "text/csv"), (form, "multipart/form-data; boundary=limit")):
        assert client.post("/api/people/import", data=body, content_type=kind).status_code == 413


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"json": {}}, 415),
        ({"data": b"email\na@b.de\n", "content_type": "text/plain"}, 415),
        ({"data": b"email\na@b.de\n", "content_type": "text/csv", "headers": {"Content-Encoding": "gzip"}}, 415),
        ({"data": {"other": (b"email\na@b.de\n", "list.csv")}}, 422),
        ({"data": {"note": "x", "file": (b"email\na@b.de\n", "list.csv")}}, 422),
        ({"data": {"file": "email"}, "content_type": "multipart/form-data"}, 422),
        ({"data": b"", "content_type": "text/csv"}, 422),
        ({"data": b"PK\x03\x04", "content_type": "text/csv"}, 422),
        ({"data": b"colour\nred\n", "content_type": "text/csv"}, 422),
    ],
)
def test_import_refuses_what_is_no_list(app: Flask, admin: FlaskClient, body: dict[str, Any], status: int) -> None:
    """Another kind of body, or a file that cannot be read, is refused and leaves nothing."""
    if isinstance(form := body.get("data"), dict):
        # The client closes the files that it sends.
        files = {name: (io.BytesIO(one[0]), one[1]) if isinstance(one, tuple) else one for name, one in form.items()}
        body = {**body, "data": files}
    answer = admin.post("/api/people/import", **body)
    assert answer.status_code == status
    assert answer.json["error"].endswith(".")
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Person)) == 0


# Export


def test_export_is_a_file_of_the_workspace(admin: FlaskClient) -> None:
    """The answer is a CSV attachment that nobody keeps, with the columns that were imported."""
    admin.post("/api/companies/import", data=b"Company Name,Domain,Score\nAcme,acme.com,=1+1\n", **CSV)
    answer = admin.get("/api/companies/export.csv")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="companies.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    header, row = csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline=""))
    assert header[:4] == ["id", "Company Name", "Domain", "Score"]
    assert row[1:4] == ["Acme", "acme.com", "'=1+1"]
    assert admin.post("/api/companies/import", data=answer.data, **CSV).json["unchanged"] == 1


def test_export_goes_out_as_it_is_read(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The header is sent before any entity is read, and the rows page by page."""
    upsert(admin, *({"id": f"e{n}"} for n in range(3)))
    read: list[str] = []
    real = exports.exported_views

    def watched(*given: Any, **more: Any) -> Iterator[EntityView]:
        for view in real(*given, **more):
            read.append(view.id)
            yield view

    monkeypatch.setattr(exports, "exported_views", watched)
    blocks = admin.get("/api/people/export.csv").iter_encoded()
    assert next(blocks).startswith(b"\xef\xbb\xbfid,")
    assert read == []
    assert b"".join(blocks).count(b"\r\n") == len(read) == 3


def test_export_breaks_off_without_values_when_a_page_cannot_be_read(
    admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first bytes an error can only cut the answer short; its message is ours."""

    def fail(*_: Any, **__: Any) -> Any:
        raise ValueError("ada@example.com")
        yield

    monkeypatch.setattr(exports, "exported_views", fail)
    answer = admin.get("/api/people/export.csv")
    with pytest.raises(ConnectionAbortedError, match="the export broke off") as caught:
        assert answer.data
    assert caught.value.__suppress_context__


# Erase and who may do what


def test_erased_entity_is_gone(admin: FlaskClient) -> None:
    """After a 204 the entity is not found, and a second erasure neither."""
    upsert(admin, {"id": "a"})
    assert (admin.delete("/api/people/a").status_code, admin.delete("/api/people/a").status_code) == (204, 404)
    assert admin.get("/api/people/a").status_code == 404


CALLS = [
    ("read", "get", "/api/people"),
    ("read", "get", "/api/people/a"),
    ("read", "get", "/api/people/export.csv"),
    ("read", "get", "/api/people/export.xlsx"),
    ("read", "get", "/api/people/export.parquet"),
    ("write", "post", "/api/people"),
    ("write", "post", "/api/people/import"),
    ("write", "delete", "/api/people/a"),
]


@pytest.mark.parametrize(("scope", "method", "path"), CALLS)
def test_call_needs_its_scope(login: Login, scope: str, method: str, path: str) -> None:
    """Reading needs `read`, storing and erasing need `write`, and no other scope will do."""
    for plural in ("people", "companies"):
        address = path.replace("people", plural)
        other = {"read": "write", "write": "read"}[scope]
        assert getattr(login(other, "process"), method)(address).status_code == 403
        assert getattr(login(scope), method)(address).status_code not in {401, 403}


@pytest.mark.parametrize(("_scope", "method", "path"), CALLS)
def test_call_needs_a_credential(client: FlaskClient, _scope: str, method: str, path: str) -> None:
    """Without a key every address is shut."""
    assert getattr(client, method)(path).status_code == 401


def test_key_of_a_workspace_sees_and_changes_that_one_alone(login: Login) -> None:
    """A bound key works in its workspace without naming it, and another's entities are not there for it."""
    north, everywhere = login("read", "write", workspace_slug="north"), login("read", "write")
    upsert(north, {"id": "a", "email": "north"})
    upsert(everywhere, {"id": "a", "email": "default"}, {"id": "b"})
    assert ids_of(north.get("/api/people")) == ["a"]
    assert north.get("/api/people/b").status_code == 404
    assert north.get("/api/people?workspaceSlug=default").status_code == 403
    assert north.post("/api/people", json={"people": [{"id": "a"}], "workspaceSlug": "default"}).status_code == 403
    assert north.delete("/api/people/b").status_code == 404
    assert everywhere.get("/api/people/a").json["email"] == "default"
    assert everywhere.get("/api/people/a?workspaceSlug=north").json["email"] == "north"
    assert everywhere.delete("/api/people/a?workspaceSlug=north").status_code == 204
    assert everywhere.get("/api/people/a").json["email"] == "default"


def test_import_and_export_stay_in_their_workspace(login: Login) -> None:
    """A file goes to the workspace that is named, and comes out of it alone."""
    everywhere = login("read", "write")
    everywhere.post("/api/people/import?workspaceSlug=north", data=b"id,Score\na,1\n", **CSV)
    assert b"Score" in everywhere.get("/api/people/export.csv?workspaceSlug=north").data
    assert b"Score" not in everywhere.get("/api/people/export.csv").data


def test_document_describes_every_address(admin: FlaskClient) -> None:
    """The OpenAPI document has both entity types, with bodies, answers and files."""
    document = admin.get("/api/openapi.json").json
    for plural, name in (("people", "Person"), ("companies", "Company")):
        paths = {path: set(one) - {"parameters"} for path, one in document["paths"].items() if f"/{plural}" in path}
        assert paths == {
            f"/api/{plural}": {"get", "post"},
            f"/api/{plural}/import": {"post"},
            f"/api/{plural}/import-preview": {"post"},
            f"/api/{plural}/import-refused": {"post"},
            f"/api/{plural}/export.csv": {"get"},
            f"/api/{plural}/export.xlsx": {"get"},
            f"/api/{plural}/export.parquet": {"get"},
            f"/api/{plural}/{{entity_id}}": {"get", "delete"},
            f"/api/{plural}/{{entity_id}}/receipt": {"get"},
            f"/api/{plural}/{{entity_id}}/undo": {"post"},
        }
        upload = document["paths"][f"/api/{plural}/import"]["post"]["requestBody"]["content"]
        assert upload.keys() == {"text/csv", FORMATS["xlsx"].media_type, "multipart/form-data"}
        schemas = document["components"]["schemas"]
        assert schemas[f"{name}Input"]["required"] == ["id"]
        assert not [field for field in schemas[f"{name}Input"]["properties"] if field.startswith("normalized")]
        assert "provenance" in schemas[f"{name}Detail"]["properties"]
