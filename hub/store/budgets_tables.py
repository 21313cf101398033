"""
Table of what each asker has spent of its quota.

Rule: only the log's own transaction writes it (`hub.audit.ledger`), in its exclusive turn: what is counted there is
counted for all workers on all machines.
"""

from sqlalchemy import BigInteger, Column, Float, Index
from sqlmodel import Field, SQLModel


class Spent(SQLModel, table=True):
    """What one asker used in one span of time; a new span is a new row."""

    __tablename__ = "spent"
    __table_args__ = (Index("ix_spent_expires_at", "expires_at"),)

    asker: str = Field(primary_key=True, description="partner id")
    span: str = Field(primary_key=True, description="what is counted and when, see hub.access.budget")
    used: int = Field(sa_type=BigInteger)
    expires_at: float = Field(
        sa_column=Column(Float(53), nullable=False), description="end of the span, seconds since 1970"
    )
