"""The stand-in for Findymail: finders by name and profile, verifier, company, reverse e-mail, phone."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from . import invented
from .base import Call, Reply, StandIn, html, one_of, text_of
from .invented import Person
from .limits import Refusal
from .scenarios import EVERYWHERE


class Findymail(StandIn):
    """The address stands at `contact.email`. It says nothing in headers.

    not_found: `contact` null, absent, 404, 204, and an empty address; no_credits: 402, a 200 with `error`,
    423 (paused), 403 with a text; email_status of the verifier: verified true, false; wrong_person: somebody
    else's contact or address; ok:1 with `first_name` and `last_name`. A found address is charged once, the
    verifier each time.
    """

    name = "findymail"
    key = "good-findymail-key"
    usd_per_credit = Decimal("0.02")
    scenarios = EVERYWHERE | {"email_status", "wrong_person"}

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.routes = {
            ("POST", "api/search/name"): self._by_name,
            ("POST", "api/search/business-profile"): self._by_profile,
            ("POST", "api/search/linkedin"): self._by_profile,
            ("POST", "api/search/company"): self._company,
            ("POST", "api/search/reverse-email"): self._by_email,
            ("POST", "api/search/phone"): self._phone,
            ("POST", "api/verify"): self._verify,
            ("POST", "api/find"): lambda call: Reply(405, {"message": "Method not allowed"}),
            ("GET", "api/credits"): lambda call: Reply(200, {"credits": 1000, "verifier_credits": 1000}),
        }

    def is_authorized(self, headers: Mapping[str, str]) -> bool:
        """The key is a bearer token."""
        return headers.get("Authorization") == f"Bearer {self.key}"

    def refused(self, refusal: Refusal) -> Reply:
        """Without any header."""
        return self.rate_limited(0)

    def rate_limited(self, variant: int) -> Reply:
        """Without any header."""
        return Reply(429, {"message": "Too many concurrent requests"})

    def no_credits(self, variant: int) -> Reply:
        """By status, under a 200, as a pause, and under a 403."""
        poor = {"error": "Not enough credits"}
        paused = Reply(423, {"message": "Subscription is paused"})
        return one_of((Reply(402, poor), Reply(200, poor), paused, Reply(403, {"message": poor["error"]})), variant)

    def bad_key(self, variant: int) -> Reply:
        """Either status."""
        return one_of((Reply(401, {"message": "Unauthenticated."}), Reply(403, {"message": "Forbidden"})), variant)

    def bad_request(self, variant: int) -> Reply:
        """The three statuses."""
        invalid = {"message": "The given data was invalid.", "errors": {"domain": ["The domain field is required."]}}
        wrong_route = Reply(405, {"message": "Method not allowed"})
        return one_of((Reply(422, invalid), wrong_route, Reply(400, {"error": "Bad request"})), variant)

    def server_error(self, variant: int) -> Reply:
        """As JSON and as pages."""
        return one_of((Reply(500, {"message": "Server Error"}), html(502), html(503)), variant)

    def no_route(self) -> Reply:
        """Say so as JSON."""
        return Reply(404, {"message": "The route could not be found."})

    def _by_name(self, call: Call) -> Reply:
        name, domain = text_of(call.body, "name"), text_of(call.body, "domain")
        if not name or not domain:
            return self.bad_request(0)
        employer = {"domain": domain} if "." in domain else {"company_name": domain}
        return self._find(call, invented.person(full_name=name, **employer))

    def _by_profile(self, call: Call) -> Reply:
        url = text_of(call.body, "linkedin_url")
        return self._find(call, invented.person(linkedin=url)) if url else self.bad_request(0)

    def _find(self, call: Call, who: Person) -> Reply:
        if not call.finds(who.identity):
            empty = _contact(call, who) | {"email": ""}
            misses = (Reply(200, {"contact": None}), Reply(200, {}), Reply(404, {"message": "Not found"}), Reply(204))
            return one_of((*misses, Reply(200, {"contact": empty})), call.variant)
        call.charge("finder", who.identity, 1, free_repeat=True)
        shown = invented.somebody_else(who) if call.says("wrong_person") else who
        return Reply(200, {"contact": _contact(call, shown)})

    def _verify(self, call: Call) -> Reply:
        email = text_of(call.body, "email")
        if email is None or "@" not in email:
            return self.bad_request(0)
        who = invented.person(email=email)
        call.charge("verify", who.identity, 1)
        shown = invented.somebody_else(who).email if call.says("wrong_person") else email
        is_verified = not call.says("not_found") and not (call.says("email_status") and call.variant % 2)
        return Reply(200, {"email": shown, "verified": is_verified, "provider": "Google"})

    def _company(self, call: Call) -> Reply:
        domain, url, name = (text_of(call.body, key) for key in ("domain", "linkedin_url", "name"))
        if not (domain or url or name):
            return self.bad_request(0)
        company = invented.company(domain=domain, linkedin=url, name=name)
        if not call.finds(company.identity):
            return one_of((Reply(200, {}), Reply(404, {"message": "Not found"}), Reply(204)), call.variant)
        call.charge("company", company.identity, 1, free_repeat=True)
        size = f"{company.headcount // 10 * 10 + 1}-{company.headcount // 10 * 10 + 10}"
        return Reply(
            200, {"name": company.name, "domain": company.domain, "company_size": size, "industry": company.industry}
        )

    def _by_email(self, call: Call) -> Reply:
        email = text_of(call.body, "email")
        if email is None:
            return self.bad_request(0)
        who = invented.person(email=email)
        if not call.finds(who.identity):
            return Reply(404, {"message": "Not found"})
        call.charge("reverse_email", who.identity, 2 if call.body.get("with_profile") else 1, free_repeat=True)
        fields = {"email": email, "linkedin_url": who.linkedin_url, "fullName": who.full_name}
        return Reply(200, {**fields, "jobTitle": who.title, "companyName": who.company.name})

    def _phone(self, call: Call) -> Reply:
        url = text_of(call.body, "linkedin_url")
        if url is None:
            return self.bad_request(0)
        who = invented.person(linkedin=url)
        if not call.finds(who.identity):
            return Reply(404, {"message": "Not found"})
        call.charge("phone", who.identity, 10)
        return Reply(200, {"phone": who.mobile, "line_type": "mobile"})


def _contact(call: Call, who: Person) -> dict[str, Any]:
    city, state, country, _, _ = who.place
    company_city, company_state, company_country, _, _ = who.company.place
    contact = {
        "id": invented.number(who.identity) % 1_000_000,
        "name": who.full_name,
        "email": who.email,
        "domain": who.domain,
        "company": who.company.name,
        "linkedin_url": who.linkedin_url,
        "job_title": who.title,
        "city": city,
        "region": state,
        "country": country,
        "company_city": company_city,
        "company_region": company_state,
        "company_country": company_country,
    }
    is_split = call.says("ok") and call.variant == 1
    return contact | ({"first_name": who.first_name, "last_name": who.last_name} if is_split else {})
