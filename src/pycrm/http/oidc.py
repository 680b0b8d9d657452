"""Signing in with an account of the company: OpenID Connect, by an authorization code with PKCE.

Whoever comes back from the issuer shows a code, which we exchange for a signed statement of who that is. It
counts only for a way that this browser began (state), for this beginning (nonce), by who holds what was not told
(PKCE, RFC 7636), and from the declared issuer. It signs in a person whose login the declared claim names, and
makes none: who is not there yet, or may not sign in, is told no more than that.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import attrs

from pycrm.errors import DeclarationError, SignInError, StoreError

if TYPE_CHECKING:
    from pycrm.app import CRM

__all__ = ["Oidc", "Provider", "Way", "provider"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Signed with a key that only the issuer has: what we could sign ourselves proves nothing.
_ALGORITHMS = [
    "RS256",
    "PS256",
    "ES256",
    "RS384",
    "PS384",
    "ES384",
    "RS512",
    "PS512",
    "ES512",
    "Ed25519",
    "EdDSA",
]
_TIMEOUT, _MOST = 10, 2**18
_KEPT, _AGAIN = timedelta(hours=1), timedelta(minutes=1)
_LEEWAY = 60
#: For how long a way that a browser began may be gone to its end.
LASTS = timedelta(minutes=10)
_NO = "nobody is known here by this account"


@attrs.frozen
class Oidc:
    """Whose statements are taken of who somebody is.

    Args:
        issuer: its address, ``https://login.example.com``; under it lies ``/.well-known/openid-configuration``.
        client: as which it knows us.
        secret: by which it knows us; without one we are a public client, and PKCE alone proves it.
        claim: which claim names the login here; ``email`` counts only where the issuer says that it is verified.
        label: what the button on the sign-in page says.
        scopes: what is asked for.

    Raises:
        DeclarationError: the issuer is no address with TLS, except on this machine.
    """

    issuer: str
    client: str
    secret: str | None = attrs.field(default=None, repr=False)
    claim: str = "preferred_username"
    label: str = "Company account"
    scopes: tuple[str, ...] = ("openid", "profile", "email")

    def __attrs_post_init__(self) -> None:
        if not _is_protected(self.issuer):
            raise DeclarationError(f"{self.issuer} is no issuer: say https://login.example.com")


@attrs.frozen
class Way:
    """A way to the issuer and back that a browser began: what it has to show at the end, and where it leads."""

    state: str
    nonce: str
    verifier: str
    to: str
    until: int

    @classmethod
    def new(cls, now: datetime, to: str) -> Way:
        """A new one."""
        until = int((now + LASTS).timestamp())
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, to[:1000], until)

    def sealed(self, crm: CRM) -> str:
        """The way as a cookie holds it, which nobody can make but we."""
        text = base64.urlsafe_b64encode(json.dumps(attrs.astuple(self)).encode()).decode().rstrip("=")
        return f"{text}.{_sign(crm, text)}"

    @classmethod
    def opened(cls, crm: CRM, said: str, now: datetime) -> Way | None:
        """The way of a cookie; None where it is not ours or took too long."""
        text, _, sign = said.rpartition(".")
        if not text or not hmac.compare_digest(sign.encode(), _sign(crm, text).encode()):
            return None
        found = cls(*json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
        return found if now.timestamp() < found.until else None

    @property
    def challenge(self) -> str:
        """What the issuer is told of the verifier."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _sign(crm: CRM, text: str) -> str:
    return hmac.new(crm.secret, f"oidc\x00{text}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


@attrs.define
class Provider:
    """An issuer with what it tells of itself, which is kept for an hour."""

    oidc: Oidc
    _told: dict[str, Any] = attrs.field(factory=dict)
    _told_at: datetime | None = None
    _keys: Any = None
    _keys_at: datetime | None = None

    def address(self, way: Way, back: str, now: datetime) -> str:
        """Where the browser is sent to.

        Raises:
            StoreError: the issuer does not answer, or with something else.
        """
        asked = {
            "response_type": "code",
            "client_id": self.oidc.client,
            "redirect_uri": back,
            "scope": " ".join(self.oidc.scopes),
            "state": way.state,
            "nonce": way.nonce,
            "code_challenge": way.challenge,
            "code_challenge_method": "S256",
        }
        place = self._place("authorization_endpoint", now)
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"

    def login(self, way: Way, code: str, back: str, now: datetime) -> str:
        """The login that the issuer names for a code.

        Raises:
            SignInError: the code or the statement is not good, or names no login.
            StoreError: the issuer does not answer, or with something else.
        """
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": way.verifier,
        }
        headers: dict[str, str] = {}
        if self.oidc.secret is None:
            sent["client_id"] = self.oidc.client
        elif self._takes_basic(now):
            pair = f"{quote(self.oidc.client, safe='')}:{quote(self.oidc.secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            sent |= {"client_id": self.oidc.client, "client_secret": self.oidc.secret}
        answer = _ask(self._place("token_endpoint", now), urlencode(sent).encode(), headers)
        claims = self._claims(str(answer.get("id_token", "")), way, now)
        named = claims.get(self.oidc.claim)
        if not isinstance(named, str) or not named.strip():
            raise SignInError(_NO)
        if self.oidc.claim == "email" and claims.get("email_verified") is not True:
            raise SignInError(_NO)
        return named.strip()

    def _claims(self, token: str, way: Way, now: datetime) -> dict[str, Any]:
        """What a statement says, if it is the issuer's, for us, of now and of this way (OpenID Core, 3.1.3.7)."""
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError

        try:
            try:
                made = jwt.decode(token, self._signing(now), algorithms=_ALGORITHMS)
            except InvalidKeyIdError:
                # Signed with a key that the issuer has had since we last asked.
                made = jwt.decode(token, self._signing(now, again=True), algorithms=_ALGORITHMS)
        except (JoseError, ValueError) as error:
            raise SignInError(_NO) from error
        claims = dict(made.claims)
        if not _is_for(claims, self.oidc, way.nonce, now.timestamp()):
            raise SignInError(_NO)
        return claims

    def _signing(self, now: datetime, *, again: bool = False) -> Any:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        kept = _AGAIN if again else _KEPT
        if self._keys_at is None or now >= self._keys_at + kept:
            told = _ask(self._place("jwks_uri", now))
            try:
                # Of keys for other uses, or of kinds that we do not know, nothing is wanted.
                known = [one for one in told["keys"] if one.get("kty") in ("RSA", "EC", "OKP")]
                self._keys = KeySet.import_key_set(
                    {"keys": [one for one in known if one.get("use") != "enc"]}
                )
            except (KeyError, TypeError, AttributeError, ValueError, JoseError) as error:
                raise StoreError("the issuer told something else than its keys") from error
            self._keys_at = now
        return self._keys

    def _place(self, name: str, now: datetime) -> str:
        if self._told_at is None or now >= self._told_at + _KEPT:
            told = _ask(f"{self.oidc.issuer.rstrip('/')}/.well-known/openid-configuration")
            if told.get("issuer") != self.oidc.issuer:
                raise StoreError("the issuer calls itself otherwise than it was declared")
            self._told, self._told_at = told, now
        found = self._told.get(name)
        if not isinstance(found, str) or not _is_protected(found):
            raise StoreError(f"the issuer tells no {name} with TLS")
        return found

    def _takes_basic(self, now: datetime) -> bool:
        self._place("token_endpoint", now)
        known = self._told.get("token_endpoint_auth_methods_supported")
        return known is None or "client_secret_basic" in known


