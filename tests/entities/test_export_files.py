"""Exports in the background: whoever drains writes a part, and the file is the one that would be sent at once."""

import csv
import io
from typing import Any
from zipfile import ZipFile

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.db.session import transaction
from app.enrichment import queue
from app.enrichment.waterfall.erase import erase_entity
from app.enrichment.waterfall.work_loop import Waterfall
from app.entities import exclusions, export_files, export_work, parquet
from app.entities.csv.imports import import_csv
from app.entities.export_files import ExportExpired, ExportNotReady, NewExport
from app.entities.exports import export_entities, installed_formats
from app.entities.fields import NORMALIZED_FIELDS
from app.entities.lists import NewList, create_list, delete_list
from app.entities.upsert import upsert_entities
from app.errors import Conflict, Invalid
from app.extensions import db
from app.models.audit_event import Action
from app.models.export import ExportStatus, export_parts, exports
from app.models.types import utcnow
from tests.audit.helpers import told
from tests.web.conftest import client_with, make_key

PROCESS = "/api/enrichment/jobs/process"
EXPORTS = "/api/enrichment/exports"
PEOPLE = 13


@pytest.fixture
def people(context: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """People of whom some are excluded, some can be written to, and one has a name that a spreadsheet would run.

    A part has four of them.
    """
    monkeypatch.setattr(export_work, "SLICE_ROWS", 2)
    monkeypatch.setattr(export_work, "PART_PAGES", 2)
    status = ("valid", "", "invalid")
    lines = [f"p{n:02},=1+{n},a{n}@acme{n % 5}.example,{status[n % 3]},note {n}" for n in range(PEOPLE)]
    text = "\n".join(["id,first name,email,email status,Their note", *lines])
    import_csv("person", io.BytesIO(text.encode()), workspace_slug="default")
    exclusions.add(["acme2.example"], "default")
    return context


def ask(file_format: str = "csv", **options: Any) -> str:
    """Ask for an export, and return its id."""
    return export_files.create_export(NewExport("person", file_format, "default", "test", **options)).id


def view(export_id: str) -> export_files.ExportView:
    db.session.rollback()
    shown = export_files.get_export(export_id, workspace_slug="default")
    db.session.rollback()
    return shown


def work(times: int | None = None) -> None:
    """Write some parts, or all that there are."""
    while times != 0 and export_work.work_on_exports():
        times = None if times is None else times - 1


def file_of(export_id: str) -> bytes:
    return b"".join(export_files.open_file(export_id, workspace_slug="default")[1])


def at_once(file_format: str = "csv", **options: Any) -> bytes:
    """Return the export that is sent at once."""
    db.session.rollback()
    return b"".join(export_entities("person", file_format, workspace_slug="default", **options))


def ids_in(raw: bytes) -> list[str]:
    return [row["id"] for row in csv.DictReader(io.StringIO(raw.decode("utf-8-sig")))]


def part_count() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(export_parts)) or 0


def change(**values: Any) -> None:
    """Change every export behind the service's back."""
    with transaction() as session:
        session.execute(update(exports).values(values))


@pytest.mark.parametrize("selection", ["all", "list", "ready"])
def test_the_file_is_the_export_byte_for_byte_whoever_writes_its_parts(people: Flask, selection: str) -> None:
    """A worker that is killed over a part leaves it to another, and one that comes back late writes nothing."""
    options: dict[str, Any] = {"only_ready": selection == "ready"}
    if selection == "list":
        members = [f"p{n:02}" for n in range(1, PEOPLE, 2)]
        options["list_id"] = create_list(NewList("person", "default", "odd", "test"), members)[0].id
    export_id = ask(**options)
    assert view(export_id).status == ExportStatus.WAITING
    work(1)
    lost = export_work._claim(None)
    assert lost is not None
    late = export_work._next_part(lost)
    # Nobody takes it while it has its lease.
    assert not export_work.work_on_exports()
    change(lease_expires_at=utcnow(-1))
    # What would be a column of its own is none, once the columns are found.
    with transaction() as session:
        upsert_entities("person", [{"id": "p00", "job_title": "CEO"}], workspace_slug="default", session=session)
    taken = export_work._claim(None)
    assert taken is not None
    export_work._store(lost, late)
    assert view(export_id).part_count == 1
    export_work._store(taken, export_work._next_part(taken))
    export_work._store(lost, late)
    work()
    with transaction() as session:
        upsert_entities("person", [{"id": "p00", "job_title": None}], workspace_slug="default", session=session)
    done = view(export_id)
    raw = file_of(export_id)
    # When somebody was changed last is in the file, and p00 was changed for this test.
    assert raw.splitlines()[2:] == at_once(**options).splitlines()[2:]
    assert raw.splitlines()[0] == at_once(**options).splitlines()[0]
    assert (done.status, done.row_count, done.file_bytes) == (ExportStatus.READY, len(ids_in(raw)), len(raw))
    assert done.entities_done == done.entities_total and done.part_count > 1


