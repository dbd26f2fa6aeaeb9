"""E-mail addresses as the normaliser writes them; `app.values.emails` reads them."""

from app.values.emails import email_address as normalize_email
from app.values.emails import mail_domain as email_domain
from app.values.hosts import is_mail_provider as is_free_mail

__all__ = ["email_domain", "is_free_mail", "normalize_email"]