def provider(crm: CRM, oidc: Oidc) -> Provider:
    """The issuer of these settings, with what is known of it by now."""
    kept: Provider = crm.keepers.setdefault(("oidc", oidc), Provider(oidc))
    return kept


def _is_for(claims: dict[str, Any], oidc: Oidc, nonce: str, now: float) -> bool:
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    ends, made = claims.get("exp"), claims.get("iat")
    if not isinstance(ends, int | float) or not isinstance(made, int | float):
        return False
    return (
        claims.get("iss") == oidc.issuer
        and oidc.client in named
        and (claims.get("azp", oidc.client) == oidc.client and (len(named) == 1 or "azp" in claims))
        and now < ends + _LEEWAY
        and made - _LEEWAY <= now <= made + LASTS.total_seconds() + _LEEWAY
        and hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode())
    )


def _is_protected(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


class _Stays(HTTPRedirectHandler):
    """Goes nowhere else: codes and secrets are for one address."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _ask(address: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """The JSON that an address of the issuer answers.

    Raises:
        SignInError: the issuer refuses what was shown (400, 401).
        StoreError: it does not answer, or with something else.
    """
    request = Request(address, body, {"Accept": "application/json", **(headers or {})})
    try:
        with build_opener(_Stays).open(request, timeout=_TIMEOUT) as answer:
            told = json.loads(answer.read(_MOST))
    except HTTPError as error:
        error.close()
        if body is not None and error.code in (400, 401):
            raise SignInError(_NO) from error
        raise StoreError("the issuer does not answer as it should") from error
    except (OSError, ValueError, HTTPException) as error:
        raise StoreError("the issuer does not answer as it should") from error
    if not isinstance(told, dict):
        raise StoreError("the issuer does not answer as it should")
    return told
