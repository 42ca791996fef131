"""Trig points and what kinds of them there are."""

from decimal import Decimal

from sqlalchemy import ForeignKey, Numeric, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base


class TrigType(Base):
    """A physical type of trig point, such as pillar, bolt or rivet."""

    __tablename__ = "trig_type"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(40))


class Trig(Base):
    """A trig point. Its name need not be unique (there are many Beacon Hills); its waypoint is."""

    __tablename__ = "trig"

    id: Mapped[int] = mapped_column(primary_key=True)
    waypoint: Mapped[str] = mapped_column(String(8), unique=True)
    name: Mapped[str] = mapped_column(String(50))
    osgb_eastings: Mapped[int]
    osgb_northings: Mapped[int]
    osgb_gridref: Mapped[str] = mapped_column(String(14))
    wgs_lat: Mapped[Decimal] = mapped_column(Numeric(7, 5))
    wgs_long: Mapped[Decimal] = mapped_column(Numeric(8, 5))
    trig_type_id: Mapped[int | None] = mapped_column(ForeignKey("trig_type.id"))
