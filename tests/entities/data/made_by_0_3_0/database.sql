BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
CREATE TABLE api_keys (
	id CHAR(32) NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	secret_sha256 VARCHAR(64) NOT NULL, 
	scopes JSON NOT NULL, 
	workspace_slug VARCHAR(64), 
	created_at DATETIME NOT NULL, 
	revoked_at DATETIME, 
	CONSTRAINT pk_api_keys PRIMARY KEY (id), 
	CONSTRAINT uq_api_keys_secret_sha256 UNIQUE (secret_sha256)
);
CREATE TABLE cached_values (
	"key" VARCHAR(128) NOT NULL, 
	value JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_cached_values PRIMARY KEY ("key")
);
CREATE TABLE companies (
	workspace_slug VARCHAR(64) NOT NULL, 
	id VARCHAR(128) NOT NULL, 
	name VARCHAR, 
	domain VARCHAR, 
	website VARCHAR, 
	industry VARCHAR, 
	industries JSON, 
	company_keywords JSON, 
	hashtags JSON, 
	naics_codes JSON, 
	headcount VARCHAR, 
	description VARCHAR, 
	company_type VARCHAR, 
	year_founded VARCHAR, 
	revenue VARCHAR, 
	location VARCHAR, 
	hq_address VARCHAR, 
	hq_city VARCHAR, 
	hq_state VARCHAR, 
	hq_country VARCHAR, 
	hq_country_code VARCHAR, 
	hq_postal_code VARCHAR, 
	office_locations JSON, 
	hq_phone VARCHAR, 
	linkedin_url VARCHAR, 
	social_urls JSON, 
	technologies JSON, 
	provider_ids JSON, 
	funding_total BIGINT, 
	funding_stage_latest VARCHAR, 
	funding_latest_date VARCHAR, 
	funding_events JSON, 
	job_postings_active_count BIGINT, 
	job_posting_titles JSON, 
	it_spend BIGINT, 
	normalized_name VARCHAR, 
	normalized_domain VARCHAR, 
	normalized_industry VARCHAR, 
	normalized_headcount_min INTEGER, 
	normalized_headcount_max INTEGER, 
	normalized_country_code VARCHAR, 
	normalized_year_founded INTEGER, 
	extra JSON, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_companies PRIMARY KEY (workspace_slug, id)
);
INSERT INTO "companies" VALUES('default','com_2d531561e4b62682bcff8f3c','Cafe Lind',NULL,'www.cafe-lind.example',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'France',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:51:04.734000','2026-11-29 13:51:04.734000');
INSERT INTO "companies" VALUES('default','com_4054faec91fe95f9350f0cb8','Acme',NULL,'acme.example, Inc',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'USA',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:51:04.734000','2026-11-29 13:51:04.734000');
INSERT INTO "companies" VALUES('default','com_4af92ca56edbbbe68220de45','Maler Gamma',NULL,'t-online.de',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Germany',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:51:04.734000','2026-11-29 13:51:04.734000');
INSERT INTO "companies" VALUES('default','com_5565451da203e7c0737dc308','Alpha Pizza',NULL,'https://www.yelp.com/biz/alpha-pizza',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Norway',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:51:04.734000','2026-11-29 13:51:04.734000');
INSERT INTO "companies" VALUES('default','com_6edf913f65b88e9709112e14','Strasse Tee',NULL,'strasse.example',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Germany',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:51:04.734000','2026-11-29 13:51:04.734000');
INSERT INTO "companies" VALUES('default','com_892d1debd671a588172005db','Delta Shop',NULL,'https://www.etsy.com/shop/delta',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Italy',NULL,NULL,NULL,NULL,'https://www.linkedin.com/company/delta-shop',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:51:04.734000','2026-11-29 13:51:04.734000');
INSERT INTO "companies" VALUES('default','com_ccacd142d4fbb825a99893e0','Berg',NULL,'http://http://berg.example',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Austria',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:51:04.734000','2026-11-29 13:51:04.734000');
INSERT INTO "companies" VALUES('default','com_ea11e35c799ced1231589379','Rho',NULL,'https://www.facebook.com/rho',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Belgium',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:51:04.734000','2026-11-29 13:51:04.734000');
INSERT INTO "companies" VALUES('default','com_f8435d087e2648b281cd6d4f','Fjord',NULL,'https://fjord.example:443/om',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Norway',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:51:04.734000','2026-11-29 13:51:04.734000');
CREATE TABLE "enrichment_attempts" (
	id CHAR(32) NOT NULL, 
	job_id CHAR(32) NOT NULL, 
	workspace_slug VARCHAR(64) NOT NULL, 
	entity_type VARCHAR(16) NOT NULL, 
	entity_id VARCHAR(128) NOT NULL, 
	provider VARCHAR(64) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	outcome_class VARCHAR(32) NOT NULL, 
	fields_written JSON NOT NULL, 
	cost_micros BIGINT NOT NULL, 
	raw_answer JSON, 
	error VARCHAR(500), 
	started_at DATETIME NOT NULL, 
	finished_at DATETIME NOT NULL, 
	fingerprint VARCHAR(32), 
	withheld JSON, 
	is_rejected BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_enrichment_attempts PRIMARY KEY (id), 
	CONSTRAINT ck_enrichment_attempts_cost_not_negative CHECK (cost_micros >= 0), 
	CONSTRAINT ck_enrichment_attempts_entity_type_known CHECK (entity_type IN ('person', 'company')), 
	CONSTRAINT ck_enrichment_attempts_status_known CHECK (status IN ('success', 'error', 'skipped'))
);
CREATE TABLE enrichment_chunk_progress (
	job_id CHAR(32) NOT NULL, 
	position INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	crash_count INTEGER NOT NULL, 
	worker VARCHAR(128), 
	lease_expires_at DATETIME, 
	outcomes TEXT NOT NULL, 
	finished_at DATETIME, write_count INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_enrichment_chunk_progress PRIMARY KEY (job_id, position), 
	CONSTRAINT ck_enrichment_chunk_progress_open_has_lease CHECK ((finished_at IS NULL) = (lease_expires_at IS NOT NULL)), 
	CONSTRAINT ck_enrichment_chunk_progress_counts CHECK (attempt >= 1 AND crash_count >= 0 AND position >= 0), 
	CONSTRAINT ck_enrichment_chunk_progress_finished_has_no_worker CHECK (finished_at IS NULL OR worker IS NULL), 
	CONSTRAINT fk_enrichment_chunk_progress_job_id_enrichment_jobs FOREIGN KEY(job_id) REFERENCES enrichment_jobs (id) ON DELETE CASCADE
);
CREATE TABLE enrichment_chunks (
	job_id CHAR(32) NOT NULL, 
	position INTEGER NOT NULL, 
	entity_ids JSON NOT NULL, 
	CONSTRAINT pk_enrichment_chunks PRIMARY KEY (job_id, position), 
	CONSTRAINT fk_enrichment_chunks_job_id_enrichment_jobs FOREIGN KEY(job_id) REFERENCES enrichment_jobs (id) ON DELETE CASCADE
);
CREATE TABLE enrichment_costs (
	job_id CHAR(32) NOT NULL, 
	provider VARCHAR(64) NOT NULL, 
	day DATE NOT NULL, 
	workspace_slug VARCHAR(64) NOT NULL, 
	calls INTEGER NOT NULL, 
	charged_calls INTEGER NOT NULL, 
	cost_micros BIGINT NOT NULL, 
	in_doubt_micros BIGINT NOT NULL, 
	CONSTRAINT pk_enrichment_costs PRIMARY KEY (job_id, provider, day), 
	CONSTRAINT ck_enrichment_costs_adds_up CHECK (calls >= charged_calls AND charged_calls >= 0 AND cost_micros >= in_doubt_micros AND in_doubt_micros >= 0)
);
CREATE TABLE enrichment_errors (
	id INTEGER NOT NULL, 
	job_id CHAR(32) NOT NULL, 
	entity_id VARCHAR(128) NOT NULL, 
	code VARCHAR(64) NOT NULL, 
	message VARCHAR(500) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_enrichment_errors PRIMARY KEY (id), 
	CONSTRAINT fk_enrichment_errors_job_id_enrichment_jobs FOREIGN KEY(job_id) REFERENCES enrichment_jobs (id) ON DELETE CASCADE
);
CREATE TABLE enrichment_flights (
	workspace_slug VARCHAR(64) NOT NULL, 
	entity_type VARCHAR(16) NOT NULL, 
	entity_id VARCHAR(128) NOT NULL, 
	provider VARCHAR(64) NOT NULL, 
	request_id CHAR(32) NOT NULL, 
	call_id CHAR(32) NOT NULL, 
	job_id CHAR(32) NOT NULL, 
	position INTEGER NOT NULL, 
	reserved_micros BIGINT NOT NULL, 
	reserved_on DATE NOT NULL, 
	is_pending BOOLEAN NOT NULL, 
	callback JSON, 
	started_at DATETIME NOT NULL, 
	deadline_at DATETIME NOT NULL, 
	CONSTRAINT pk_enrichment_flights PRIMARY KEY (workspace_slug, entity_type, entity_id, provider), 
	CONSTRAINT ck_enrichment_flights_entity_type_known CHECK (entity_type IN ('person', 'company')), 
	CONSTRAINT ck_enrichment_flights_reserved_not_negative CHECK (reserved_micros >= 0)
);
CREATE TABLE "enrichment_jobs" (
	id CHAR(32) NOT NULL, 
	workspace_slug VARCHAR(64) NOT NULL, 
	entity_type VARCHAR(16) NOT NULL, 
	provider VARCHAR(64) NOT NULL, 
	priority INTEGER NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	pause_reason VARCHAR(500), 
	paused_manually BOOLEAN NOT NULL, 
	resume_at DATETIME, 
	chunk_size INTEGER NOT NULL, 
	chunk_count INTEGER NOT NULL, 
	next_chunk INTEGER NOT NULL, 
	in_flight INTEGER NOT NULL, 
	claimable BOOLEAN NOT NULL, 
	total_count INTEGER NOT NULL, 
	duplicate_count INTEGER NOT NULL, 
	processed_count INTEGER NOT NULL, 
	success_count INTEGER NOT NULL, 
	error_count INTEGER NOT NULL, 
	skipped_count INTEGER NOT NULL, 
	held_count INTEGER NOT NULL, 
	parent_job_id CHAR(32), 
	idempotency_key VARCHAR(255), 
	request_hash VARCHAR(64), 
	created_at DATETIME NOT NULL, 
	started_at DATETIME, 
	finished_at DATETIME, 
	options JSON, 
	cap_micros BIGINT, 
	excluded_count INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_enrichment_jobs PRIMARY KEY (id), 
	CONSTRAINT ck_enrichment_jobs_chunks_add_up CHECK (in_flight >= 0 AND in_flight <= next_chunk AND next_chunk <= chunk_count), 
	CONSTRAINT ck_enrichment_jobs_counts_add_up CHECK (processed_count = success_count + error_count + skipped_count + held_count AND processed_count <= total_count), 
	CONSTRAINT ck_enrichment_jobs_status_known CHECK (status IN ('pending', 'running', 'paused', 'cancelling', 'cancelled', 'complete', 'failed')), 
	CONSTRAINT ck_enrichment_jobs_idle_has_none CHECK (status NOT IN ('pending', 'complete', 'cancelled') OR in_flight = 0), 
	CONSTRAINT ck_enrichment_jobs_complete_is_decided CHECK (status <> 'complete' OR processed_count = total_count), 
	CONSTRAINT ck_enrichment_jobs_has_entities CHECK (total_count > 0 AND chunk_size > 0 AND chunk_count > 0), 
	CONSTRAINT ck_enrichment_jobs_only_paused_resumes CHECK (status = 'paused' OR (resume_at IS NULL AND NOT paused_manually)), 
	CONSTRAINT uq_enrichment_jobs_workspace_slug_idempotency_key UNIQUE (workspace_slug, idempotency_key), 
	CONSTRAINT ck_enrichment_jobs_ended CHECK ((status IN ('complete', 'cancelled', 'failed')) = (finished_at IS NOT NULL)), 
	CONSTRAINT uq_enrichment_jobs_parent_job_id UNIQUE (parent_job_id), 
	CONSTRAINT ck_enrichment_jobs_entity_type_known CHECK (entity_type IN ('person', 'company')), 
	CONSTRAINT ck_enrichment_jobs_paused_will_end CHECK (status <> 'paused' OR paused_manually <> (resume_at IS NOT NULL)), 
	CONSTRAINT ck_enrichment_jobs_running_has_lease CHECK (status NOT IN ('running', 'cancelling') OR in_flight > 0), 
	CONSTRAINT ck_enrichment_jobs_claimable_has_work CHECK (claimable = (status IN ('pending', 'running') AND next_chunk < chunk_count)), 
	CONSTRAINT ck_enrichment_jobs_paused_says_why CHECK (status <> 'paused' OR pause_reason IS NOT NULL), 
	CONSTRAINT ck_enrichment_jobs_started CHECK ((started_at IS NOT NULL) = (next_chunk > 0)), 
	CONSTRAINT ck_enrichment_jobs_decided_has_ended CHECK (processed_count < total_count OR status IN ('complete', 'cancelled', 'failed')), 
	CONSTRAINT ck_enrichment_jobs_decided_was_claimed CHECK (processed_count <= next_chunk * chunk_size)
);
CREATE TABLE enrichment_spending (
	scope VARCHAR(96) NOT NULL, 
	day DATE NOT NULL, 
	reserved_micros BIGINT NOT NULL, 
	spent_micros BIGINT NOT NULL, 
	CONSTRAINT pk_enrichment_spending PRIMARY KEY (scope, day), 
	CONSTRAINT ck_enrichment_spending_not_negative CHECK (reserved_micros >= 0 AND spent_micros >= 0)
);
CREATE TABLE exclusions (
	workspace_slug VARCHAR(64) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	value VARCHAR(320) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_exclusions PRIMARY KEY (workspace_slug, kind, value), 
	CONSTRAINT ck_exclusions_kind_known CHECK (kind IN ('domain', 'email'))
);
CREATE TABLE field_changes (
	id INTEGER NOT NULL, 
	workspace_slug VARCHAR(64) NOT NULL, 
	entity_type VARCHAR(16) NOT NULL, 
	entity_id VARCHAR(128) NOT NULL, 
	field VARCHAR(64) NOT NULL, 
	old_value JSON, 
	new_value JSON, 
	provider VARCHAR(64) NOT NULL, 
	attempt_id CHAR(32), 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_field_changes PRIMARY KEY (id), 
	CONSTRAINT ck_field_changes_entity_type_known CHECK (entity_type IN ('person', 'company'))
);
CREATE TABLE heartbeats (
	name VARCHAR(32) NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_heartbeats PRIMARY KEY (name)
);
CREATE TABLE import_files (
	id CHAR(32) NOT NULL, 
	workspace_slug VARCHAR(64) NOT NULL, 
	entity_type VARCHAR(16) NOT NULL, 
	columns JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_import_files PRIMARY KEY (id), 
	CONSTRAINT ck_import_files_entity_type_known CHECK (entity_type IN ('person', 'company'))
);
INSERT INTO "import_files" VALUES('01a22792bd027276ba3b2481563083dc','default','person','[["First Name", "first_name"], ["Last Name", "last_name"], ["Email", "email"], ["Company", "company"], ["Company Domain", "company_domain"], ["LinkedIn URL", "linkedin_url"]]','2026-11-29 13:50:57.794000');
INSERT INTO "import_files" VALUES('01a22792ca19760caa486fc010a60db3','default','person','[["First Name", "first_name"], ["Last Name", "last_name"], ["Company", "company"], ["E-mail 1 - Value", null], ["Phone 1 - Value", null]]','2026-11-29 13:51:01.146000');
INSERT INTO "import_files" VALUES('01a22792d81c7af88da9838ea9cd3437','default','company','[["Company Name", "name"], ["Website", "website"], ["Country", "hq_country"], ["LinkedIn URL", "linkedin_url"]]','2026-11-29 13:51:04.732000');
CREATE TABLE people (
	workspace_slug VARCHAR(64) NOT NULL, 
	id VARCHAR(128) NOT NULL, 
	email VARCHAR, 
	email_status VARCHAR, 
	first_name VARCHAR, 
	last_name VARCHAR, 
	full_name VARCHAR, 
	job_title VARCHAR, 
	headline VARCHAR, 
	seniority VARCHAR, 
	departments JSON, 
	functions JSON, 
	linkedin_url VARCHAR, 
	location VARCHAR, 
	location_city VARCHAR, 
	location_state VARCHAR, 
	location_country VARCHAR, 
	location_country_code VARCHAR, 
	phone VARCHAR, 
	mobile_phone VARCHAR, 
	company VARCHAR, 
	company_domain VARCHAR, 
	profile_summary VARCHAR, 
	profile_image_url VARCHAR, 
	skills JSON, 
	job_history JSON, 
	education JSON, 
	certifications JSON, 
	languages JSON, 
	provider_ids JSON, 
	normalized_first_name VARCHAR, 
	normalized_last_name VARCHAR, 
	normalized_full_name VARCHAR, 
	normalized_job_title VARCHAR, 
	normalized_seniority VARCHAR, 
	normalized_email VARCHAR, 
	normalized_email_is_free BOOLEAN, 
	normalized_phone VARCHAR, 
	normalized_phone_is_valid BOOLEAN, 
	normalized_country_code VARCHAR, 
	normalized_company_domain VARCHAR, 
	extra JSON, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_people PRIMARY KEY (workspace_slug, id)
);
INSERT INTO "people" VALUES('default','per_09d3cbacda54d028dd51241a',NULL,NULL,'Ana','Rossi',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Rossi','rossi.example, Srl',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:50:57.801000','2026-11-29 13:50:57.801000');
INSERT INTO "people" VALUES('default','per_10e62df003696cf14ea64232',NULL,NULL,'Zoé','Blanc',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Blanc','https://www.facebook.com/blanc',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:50:57.801000','2026-11-29 13:50:57.801000');
INSERT INTO "people" VALUES('default','per_343e578da8e1a5261d397aeb','noemail@noemail.com',NULL,'Mia','Berg',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Berg','berg.example',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:50:57.801000','2026-11-29 13:50:57.801000');
INSERT INTO "people" VALUES('default','per_3b7984b1f80c750881ccb142','ida@straße.example',NULL,'Ida','Brandt',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Brandt','straße.example',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:50:57.801000','2026-11-29 13:50:57.801000');
INSERT INTO "people" VALUES('default','per_4a2d809c6e71cbae27e54115','praxis@lind.example',NULL,'Eva','Lind',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Praxis Lind',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:50:57.801000','2026-11-29 13:50:57.801000');
INSERT INTO "people" VALUES('default','per_7a02704f8b91b8b4a3c4375c',NULL,NULL,'Kim','Falk',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Falk','t-online.de',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:50:57.801000','2026-11-29 13:50:57.801000');
INSERT INTO "people" VALUES('default','per_7f3e4a630d8b42fddddbd143','sam@reed.example (work)',NULL,'Sam','Reed',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Reed','https://https://reed.example',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:50:57.801000','2026-11-29 13:50:57.801000');
INSERT INTO "people" VALUES('default','per_8a0527cd6ca2d48f630b0fda','pia@koch.example.',NULL,'Pia','Koch',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Koch',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:50:57.801000','2026-11-29 13:50:57.801000');
INSERT INTO "people" VALUES('default','per_aa2e90e8670bb3aaf16c3efa','ole@fjord.example',NULL,'Ole','Hansen',NULL,NULL,NULL,NULL,NULL,NULL,'https://www.linkedin.com/in/ole-hansen/de',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Fjord','fjord.example',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:50:57.801000','2026-11-29 13:50:57.801000');
INSERT INTO "people" VALUES('default','per_d12870a50f5465f09806a651','info@moe.example',NULL,'Liv','Moe',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Moe','moe.example',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:50:57.801000','2026-11-29 13:50:57.801000');
INSERT INTO "people" VALUES('default','per_d4c03a8838dabf86ed5975f5','Tom Dahl <tom@dahl.example>',NULL,'Tom','Dahl',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Dahl','dahl.example',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-29 13:50:57.801000','2026-11-29 13:50:57.801000');
INSERT INTO "people" VALUES('default','per_606b79696390c16d43273631',NULL,NULL,'Nora','Vik',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Vik GmbH',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"E-mail 1 - Value": "nora@vik.example", "Phone 1 - Value": "030 901820"}','2026-11-29 13:51:01.156000','2026-11-29 13:51:01.156000');
INSERT INTO "people" VALUES('default','per_6e3bba872edb3384602f95c7',NULL,NULL,'Per','Vik',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Vik Holding AG',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"E-mail 1 - Value": "per.vik@vik.example", "Phone 1 - Value": "030 901822"}','2026-11-29 13:51:01.156000','2026-11-29 13:51:01.156000');
INSERT INTO "people" VALUES('default','per_c714fc9703803f0b366164bf',NULL,NULL,'Per','Vik',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'Vik GmbH',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"E-mail 1 - Value": "per@vik.example", "Phone 1 - Value": "030 901821"}','2026-11-29 13:51:01.156000','2026-11-29 13:51:01.156000');
CREATE TABLE provider_paces (
	name VARCHAR(96) NOT NULL, 
	state JSON NOT NULL, 
	blocked_until DATETIME, 
	CONSTRAINT pk_provider_paces PRIMARY KEY (name)
);
CREATE TABLE provider_states (
	provider VARCHAR(64) NOT NULL, 
	condition VARCHAR(32) NOT NULL, 
	failures INTEGER NOT NULL, 
	until DATETIME, 
	settings_digest VARCHAR(64), 
	reason VARCHAR(500), 
	changed_at DATETIME NOT NULL, 
	CONSTRAINT pk_provider_states PRIMARY KEY (provider), 
	CONSTRAINT ck_provider_states_condition_known CHECK (condition IN ('available', 'circuit_open', 'credits_exhausted', 'auth_failed')), 
	CONSTRAINT ck_provider_states_failures_not_negative CHECK (failures >= 0)
);
CREATE INDEX ix_field_changes_entity ON field_changes (workspace_slug, entity_type, entity_id, id);
CREATE INDEX ix_import_files_workspace_slug_entity_type_id ON import_files (workspace_slug, entity_type, id);
CREATE INDEX ix_enrichment_chunk_progress_open ON enrichment_chunk_progress (job_id, position) WHERE finished_at IS NULL;
CREATE INDEX ix_enrichment_errors_job_id_id ON enrichment_errors (job_id, id);
CREATE INDEX ix_cached_values_created_at ON cached_values (created_at);
CREATE INDEX ix_enrichment_costs_day ON enrichment_costs (day);
CREATE INDEX ix_enrichment_flights_chunk ON enrichment_flights (job_id, position);
CREATE INDEX ix_enrichment_flights_provider ON enrichment_flights (provider, call_id);
CREATE UNIQUE INDEX ix_enrichment_flights_request_id ON enrichment_flights (request_id);
CREATE INDEX ix_enrichment_attempts_entity ON enrichment_attempts (workspace_slug, entity_type, entity_id, provider);
CREATE INDEX ix_enrichment_attempts_job_id ON enrichment_attempts (job_id);
CREATE INDEX ix_enrichment_attempts_raw ON enrichment_attempts (finished_at) WHERE raw_answer IS NOT NULL;
CREATE INDEX ix_enrichment_jobs_resume_at ON enrichment_jobs (resume_at) WHERE resume_at IS NOT NULL;
CREATE INDEX ix_enrichment_jobs_workspace_slug_id ON enrichment_jobs (workspace_slug, id);
CREATE INDEX ix_enrichment_jobs_claimable ON enrichment_jobs (priority DESC, created_at, id) WHERE claimable = 1;
COMMIT;