"""Visits to trig points, and their photographs."""

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base


class TLog(Base):
    """One visit of one user to one trig point."""

    __tablename__ = "tlog"

    id: Mapped[int] = mapped_column(primary_key=True)
    trig_id: Mapped[int] = mapped_column(ForeignKey("trig.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    date: Mapped[date]
    # Where the visitor stood; nothing when only the visit was logged.
    osgb_eastings: Mapped[int | None]
    osgb_northings: Mapped[int | None]
    osgb_gridref: Mapped[str | None] = mapped_column(String(14))
    score: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    comment: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (
        CheckConstraint("score BETWEEN 0 AND 10", name="score"),
        Index("idx_tlog_created_at", created_at.desc()),
    )


class TPhoto(Base):
    """A photograph that belongs to a visit."""

    __tablename__ = "tphoto"

    id: Mapped[int] = mapped_column(primary_key=True)
    tlog_id: Mapped[int] = mapped_column(ForeignKey("tlog.id", ondelete="CASCADE"), index=True)
    filename: Mapped[str] = mapped_column(String(255))
    caption: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
