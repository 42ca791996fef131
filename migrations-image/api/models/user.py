"""People who log their visits, and how they like the site."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base


class User(Base):
    """A registered user. The table's name is a reserved word: quote it in SQL of your own."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30), unique=True)
    email: Mapped[str] = mapped_column(String(255))
    firstname: Mapped[str | None] = mapped_column(String(30))
    surname: Mapped[str | None] = mapped_column(String(30))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    # ISO 3166-1 alpha-2; ZZ where the country is not known.
    country_code: Mapped[str] = mapped_column(String(2))
    last_login: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        Index("idx_user_email", email),
        Index("idx_user_email_lower", func.lower(email)),
    )


class UserPreferences(Base):
    """What a user has chosen. Users without a row have the defaults."""

    __tablename__ = "user_preferences"
    __table_args__ = (CheckConstraint("distance_unit IN ('km', 'mi')", name="distance_unit"),)

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    distance_unit: Mapped[str] = mapped_column(String(2), server_default="km")
    email_notifications: Mapped[bool] = mapped_column(server_default=text("true"))
