"""Celery as the driver, under load: a storm of lost and doubled hints, a plateau, and latencies. Run by hand."""