@pytest.mark.parametrize("file_format", ["xlsx", "parquet"])
def test_other_formats_are_made_of_the_rows_when_they_are_sent(people: Flask, file_format: str) -> None:
    """With the cells of the export that is sent at once."""
    if file_format not in installed_formats():
        pytest.skip("DuckDB is not installed")
    export_id = ask(file_format)
    work()
    done = view(export_id)
    assert (done.status, done.part_count, done.file_bytes) == (ExportStatus.READY, 4, None)
    assert content_of(file_of(export_id)) == content_of(at_once(file_format))


def test_an_upgrade_that_changes_the_columns_spoils_no_file(people: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is made when it is sent has the columns that its rows have; one half written is not gone on with."""
    ready, begun = ask("xlsx"), ask()
    work(5)
    before = content_of(file_of(ready))
    fewer = dict(list(NORMALIZED_FIELDS["person"].items())[1:])
    monkeypatch.setitem(NORMALIZED_FIELDS, "person", fewer)
    assert content_of(file_of(ready)) == before
    work()
    assert (view(begun).part_count, view(begun).status) == (1, ExportStatus.FAILED)
    assert "has other columns now" in (view(begun).error or "")


def content_of(raw: bytes) -> Any:
    """Return what is in a workbook's sheet; of a Parquet file, the file."""
    if not raw.startswith(b"PK"):
        return raw
    with ZipFile(io.BytesIO(raw)) as archive:
        return archive.read("xl/worksheets/sheet1.xml")


def test_an_export_over_http_from_the_first_question_to_the_last(people: Flask) -> None:
    """202 with its address, 409 until it is ready, the file, 410 once it has expired, 404 once it is deleted."""
    client = client_with(people, make_key(people, "read", "process", "write"))
    created = client.post(EXPORTS, json={"entityType": "person"})
    address = created.headers["Location"]
    assert (created.status_code, created.json["status"]) == (202, "waiting")
    assert client.get(f"{address}/file").json["code"] == "conflict"
    # Whoever works on one chunk, or on one job, works on that alone.
    job_id = queue.enqueue_job("person", "ai-normalizer", ["p00"])
    for call in (f"{PROCESS}?jobId={job_id}", PROCESS):
        assert client.post(call).status_code == 200
    assert client.get(f"{PROCESS}?jobId={job_id}").status_code == 200
    assert client.get(address).json["entitiesDone"] == 0
    assert client.get(PROCESS).json == {"message": "no pending jobs", "otherBatches": 4}
    shown = client.get(address).json
    assert (shown["status"], shown["entitiesDone"], shown["error"]) == ("ready", PEOPLE, None)
    sent = client.get(f"{address}/file")
    assert sent.headers["Content-Disposition"] == 'attachment; filename="people.csv"'
    assert (sent.data, sent.content_length, sent.mimetype) == (at_once(), shown["bytes"], "text/csv")
    assert [one["id"] for one in client.get(f"{EXPORTS}?limit=1").json["exports"]] == [shown["id"]]
    change(expires_at=utcnow(-1))
    gone = client.get(f"{address}/file")
    assert (gone.status_code, gone.json["code"], client.get(address).json["status"]) == (410, "gone", "expired")
    assert client.delete(address).status_code == 204
    assert (client.get(address).status_code, part_count()) == (404, 0)
    actions = [row.action for row in told() if row.subject_kind in {"export", "person"}]
    taken = [Action.ENTITY_EXPORT, Action.ENTITY_EXPORT]
    assert actions[-4:] == [Action.EXPORT_CREATE, *taken, Action.EXPORT_DELETE]


def test_what_cannot_be_exported_is_refused_at_once(people: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the rules of the export that is sent at once; and a workspace has so many at most."""
    with pytest.raises(Invalid, match="Companies have no address"):
        export_files.create_export(NewExport("company", "csv", "default", "test", only_ready=True))
    with monkeypatch.context() as patch, pytest.raises(Invalid, match="needs DuckDB"):
        patch.setattr(parquet, "is_installed", lambda: False)
        ask("parquet")
    monkeypatch.setattr(export_files, "MOST_KEPT", 1)
    ask()
    with pytest.raises(Conflict, match="has 1 exports"):
        ask()
    change(status=ExportStatus.READY, expires_at=utcnow(-1))
    ask()


def test_an_erasure_leaves_nothing_in_files_that_may_have_it(people: Flask) -> None:
    """What is ready expires, what is being written begins again, and a part that was read before is not stored."""
    ready = ask()
    work()
    begun, waiting = ask(), ask()
    work(1)
    other = export_files.create_export(NewExport("company", "csv", "default", "test")).id
    held = export_work._claim(None)
    assert held is not None and held.id == begun
    part = export_work._next_part(held)
    erase_entity("person", "p00", workspace_slug="default")
    assert part_count() == 0
    export_work._store(held, part)
    assert part_count() == 0
    statuses = [view(export_id).status for export_id in (ready, begun, waiting, other)]
    assert statuses == [ExportStatus.EXPIRED, *[ExportStatus.WAITING] * 3]
    with pytest.raises(ExportExpired, match="was erased from the people; make the export again"):
        file_of(ready)
    work()
    assert file_of(begun) == file_of(waiting) == at_once()
    assert "p00" not in ids_in(file_of(begun))


def test_what_breaks_an_export_fails_it_alone(people: Flask) -> None:
    """A list that goes, or workers that are lost again and again; others are written all the same."""
    made = create_list(NewList("person", "default", "some", "test"), [f"p{n:02}" for n in range(9)])[0]
    of_list, other = ask(list_id=made.id), ask()
    work(1)
    delete_list(made.id, workspace_slug="default")
    work()
    assert (view(of_list).status, view(of_list).part_count) == (ExportStatus.FAILED, 1)
    with pytest.raises(ExportNotReady, match="has failed: The list was deleted before all of it was exported"):
        file_of(of_list)
    assert view(other).status == ExportStatus.READY
    losing = ask()
    for _ in range(export_work.MOST_LOST):
        assert export_work._claim(None) is not None
        change(lease_expires_at=utcnow(-1))
    assert not export_work.work_on_exports()
    assert (view(losing).status, view(losing).error) == (ExportStatus.FAILED, "3 workers were lost.")


def test_what_has_expired_goes_in_small_batches(people: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """First the parts, of which the drain deletes some at a time, and the row once it has been expired for long."""
    export_id = ask()
    work()
    monkeypatch.setattr(export_files, "PARTS_A_DELETION", 3)
    assert export_work.forget_old_exports() == 0
    change(expires_at=utcnow(-1))
    assert [export_work.forget_old_exports() for _ in range(3)] == [3, 1, 0]
    assert view(export_id).status == ExportStatus.EXPIRED
    change(expires_at=utcnow(-10 * export_work.DAY_SECONDS))
    Waterfall().between_chunks()
    assert export_files.list_exports(workspace_slug=None).rows == []


def test_a_bound_drain_writes_the_exports_of_its_workspace(people: Flask) -> None:
    """A key of another workspace drives that one alone."""
    export_id = ask()
    for workspace, status in (("elsewhere", ExportStatus.WAITING), ("default", ExportStatus.READY)):
        key = make_key(people, "process", workspace_slug=workspace)
        client_with(people, key).get(PROCESS)
        assert view(export_id).status == status
