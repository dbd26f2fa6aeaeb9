"""The stand-in for Findymail: finders by name and profile, verifier, company, reverse e-mail, phone."""

from decimal import Decimal
from typing import Any, ClassVar

from . import invented
from .base import Call, Replies, Reply, StandIn, always, asked_company, html, one_of
from .invented import Person
from .scenarios import EVERYWHERE

_NOT_FOUND = Reply(404, {"message": "Not found"})


class Findymail(StandIn):
    """The address stands at `contact.email`. It says nothing in headers.

    not_found: `contact` null, absent, 404, 204, and an empty address; no_credits: 402, a 200 with `error`,
    423 (paused), 403 with a text; email_status of the verifier: verified true, false; wrong_person: somebody
    else's contact or address; ok:1 with `first_name` and `last_name`. A found address is charged once, the
    verifier each time.
    """

    name = "findymail"
    key = "good-findymail-key"
    key_prefix = "Bearer "
    usd_per_credit = Decimal("0.02")
    scenarios = EVERYWHERE | {"email_status", "wrong_person"}
    replies: ClassVar[Replies] = {
        "rate_limited": (Reply(429, {"message": "Too many concurrent requests"}),),
        # By status, under a 200, as a pause, and under a 403.
        "no_credits": (
            Reply(402, {"error": "Not enough credits"}),
            Reply(200, {"error": "Not enough credits"}),
            Reply(423, {"message": "Subscription is paused"}),
            Reply(403, {"message": "Not enough credits"}),
        ),
        "bad_key": (Reply(401, {"message": "Unauthenticated."}), Reply(403, {"message": "Forbidden"})),
        "bad_request": (
            Reply(
                422,
                {"message": "The given data was invalid.", "errors": {"domain": ["The domain field is required."]}},
            ),
            Reply(405, {"message": "Method not allowed"}),
            Reply(400, {"error": "Bad request"}),
        ),
        "server_error": (Reply(500, {"message": "Server Error"}), html(502), html(503)),
    }

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
            ("POST", "api/find"): always(Reply(405, {"message": "Method not allowed"})),
            ("GET", "api/credits"): always(Reply(200, {"credits": 1000, "verifier_credits": 1000})),
        }

    def no_route(self) -> Reply:
        """Say so as JSON."""
        return Reply(404, {"message": "The route could not be found."})

    def _by_name(self, call: Call) -> Reply:
        name, domain = call.text("name"), call.text("domain")
        employer = {"domain": domain} if "." in domain else {"company_name": domain}
        return self._find(call, invented.person(full_name=name, **employer))

    def _by_profile(self, call: Call) -> Reply:
        return self._find(call, invented.person(linkedin=call.text("linkedin_url")))

    def _find(self, call: Call, who: Person) -> Reply:
        empty = _contact(call, who) | {"email": ""}
        misses = (Reply(200, {"contact": None}), Reply(200, {}), _NOT_FOUND, Reply(204))
        call.insist(who.identity, one_of((*misses, Reply(200, {"contact": empty})), call.variant))
        call.charge("finder", who.identity, 1, free_repeat=True)
        return Reply(200, {"contact": _contact(call, call.shown(who))})

    def _verify(self, call: Call) -> Reply:
        email = call.text("email")
        if "@" not in email:
            return self.wrong()
        who = invented.person(email=email)
        call.charge("verify", who.identity, 1)
        is_verified = not call.says("not_found") and call.status((True, False))
        return Reply(200, {"email": call.shown(who).email, "verified": is_verified, "provider": "Google"})

    def _company(self, call: Call) -> Reply:
        names = ("domain", "linkedin_url", "name")
        call.text(*names)
        company = asked_company(call.body, *names)
        call.insist(company.identity, one_of((Reply(200, {}), _NOT_FOUND, Reply(204)), call.variant))
        call.charge("company", company.identity, 1, free_repeat=True)
        size = f"{company.headcount // 10 * 10 + 1}-{company.headcount // 10 * 10 + 10}"
        return Reply(
            200, {"name": company.name, "domain": company.domain, "company_size": size, "industry": company.industry}
        )

    def _by_email(self, call: Call) -> Reply:
        email = call.text("email")
        who = invented.person(email=email)
        call.insist(who.identity, _NOT_FOUND)
        call.charge("reverse_email", who.identity, 2 if call.body.get("with_profile") else 1, free_repeat=True)
        fields = {"email": email, "linkedin_url": who.linkedin_url, "fullName": who.full_name}
        return Reply(200, {**fields, "jobTitle": who.title, "companyName": who.company.name})

    def _phone(self, call: Call) -> Reply:
        who = invented.person(linkedin=call.text("linkedin_url"))
        call.insist(who.identity, _NOT_FOUND)
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
    if call.is_other_form:
        contact |= {"first_name": who.first_name, "last_name": who.last_name}
    return contact
