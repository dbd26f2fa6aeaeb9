"""Events told to others over HTTP, by the rules of Standard Webhooks.

Those are at https://github.com/standard-webhooks/standard-webhooks, read in November 2026.

An event is written in the transaction of what it tells (`events`), so that neither is there without the other. A drain
makes a delivery of it for each endpoint (`endpoints`) and sends it (`deliveries`, `sending`, `addresses`), again and
again over three days if need be. It may come more than once: its `webhook-id` stays the same.
"""
