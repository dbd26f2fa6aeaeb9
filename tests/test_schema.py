"""Migrations: up, down and nothing left over, on both databases."""

from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import inspect

from app.extensions import db


def test_check_finds_nothing_left_over(context: Flask) -> None:
    """The models and the migrations say the same."""
    check()


def test_downgrade_removes_every_table_and_upgrade_makes_them_again(context: Flask) -> None:
    """Every revision works both ways."""
    tables = set(inspect(db.engine).get_table_names())
    downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
    upgrade()
    assert set(inspect(db.engine).get_table_names()) == tables
