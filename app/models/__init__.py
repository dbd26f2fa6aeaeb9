"""The tables. Importing this package makes all of them known to migrations."""

from app.models.address_verdict import AddressVerdict
from app.models.api_key import ApiKey
from app.models.attempt import Attempt, EntityRevision
from app.models.audit_event import AuditEvent
from app.models.cached_value import CachedValue
from app.models.cap import StoredCap
from app.models.chunk import Chunk, ChunkProgress, EntityError
from app.models.company import Company
from app.models.entity_list import EntityList, EntityListMember
from app.models.exclusion import Exclusion
from app.models.export import Export, ExportPart
from app.models.heartbeat import Heartbeat
from app.models.import_file import ImportFile
from app.models.import_mapping import ImportMapping
from app.models.in_flight_call import InFlightCall
from app.models.job import EnrichmentJob, JobStatus
from app.models.kept_figures import KeptFigures
from app.models.person import Person
from app.models.pilot import Pilot, RestChunk
from app.models.provider_key import ProviderKey
from app.models.provider_state import ProviderPace, ProviderState
from app.models.spending import Cost, Spending
from app.models.total import Total
from app.models.user import LoginFailures, User, UserSession
from app.models.webhook import WebhookDelivery, WebhookEndpoint, WebhookEvent
from app.models.worker_bound import WorkerBound

__all__ = [
    "AddressVerdict",
    "ApiKey",
    "Attempt",
    "AuditEvent",
    "CachedValue",
    "Chunk",
    "ChunkProgress",
    "Company",
    "Cost",
    "EnrichmentJob",
    "EntityError",
    "EntityList",
    "EntityListMember",
    "EntityRevision",
    "Exclusion",
    "Export",
    "ExportPart",
    "Heartbeat",
    "ImportFile",
    "ImportMapping",
    "InFlightCall",
    "JobStatus",
    "KeptFigures",
    "LoginFailures",
    "Person",
    "Pilot",
    "ProviderKey",
    "ProviderPace",
    "ProviderState",
    "RestChunk",
    "Spending",
    "StoredCap",
    "Total",
    "User",
    "UserSession",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
    "WorkerBound",
]
