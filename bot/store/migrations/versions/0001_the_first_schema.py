"""The first schema.

Revision: 0001, after nothing.
"""

import sqlalchemy as sa
from alembic import op

from bot.store import tables as t

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "artifacts",
        sa.Column("mission", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("mission", "version", name=op.f("pk_artifacts")),
    )
    op.create_table(
        "attempts",
        sa.Column("mission", sa.String(length=120), nullable=False),
        sa.Column("task", sa.String(length=120), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("plan_version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=False),
        sa.Column("output", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("final", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("started_at", t.Moment(timezone=True), nullable=False),
        sa.Column("ended_at", t.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("mission", "task", "number", name=op.f("pk_attempts")),
    )
    op.create_table(
        "briefs",
        sa.Column("mission", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("mission", "version", name=op.f("pk_briefs")),
    )
    op.create_table(
        "calls",
        sa.Column("mission", sa.String(length=120), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("task", sa.String(length=120), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tier", sa.String(length=20), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("reserved", t.Money(), nullable=True),
        sa.Column("price", t.Money(), nullable=True),
        sa.Column("tokens_in", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tokens_out", sa.Integer(), server_default="0", nullable=False),
        sa.Column("response", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("at", t.Moment(timezone=True), nullable=False),
        sa.Column("ended_at", t.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("mission", "key", name=op.f("pk_calls")),
    )
    op.create_table(
        "cursors",
        sa.Column("place", sa.String(length=255), nullable=False),
        sa.Column("seen", sa.String(length=60), nullable=False),
        sa.Column("at", t.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_cursors")),
    )
    op.create_table(
        "decisions",
        sa.Column("gate", sa.String(length=120), nullable=False),
        sa.Column("person", sa.String(length=120), nullable=False),
        sa.Column("mission", sa.String(length=120), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("verb", sa.String(length=20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("at", t.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("gate", "person", name=op.f("pk_decisions")),
    )
    op.create_index("ix_decisions_mission", "decisions", ["mission"], unique=False)

    op.create_table(
        "events",
        sa.Column("mission", sa.String(length=120), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("at", t.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mission", "number", name=op.f("pk_events")),
    )
    op.create_table(
        "file_owners",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mission", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("person", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "mission", "name", name=op.f("pk_file_owners")),
    )
    op.create_index("ix_file_owners_mission", "file_owners", ["mission"], unique=False)

    op.create_table(
        "files",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("puts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", t.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_files")),
    )
    op.create_table(
        "gates",
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("mission", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("opened_at", t.Moment(timezone=True), nullable=False),
        sa.Column("expires_at", t.Moment(timezone=True), nullable=False),
        sa.Column("reminded_at", t.Moment(timezone=True), nullable=True),
        sa.Column("closed_at", t.Moment(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("expired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gates")),
        sa.UniqueConstraint("mission", "name", name=op.f("uq_gates_mission_name")),
    )
    op.create_index(
        "ix_gates_closed_at_expires_at", "gates", ["closed_at", "expires_at"], unique=False
    )

    op.create_table(
        "guidance",
        sa.Column("mission", sa.String(length=120), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("mission", "number", name=op.f("pk_guidance")),
    )
    op.create_table(
        "inbox",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("workspace", sa.String(length=120), nullable=False),
        sa.Column("place", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("received_at", t.Moment(timezone=True), nullable=False),
        sa.Column("done_at", t.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_inbox")),
    )
    op.create_index(
        "ix_inbox_done_at_received_at", "inbox", ["done_at", "received_at"], unique=False
    )

    op.create_table(
        "installations",
        sa.Column("platform", sa.String(length=120), nullable=False),
        sa.Column("workspace", sa.String(length=120), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("ends_at", t.Moment(timezone=True), nullable=True),
        sa.Column("claimed_until", t.Moment(timezone=True), nullable=True),
        sa.Column("at", t.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("platform", "workspace", name=op.f("pk_installations")),
    )
    op.create_table(
        "missions",
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("workspace", sa.String(length=120), nullable=False),
        sa.Column("place", sa.String(length=255), nullable=False),
        sa.Column("requester", sa.String(length=120), nullable=False),
        sa.Column("goal", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("cap", t.Money(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("attachments", sa.JSON(), nullable=False),
        sa.Column("requirements", sa.JSON(), nullable=False),
        sa.Column("thread", sa.JSON(), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("models", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stop_asked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("cancel_asked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", t.Moment(timezone=True), nullable=False),
        sa.Column("updated_at", t.Moment(timezone=True), nullable=False),
        sa.Column("ended_at", t.Moment(timezone=True), nullable=True),
        sa.Column("holder", sa.String(length=120), server_default="", nullable=False),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", t.Moment(timezone=True), nullable=True),
        sa.Column("wakes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("seen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("crashes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missions")),
    )
    op.create_index("ix_missions_place", "missions", ["place"], unique=False)
    op.create_index("ix_missions_holder", "missions", ["holder"], unique=False)
    op.create_index(
        "ix_missions_open",
        "missions",
        ["created_at"],
        unique=False,
        sqlite_where=t.OPEN,
        postgresql_where=t.OPEN,
    )
    op.create_index(
        "ix_missions_workspace_created_at", "missions", ["workspace", "created_at"], unique=False
    )

    op.create_table(
        "people",
        sa.Column("workspace", sa.String(length=120), nullable=False),
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_people")),
    )
    op.create_table(
        "plans",
        sa.Column("mission", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("mission", "version", name=op.f("pk_plans")),
    )
    op.create_table(
        "slots",
        sa.Column("mission", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("place", sa.String(length=255), nullable=False),
        sa.Column("wanted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("shown", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ref", sa.String(length=255), nullable=False),
        sa.Column("posting", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("gone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", t.Moment(timezone=True), nullable=True),
        sa.Column("made_at", t.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mission", "name", name=op.f("pk_slots")),
    )
    op.create_index(
        "ix_slots_behind",
        "slots",
        ["place"],
        unique=False,
        sqlite_where=t.BEHIND,
        postgresql_where=t.BEHIND,
    )
    op.create_table(
        "steps",
        sa.Column("mission", sa.String(length=120), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("mission", "key", name=op.f("pk_steps")),
    )
    op.create_table(
        "verdicts",
        sa.Column("mission", sa.String(length=120), nullable=False),
        sa.Column("task", sa.String(length=120), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("mission", "task", "attempt", name=op.f("pk_verdicts")),
    )
    op.create_table(
        "web_messages",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("place", sa.String(length=255), nullable=False),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("mission", sa.String(length=120), nullable=False),
        sa.Column("slot", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("at", t.Moment(timezone=True), nullable=False),
        sa.Column("edited_at", t.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_messages")),
    )
    op.create_index(
        "ix_web_messages_mission_slot", "web_messages", ["mission", "slot"], unique=False
    )
    op.create_index("ix_web_messages_place_id", "web_messages", ["place", "id"], unique=False)

    op.create_table(
        "workspaces",
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("house", sa.JSON(), nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspaces")),
    )


def downgrade() -> None:
    op.drop_table("workspaces")
    op.drop_index("ix_web_messages_place_id", "web_messages")
    op.drop_index("ix_web_messages_mission_slot", "web_messages")

    op.drop_table("web_messages")
    op.drop_table("verdicts")
    op.drop_table("steps")
    op.drop_index("ix_slots_behind", "slots")
    op.drop_table("slots")
    op.drop_table("plans")
    op.drop_table("people")
    op.drop_index("ix_missions_workspace_created_at", "missions")
    op.drop_index("ix_missions_open", "missions")
    op.drop_index("ix_missions_holder", "missions")
    op.drop_index("ix_missions_place", "missions")

    op.drop_table("missions")
    op.drop_table("installations")
    op.drop_index("ix_inbox_done_at_received_at", "inbox")

    op.drop_table("inbox")
    op.drop_table("guidance")
    op.drop_index("ix_gates_closed_at_expires_at", "gates")

    op.drop_table("gates")
    op.drop_table("files")
    op.drop_index("ix_file_owners_mission", "file_owners")

    op.drop_table("file_owners")
    op.drop_table("events")
    op.drop_index("ix_decisions_mission", "decisions")

    op.drop_table("decisions")
    op.drop_table("cursors")
    op.drop_table("calls")
    op.drop_table("briefs")
    op.drop_table("attempts")
    op.drop_table("artifacts")
