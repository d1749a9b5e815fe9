"""Every setting of the warehouse, read and checked in one place.

Settings come from environment variables with the prefix ``WAREHOUSE_`` or from a ``.env`` file in the working
folder. Nothing else in the project reads the environment. Secrets are ``SecretStr``: they do not print.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from warehouse.errors import SettingsError

REPOSITORY = Path(__file__).resolve().parents[1]
COUNTRY = "000"

MunicipalitySelection = Literal["all"] | tuple[str, ...]


class Settings(BaseSettings):
    """The settings of one warehouse; immutable once read.

    Raises:
        SettingsError: through :func:`read_settings`, naming the variable and what it may be.
    """

    model_config = SettingsConfigDict(
        env_prefix="WAREHOUSE_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    home: Path = Field(Path("var"), description="everything the warehouse writes")
    focus_municipality: str = Field("151", description="the municipality whose strategy this is")
    municipalities: Annotated[MunicipalitySelection, NoDecode] = Field(
        "all",
        description="`all`, or a comma list of three-digit codes; the country row 000 always comes along",
    )
    from_year: int = Field(2008, ge=1980, le=2100, description="first year to fetch")
    statbank_url: str = Field("https://api.statbank.dk/v1", description="StatBank API root")
    education_url: str = Field("https://api.uddannelsesstatistik.dk/Api/v1", description="the education ministry's API")
    education_token: SecretStr | None = Field(None, description="its token; without one: not_delivered")
    jobindsats_url: str = Field("https://api.jobindsats.dk/v3", description="Jobindsats API")
    jobindsats_token: SecretStr | None = Field(None, description="its token; without one: not_delivered")
    elections_url: str = Field("https://www.dst.dk/valg", description="root of DST's election XML")
    inbox: Path | None = Field(None, description="hand-delivered files, one folder per kind (`<home>/inbox`)")
    sample_inbox: Path | None = Field(
        None,
        description="set by `warehouse run --sample`: stands in for kinds of which the inbox has no file",
    )
    small_cell: int = Field(5, ge=1, le=1000, description="below this many persons a cell is suppressed")

    postgres_dsn: SecretStr | None = Field(None, description="PostgreSQL to fill with the marts; without one: none")
    serve_token: SecretStr | None = Field(None, description="what clients of `warehouse serve` must show")

    lake: SecretStr | None = Field(
        None, description="PostgreSQL that holds the catalogue of a DuckLake; without one the build database is a file"
    )
    lake_data: str | None = Field(
        None, description="where its Parquet lies: a folder or s3://bucket/prefix (`<home>/lake`)"
    )
    lake_s3_endpoint: str | None = Field(None, description="address of an S3-compatible store; without one: Amazon's")
    lake_s3_region: str = Field("us-east-1", description="its region")
    lake_s3_key: SecretStr | None = Field(None, description="its access key as `id:secret`; needed with s3://")

    retry_seconds: int = Field(600, ge=1, le=86400, description="the scheduler's first wait before a task's next try")
    notify_email: str | None = Field(None, description="who is told of failures and late datasets; a comma list")
    notify_webhook: SecretStr | None = Field(
        None, description="a web address that takes the same as JSON, or the id of an Airflow connection with one"
    )

    @field_validator("focus_municipality")
    @classmethod
    def _three_digits(cls, value: str) -> str:
        if not re.fullmatch(r"[1-8]\d\d", value):
            raise ValueError("must be a three-digit municipality code such as 151 (Ballerup)")
        _exist(value)
        return value

    @field_validator("municipalities", mode="before")
    @classmethod
    def _codes(cls, value: object) -> object:
        if not isinstance(value, str) or value.strip().lower() == "all":
            return "all" if isinstance(value, str) else value
        codes = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
        wrong = [code for code in codes if not re.fullmatch(r"[1-8]\d\d", code) and code != COUNTRY]
        if wrong or not codes:
            raise ValueError(f"must be `all` or a comma list of three-digit codes; got {', '.join(wrong) or 'nothing'}")
        _exist(*codes)
        return codes

    @field_validator("statbank_url", "education_url", "jobindsats_url", "elections_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be a web address such as https://api.statbank.dk/v1")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("must hold no user name, password, query or fragment: addresses are logged and published")
        return value.rstrip("/")

    @field_validator(
        "education_token", "jobindsats_token", "postgres_dsn", "serve_token", "inbox", "sample_inbox",
        "notify_email", "notify_webhook", "lake", "lake_data", "lake_s3_endpoint", "lake_s3_key", mode="before",
    )  # fmt: skip
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("notify_email")
    @classmethod
    def _addresses(cls, value: str | None) -> str | None:
        parts = [part.strip() for part in (value or "").split(",")]
        if value is not None and not all(re.fullmatch(r"[^@\s{}<>]+@[^@\s{}<>]+", part) for part in parts):
            raise ValueError("must be e-mail addresses with commas between them, such as data@town.example")
        return None if value is None else ",".join(parts)

    @field_validator("notify_webhook")
    @classmethod
    def _address_or_connection(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value() if value else ""
        parts = urlsplit(text)
        known = parts.scheme in {"http", "https"} and parts.hostname
        if value is not None and not known and not re.fullmatch(r"[A-Za-z0-9_.\-]+", text):
            raise ValueError("must be a web address, or the id of an Airflow connection such as warehouse_webhook")
        return value

    @field_validator("lake")
    @classmethod
    def _catalogue(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.match(r"postgres(ql)?:", value.get_secret_value()):
            raise ValueError("must be postgresql://user:password@host/database, or postgres:host=… dbname=… user=…")
        return value

    @field_validator("lake_s3_endpoint")
    @classmethod
    def _store(cls, value: str | None) -> str | None:
        return None if value is None else cls._web_address(value)

    @field_validator("lake_s3_key")
    @classmethod
    def _id_and_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[^:\s]+:\S+", value.get_secret_value()):
            raise ValueError("must be the id and the secret of an access key with a colon between them")
        return value

    @model_validator(mode="after")
    def _whole_lake(self) -> Settings:
        if self.lake is None and self.lake_data is not None:
            raise ValueError("LAKE_DATA says where a lake keeps its files, but WAREHOUSE_LAKE names none")
        if (self.lake_data or "").startswith("s3://") and self.lake_s3_key is None:
            raise ValueError("LAKE_S3_KEY is needed where LAKE_DATA is s3://")
        return self

    @cached_property
    def root(self) -> Path:
        """The home as an absolute path."""
        return self.home.expanduser().resolve()

    def at(self, home: Path, **changes: object) -> Settings:
        """The same settings for another home, with changes."""
        other = self.model_copy(update={"home": home, **changes})
        other.__dict__.pop("root", None)
        return other

    @property
    def inbox_folder(self) -> Path:
        """Where hand-delivered files are laid."""
        return (self.inbox or self.root / "inbox").expanduser().resolve()

    @property
    def landing(self) -> Path:
        """What was received, byte for byte."""
        return self.root / "landing"

    @property
    def database(self) -> Path:
        """The build database."""
        return self.root / "warehouse.duckdb"

    @property
    def releases(self) -> Path:
        """The published releases and the link ``current``."""
        return self.root / "releases"

    @property
    def validation(self) -> Path:
        """Data Docs of every load."""
        return self.root / "validation"

    def takes_municipality(self, code: str) -> bool:
        """Whether rows of this municipality are asked for."""
        return self.municipalities == "all" or code in self.municipalities or code == self.focus_municipality


def _exist(*codes: str) -> None:
    """Raise ValueError, naming those that are no municipality (nor the country)."""
    from warehouse.seeds import seed

    known = {row["area_code"] for row in seed("areas") if row["level"] == "municipality"} | {COUNTRY}
    strange = [code for code in codes if code not in known]
    if strange:
        raise ValueError(f"names no municipality: {', '.join(strange)} (dbt_project/seeds/areas.csv lists them)")


def read_settings(**overrides: object) -> Settings:
    """Read the settings from the environment and ``.env``.

    Raises:
        SettingsError: naming each variable that is wrong and what it may be.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False, include_input=False):
            name = "WAREHOUSE_" + "_".join(str(part) for part in problem["loc"][:1]).upper()
            lines.append(f"{name} {problem['msg'].removeprefix('Value error, ')}")
        raise SettingsError(
            "A setting is wrong: " + "; ".join(lines),
            next_step="correct the environment variable or the line in .env; the README lists every setting",
        ) from None


def writable_home(settings: Settings) -> None:
    """Make the home where it is missing.

    Raises:
        SettingsError: it cannot be made, is no folder, or cannot be written to.
    """
    try:
        settings.root.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=settings.root):
            pass
    except OSError as error:
        raise SettingsError(
            f"WAREHOUSE_HOME cannot be written to: {error.strerror or type(error).__name__}",
            {"home": settings.root},
            "set WAREHOUSE_HOME to a folder of yours that can be written to",
        ) from None
