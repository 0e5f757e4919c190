"""A social connector for the tests: that of the host's tests, with a logo."""

from typing import ClassVar

from attrs import evolve

from connector_kit import ConnectorMetadata
from tests.host.connectors import acme_hosted


class AcmeSocial(acme_hosted.AcmeSocial):
    """The same with other metadata."""

    metadata: ClassVar[ConnectorMetadata] = evolve(
        acme_hosted.AcmeSocial.metadata,
        logo="./acme.png",
        readme="# Acme",
        is_standard=True,
        is_token_storage_supported=True,
    )


class AcmePlainSocial(acme_hosted.AcmePlainSocial):
    """A connector with the required methods only, with other metadata."""

    metadata: ClassVar[ConnectorMetadata] = evolve(
        acme_hosted.AcmePlainSocial.metadata, logo="./acme.png", readme="# Acme"
    )
