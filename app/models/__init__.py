"""The tables. Importing this package makes all of them known to migrations."""

from app.models.api_key import ApiKey
from app.models.attempt import Attempt, FieldChange
from app.models.chunk import Chunk, ChunkProgress, EntityError
from app.models.company import Company
from app.models.heartbeat import Heartbeat
from app.models.import_file import ImportFile
from app.models.job import Job, JobStatus
from app.models.person import Person

__all__ = [
    "ApiKey",
    "Attempt",
    "Chunk",
    "ChunkProgress",
    "Company",
    "EntityError",
    "FieldChange",
    "Heartbeat",
    "ImportFile",
    "Job",
    "JobStatus",
    "Person",
]
