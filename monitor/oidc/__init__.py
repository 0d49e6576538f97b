"""Logins by a provider that speaks OpenID Connect: authorization code with PKCE, nothing else.

console ──start──> the provider's own page ──code, state──> finish ──> `monitor.people.outsiders`
                                                │
                      code + verifier ──> ID token ──> signature, issuer, audience, times, nonce
"""
