"""All models. Alembic compares the database with what is imported here."""

from api.models.base import Base
from api.models.log import TLog, TPhoto
from api.models.trig import Trig, TrigType
from api.models.user import User, UserPreferences

__all__ = ["Base", "TLog", "TPhoto", "Trig", "TrigType", "User", "UserPreferences"]
