"""Which groups of the municipality's own data are hidden: rule and audit are in ``warehouse.disclosure``."""

COLUMNS = """indicator_id varchar, municipality_code varchar, subarea_code varchar, period varchar, sex varchar,
    age_group varchar, group_id varchar, numerator bigint, denominator bigint, is_hidden boolean"""


def model(dbt, session):
    """Judge the versions; the result is a table with one row per group that can be shown."""
    from warehouse.disclosure import Delivered, judge_versions

    versions = dbt.ref("int_disclosure__versions").project(
        "indicator_id, municipality_code, period, promoted_at, load_id, is_current, subarea_code, part,"
        " numerator, denominator, persons, answers_per_person"
    )
    judged = judge_versions([Delivered(*row) for row in versions.fetchall()], int(dbt.config.get("small_cell")))
    session.execute(f"create or replace temp table judged_groups ({COLUMNS})")
    if judged:
        marks = ", ".join("?" for _ in judged[0])
        session.executemany(f"insert into judged_groups values ({marks})", judged)
    return session.table("judged_groups")
