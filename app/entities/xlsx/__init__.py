"""XLSX in and out."""
