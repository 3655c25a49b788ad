"""Tables of leads, companies, tags, and typed custom fields."""

import sqlalchemy as sa

from nurture.kernel.database import Folded, FoldedDocument, Id, Instant, Json, column, key_column, metadata

companies = sa.Table(
    "companies",
    metadata,
    key_column(),
    column("public_id", sa.Text, unique=True, personal=False),
    column("name", sa.Text, personal=False),
    column("name_folded", Folded, index=True, personal=False),
    column("domain", Folded, nullable=True, index=True, personal=False),
    column("tax_code", sa.Text, nullable=True, personal=False),
    column("size", sa.Integer, nullable=True, personal=False),
    column("owner_id", Id, sa.ForeignKey("users.id"), nullable=True, personal=False),
    column("created_at", Instant, personal=False),
)

leads = sa.Table(
    "leads",
    metadata,
    key_column(),
    column("public_id", sa.Text, unique=True, personal=False),
    column("email", Folded, nullable=True, unique=True, personal=True),  # normalized
    column("phone", Folded, nullable=True, index=True, personal=True),  # E.164
    column("name", sa.Text, server_default="", personal=True),
    column("name_folded", Folded, server_default="", personal=True),
    column("given_name", sa.Text, server_default="", personal=True),
    column("honorific", sa.Text, server_default="", personal=True),  # anh, chị, cô, chú, ông, bà, or empty
    # folded name, email, phone digits, company: what the search box looks in
    column("search_text", Folded, server_default="", personal=True),
    column("company_id", Id, sa.ForeignKey("companies.id"), nullable=True, personal=False),
    column("address", sa.Text, server_default="", personal=True),
    column("city", sa.Text, server_default="", personal=True),
    column("city_folded", Folded, server_default="", personal=True),
    column("first_source", Folded, server_default="", personal=False),
    column("source", Folded, server_default="", index=True, personal=False),
    column("owner_id", Id, sa.ForeignKey("users.id"), nullable=True, personal=False),
    column("temperature", sa.Text, server_default="cold", personal=False),  # model.Temperature
    column("engagement", sa.Integer, server_default="0", personal=False),
    column("fit", sa.Integer, server_default="0", personal=False),
    column("lifecycle", sa.Text, server_default="lead", personal=False),  # model.Lifecycle
    column("zone", sa.Text, nullable=True, personal=False),
    column("language", sa.Text, nullable=True, personal=False),
    column("fields", FoldedDocument, personal=True),  # {field key: value}, typed by field_definitions
    # the lead that this one was merged into, itself no merged one; its address and number still lead there. One that
    # was erased leads to itself, so that it is nobody to whoever asks for a living lead
    column("merged_into", Id, sa.ForeignKey("leads.id"), nullable=True, personal=False),
    column("erased_at", Instant, nullable=True, personal=False),  # real time
    column("paused_at", Instant, nullable=True, personal=False),  # a person stopped all automatic mail
    column("paused_reason", sa.Text, nullable=True, personal=False),
    column("replied_at", Instant, nullable=True, personal=False),  # a reply that the owner has not looked at yet
    column("created_at", Instant, index=True, personal=False),  # engine time
    column("updated_at", Instant, personal=False),
    column("last_activity_at", Instant, nullable=True, personal=False),
    sa.CheckConstraint("email IS NOT NULL OR phone IS NOT NULL OR merged_into IS NOT NULL", name="reachable"),
    sa.Index("ix_leads_temperature_engagement", "temperature", "engagement"),
    sa.Index("ix_leads_engagement_id", "engagement", "id"),
    sa.Index("ix_leads_last_activity_at_id", "last_activity_at", "id"),
    sa.Index("ix_leads_owner_id_last_activity_at_id", "owner_id", "last_activity_at", "id"),
    sa.Index(  # who waits for somebody to read a reply
        "ix_leads_replied_at_id",
        "replied_at",
        "id",
        sqlite_where=sa.text("replied_at IS NOT NULL"),
        postgresql_where=sa.text("replied_at IS NOT NULL"),
    ),
    sa.Index("ix_leads_name_folded_id", "name_folded", "id"),
    sa.Index(  # also to find namesakes by; most leads have no company
        "ix_leads_company_id_name_folded",
        "company_id",
        "name_folded",
        sqlite_where=sa.text("company_id IS NOT NULL"),
        postgresql_where=sa.text("company_id IS NOT NULL"),
    ),
    sa.Index(
        "ix_leads_merged_into",
        "merged_into",
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    ),
)

# Pairs that look alike and of which a person has said that they are two.
distinct_leads = sa.Table(
    "distinct_leads",
    metadata,
    column("first_id", Id, sa.ForeignKey("leads.id"), primary_key=True, personal=False),  # the smaller key
    column("second_id", Id, sa.ForeignKey("leads.id"), primary_key=True, index=True, personal=False),
    column("actor", sa.Text, personal=False),
    column("at", Instant, personal=False),
)

# A field's other value that an import or merge brought: kept, shown as a conflict until a person decides.
lead_conflicts = sa.Table(
    "lead_conflicts",
    metadata,
    key_column(),
    column("lead_id", Id, sa.ForeignKey("leads.id"), personal=False),
    column("field", sa.Text, personal=False),  # phone | name
    column("value", sa.Text, personal=True),
    column("origin", sa.Text, personal=False),  # `import:<public id> line 17`
    column("at", Instant, personal=False),
    column("resolved_at", Instant, nullable=True, personal=False),
    sa.UniqueConstraint("lead_id", "field", "value"),
)

tags = sa.Table(
    "tags",
    metadata,
    column("key", Folded, primary_key=True, personal=False),
    column("label", sa.Text, personal=False),
)

lead_tags = sa.Table(
    "lead_tags",
    metadata,
    column("lead_id", Id, sa.ForeignKey("leads.id"), primary_key=True, personal=False),
    column("tag", Folded, sa.ForeignKey("tags.key"), primary_key=True, personal=False),
    column("at", Instant, personal=False),
    sa.Index("ix_lead_tags_tag_lead_id", "tag", "lead_id"),
)

field_definitions = sa.Table(
    "field_definitions",
    metadata,
    column("key", sa.Text, primary_key=True, personal=False),
    column("label", sa.Text, personal=False),
    column("type", sa.Text, personal=False),  # model.FieldType: text | number | date | yes_no | choice
    column("choices", Json, personal=False),
    column("position", sa.Integer, personal=False),
    column("created_at", Instant, personal=False),
)

# A person's own view of the list: its query string under a name.
saved_views = sa.Table(
    "saved_views",
    metadata,
    key_column(),
    column("user_id", Id, sa.ForeignKey("users.id"), nullable=True, personal=False),
    column("page", sa.Text, personal=False),
    column("name", sa.Text, personal=False),
    column("query", sa.Text, personal=False),
    column("created_at", Instant, personal=False),
)
