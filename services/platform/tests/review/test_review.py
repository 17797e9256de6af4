from datetime import UTC, datetime, timedelta

import pytest

from slipway.clock import use_clock
from slipway.jobs.consumer import Consumer
from slipway.review.checks import Reviewed
from slipway.review.page import report_page
from slipway.review.schemas import Outcome, Report
from slipway.review.service import REVIEWS, ReviewSchedule, review


def ahead(days):
    return use_clock(lambda: datetime.now(UTC) + timedelta(days=days))


@pytest.fixture
def reviewed(platform):
    return Reviewed(platform.database, platform.settings, platform.workload)


@pytest.fixture
async def found(platform, reviewed, principal):
    """A function that reviews, and returns the findings by check."""

    async def look():
        report = await review(reviewed, platform.evidence)
        return {outcome.check: list(outcome.findings) for outcome in report.outcomes}

    return look


async def test_a_system_that_is_as_declared_has_no_findings_and_was_looked_at(platform, reviewed, principal, stranger):
    report = await review(reviewed, platform.evidence)

    assert [outcome.findings for outcome in report.outcomes] == [()] * 5
    looked_at = {outcome.check: outcome.looked_at for outcome in report.outcomes}
    assert int(looked_at["inventory"].split()[0]) > 100
    assert "slipway_app" in looked_at["separation"]
    assert looked_at["retention"].startswith("6 kinds of rows")
    assert looked_at["keys"] == "keys of 2 tenants; the oldest in force is 0 days old"


@pytest.mark.parametrize(
    ("change", "check", "finding"),
    [
        ("ALTER TABLE jobs ADD COLUMN remark text", "inventory", "The column jobs.remark does not say what it holds."),
        ("CREATE TABLE extra (id int)", "inventory", "The column extra.id does not say what it holds."),
        (
            "ALTER TABLE webhook_attempts DROP COLUMN reason",
            "inventory",
            "The column webhook_attempts.reason is declared, and not there.",
        ),
        ("GRANT SELECT ON tenants TO PUBLIC", "separation", "PUBLIC may SELECT tenants (*): that is not declared."),
        (
            "ALTER TABLE jobs NO FORCE ROW LEVEL SECURITY",
            "separation",
            "jobs: row-level security is not enabled, or does not bind the owner.",
        ),
    ],
)
async def test_what_somebody_changed_by_hand_is_found(found, superuser, change, check, finding):
    await superuser.execute(change)
    assert finding in (await found())[check]


async def test_a_row_that_should_be_gone_for_a_day_is_found(found, submit, platform):
    await submit([b"page"])
    while await Consumer(platform).turn():
        pass
    with ahead(30.5):
        assert (await found())["retention"] == []
    with ahead(31.5):
        assert "jobs: 2 rows are beyond their limit of 30 days." in (await found())["retention"]


async def test_a_request_that_should_be_answered_is_found(found, principal, platform, rows):
    order = "INSERT INTO subject_requests (tenant_id, kind, state, subject_id, requested_by, deadline) VALUES"
    at = "gen_random_uuid(), 'test', now() + interval '5 min'"
    for state in ("received", "held", "done"):
        await rows(f"{order} (%s, 'erasure', '{state}', {at})", principal.tenant_id)
    assert (await found())["requests"] == []
    with ahead(1):
        (told,) = (await found())["requests"]
    assert told.startswith(f"Tenant {principal.tenant_id}: an erasure was due on 20")


async def test_requests_that_failed_of_late_are_found(found, principal, rows):
    """For thirty days, as nothing says whether they were made again."""
    order = "INSERT INTO subject_requests (tenant_id, kind, state, subject_id, requested_by, deadline) VALUES"
    for _ in range(2):
        await rows(f"{order} (%s, 'export', 'failed', gen_random_uuid(), 'test', now())", principal.tenant_id)
    told = f"Tenant {principal.tenant_id}: of the last 30 days' requests of the kind export, 2 failed."
    with ahead(29.9):
        assert (await found())["requests"] == [told]
    with ahead(30.1):
        assert (await found())["requests"] == []


async def test_a_key_that_should_have_been_replaced_is_found(found, principal, platform):
    with ahead(90.5):
        assert (await found())["keys"] == []
    with ahead(91.5):
        (told,) = (await found())["keys"]
    assert told.startswith(f"Tenant {principal.tenant_id}: version 1 should have been replaced on 20")


async def test_an_old_key_is_found_with_what_keeps_it(found, principal, rows):
    async def told():
        (finding,) = (await found())["keys"]
        return finding.removeprefix(f"Tenant {principal.tenant_id}: version 1 is retired, and ")

    await rows("UPDATE tenant_keys SET retired_at = now() - interval '2 days'")
    assert await told() == "something still needs it."
    await rows("UPDATE tenant_keys SET rewrapped_at = now()")
    assert await told() == "waits for a backup of the keys."
    await rows("UPDATE tenant_keys SET backed_up_at = now() + interval '1 second'")
    assert await told() == "was not destroyed."


async def test_reports_are_kept_as_evidence(platform, reviewed, principal, superuser):
    first = await review(reviewed, platform.evidence)
    await superuser.execute("CREATE TABLE extra (id int)")
    second = await review(reviewed, platform.evidence)

    kept = [line.body for line in platform.evidence.read(REVIEWS)]
    assert kept == [first.body(), second.body()]
    assert (kept[0]["findings"], kept[1]["findings"] > 0) == (0, True)
    assert platform.evidence.verify(REVIEWS) is None


async def test_a_worker_reviews_when_it_is_time_and_tells_of_the_newest(platform, reviewed, principal, superuser):
    def told(name):
        return platform.metrics.registry.get_sample_value(f"slipway_privacy_review_{name}")

    schedule = ReviewSchedule(reviewed, platform.evidence, platform.metrics)
    assert told("timestamp_seconds") == 0
    await schedule.run()
    await schedule.run()
    assert (len(list(platform.evidence.read(REVIEWS))), told("findings")) == (1, 0)
    assert told("timestamp_seconds") == pytest.approx(datetime.now(UTC).timestamp(), abs=600)

    await superuser.execute("CREATE TABLE extra (id int)")
    with ahead(6.9):
        await schedule.run()
    assert told("findings") == 0
    with ahead(7.1):
        await schedule.run()
    assert len(list(platform.evidence.read(REVIEWS))) == 2
    assert told("findings") > 0


async def test_a_report_that_somebody_else_made_is_told_of(platform, reviewed, principal, superuser):
    schedule = ReviewSchedule(reviewed, platform.evidence, platform.metrics)
    await schedule.run()
    await superuser.execute("CREATE TABLE extra (id int)")
    await review(reviewed, platform.evidence)
    await schedule.run()
    assert platform.metrics.registry.get_sample_value("slipway_privacy_review_findings") > 0


def test_the_page_tells_each_answer_and_no_more_findings_than_a_person_reads():
    at = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    many = Outcome("inventory", "Is it so?", "3 columns", tuple(f"Finding {number}." for number in range(150)))
    report = Report(at, (many, Outcome("keys", "And this?", "2 tenants", ())))

    page = report_page(report.body())
    assert page.startswith("# Review of 2026-03-01 09:30 UTC\n\n150 findings.\n")
    assert "## Is it so?\n\nNo. Looked at: 3 columns.\n\n- Finding 0.\n" in page
    assert "- Finding 99.\n- and 50 more\n" in page
    assert page.endswith("## And this?\n\nYes. Looked at: 2 tenants.\n")
