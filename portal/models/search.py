"""What finding tickets takes: the words of each, and the filters that people keep."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Instant, Name, Words
from portal.search import LONGEST

# Beginnings of words are ranges of the index: these need the order of the characters' numbers on every database.
_WORD = String(LONGEST).with_variant(String(LONGEST, collation="C"), "postgresql")


class TicketWord(Base):
    """A word of a ticket; words are only ever added."""

    __tablename__ = "ticket_word"
    __table_args__ = (Index("ix_ticket_word_word_ticket_id", "word", "ticket_id"), {"sqlite_with_rowid": False})

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    word: Mapped[str] = mapped_column(_WORD, primary_key=True, comment="small letters, as portal.search makes it")


class SavedFilter(Base):
    """A view of the list of tickets that a person keeps under a name."""

    __tablename__ = "saved_filter"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    name: Mapped[Name] = mapped_column(primary_key=True)
    query: Mapped[Words] = mapped_column(comment="as in the address of the list")
    saved_at: Mapped[Instant]
