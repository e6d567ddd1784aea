"""A certificate authority that lives as long as one simulator and signs its PDFs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Authority:
    """A root certificate and one signing certificate under it, with keys made on the spot.

    Validity follows the real clock, whatever time a simulator pretends: so does pyHanko.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._signing_key = ec.generate_private_key(ec.SECP256R1())
        self._root = self._certificate(f"{name} test root", self._root_key, is_root=True)
        self._leaf = self._certificate(f"{name} test seal", self._signing_key, is_root=False)

    @property
    def root_certificate(self) -> bytes:
        """The root certificate, as PEM."""
        return self._root.public_bytes(Encoding.PEM)

    @cached_property
    def signer(self) -> Any:
        """The signer that pyHanko needs, with this authority's seal."""
        from asn1crypto import keys  # type: ignore[import-untyped]
        from asn1crypto import x509 as asn1_x509
        from pyhanko.sign.signers import SimpleSigner
        from pyhanko_certvalidator.registry import (
            SimpleCertificateStore,
        )

        root, leaf = (
            asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
            for certificate in (self._root, self._leaf)
        )
        key = self._signing_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        store = SimpleCertificateStore()
        _ = store.register(root)
        return SimpleSigner(
            signing_cert=leaf, signing_key=keys.PrivateKeyInfo.load(key), cert_registry=store
        )

    def _certificate(
        self, subject: str, key: ec.EllipticCurvePrivateKey, *, is_root: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        authority = self._root_key.public_key()
        usage = x509.KeyUsage(
            digital_signature=not is_root,
            content_commitment=not is_root,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=is_root,
            crl_sign=is_root,
            encipher_only=False,
            decipher_only=False,
        )
        return (
            x509.CertificateBuilder()
            .subject_name(_common_name(subject))
            .issuer_name(_common_name(f"{self._name} test root"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=365))
            .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority), critical=False
            )
            .sign(self._root_key, hashes.SHA256())
        )


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
