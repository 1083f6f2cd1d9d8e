"""What live tickets allow, as lines: written, read again, and taken out once they are over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portal.mesh.annotations import ADMIN_SHUTDOWN, DEBUG_SIDECAR, INJECT
from portal.mesh.guard.lines import data_of, line, pruned, read, weakens
from portal.mesh.ports import Ports
from portal.mesh.want import Want

END = datetime(2026, 3, 1, 10, 0, 0, 900000, tzinfo=UTC)
PORTS = Want(skip_inbound=Ports.parse("9000-9010,8080"))


def test_a_line_says_who_may_what_until_when() -> None:
    one = line("shop", "deployment/web", "MD-7", END, PORTS | Want.of_setting(INJECT))
    said = "skip-inbound=8080,9000-9010 skip-outbound= inject=disabled debug="
    assert one.text == f"deployment/web MD-7 2026-03-01T10:00:00Z {said}"
    other = line("shop", "cronjob/report", "MD-9", None, Want.of_setting(DEBUG_SIDECAR))
    assert other.text == "cronjob/report MD-9 - skip-inbound= skip-outbound= inject= debug=true"
    assert data_of([one, other]) == {"shop": f"{other.text}\n{one.text}"}
    found = {(back.workload, back.ticket, back.until) for back in read(data_of([one, other]))}
    assert found == {("deployment/web", "MD-7", END.replace(microsecond=0)), ("cronjob/report", "MD-9", None)}


def test_only_what_weakens_needs_a_line() -> None:
    assert weakens(PORTS)
    assert weakens(Want.of_setting(DEBUG_SIDECAR))
    assert not weakens(Want.of_setting(ADMIN_SHUTDOWN))
    assert not weakens(Want())


def test_what_is_over_is_taken_out_and_nothing_else() -> None:
    lines = [
        line("shop", "deployment/web", "MD-1", END, PORTS),
        line("shop", "deployment/web", "MD-2", END + timedelta(hours=1), PORTS),
        line("bank", "deployment/till", "MD-3", END, PORTS),
        line("bank2", "deployment/till", "MD-4", None, PORTS),
    ]
    data = {**data_of(lines), "strange": "not a line\nthis is one two three four no"}
    assert pruned(data, END - timedelta(seconds=2)) == {}
    assert pruned(data, END) == {"shop": lines[1].text, "bank": None}
    assert [one.namespace for one in read(data)] == ["bank", "bank2", "shop", "shop"]
