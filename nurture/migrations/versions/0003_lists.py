"""Indexes of lists and of counts"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None



def upgrade() -> None:
    op.drop_index("ix_enrollments_campaign_id_state_step", table_name="enrollments")
    op.create_index(
        "ix_enrollments_campaign_id_state_step",
        "enrollments",
        ["campaign_id", "state", "step", "reason", "waits_for", "due_at"],
    )
    op.create_index("ix_enrollments_campaign_id_id", "enrollments", ["campaign_id", "id"])
    op.drop_index("ix_messages_campaign_id_state", table_name="messages")
    op.create_index(
        "ix_messages_campaign_id_state", "messages", ["campaign_id", "state", "reason", "purpose", "lead_id"]
    )
    op.create_index("ix_messages_header_id", "messages", ["header_id"])


def downgrade() -> None:
    op.drop_index("ix_messages_header_id", table_name="messages")
    op.drop_index("ix_messages_campaign_id_state", table_name="messages")
    op.create_index("ix_messages_campaign_id_state", "messages", ["campaign_id", "state"])
    op.drop_index("ix_enrollments_campaign_id_id", table_name="enrollments")
    op.drop_index("ix_enrollments_campaign_id_state_step", table_name="enrollments")
    op.create_index("ix_enrollments_campaign_id_state_step", "enrollments", ["campaign_id", "state", "step"])
