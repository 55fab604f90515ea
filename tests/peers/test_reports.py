"""Reports as their readers see them: the mail by Python's email package, the zip by zipfile, the texts as UTF-16, the times
by zoneinfo; and when scheduled reports run next."""

import csv
import datetime
import io
import itertools
import json
import re
import struct
import time
import urllib.request
import zipfile
import zoneinfo
from email.header import decode_header, make_header

import pytest
from aiosmtpd.controller import Controller
from conftest import HOST, OK, App, Server, free_port
from test_mail import Mailbox

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW = int(time.time() * 1000)
ZONES = ["UTC", "Europe/Kiev", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A server with a mail server, and an app of an account with a Reports widget."""
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname=HOST, port=port)
    controller.start()
    folder = tmp_path_factory.mktemp("reports")
    server = Server(folder, mail=f"mail.smtp.host={HOST}\nmail.smtp.port={port}\nmail.smtp.auth=false\n"
                    "mail.smtp.starttls.enable=false\nmail.smtp.username=robot@example.com\n")
    app = App(server)
    app.start([{"type": "REPORT", "id": 77, "reportSources": []}])
    app.server, app.box, app.ids = server, box, itertools.count(1)
    yield app
    app.sock.close()
    server.stop()
    controller.stop()


def device(app, id, name):
    made = app.ask("create_device", 1, json.dumps({"id": id, "name": name, "boardType": "ESP8266"}))
    assert isinstance(made, bytes)


def seed(app, pin, records, label="minute", device=0):
    folder = app.server.folder / "data" / "data" / app.email
    folder.mkdir(parents=True, exist_ok=True)
    data = b"".join(struct.pack(">dq", value, ms) for value, ms in records)
    (folder / f"history_1-{device}_{pin}_{label}.bin").write_bytes(data)


def column(pin, label=""):
    kinds = {"v": "VIRTUAL", "d": "DIGITAL", "a": "ANALOG"}
    return {"pin": int(pin[1:]), "pinType": kinds[pin[0]], "label": label, "isSelected": True}


def report(app, kind="ONE_TIME", columns=(column("v5"),), devices=(0,), **fields):
    """Stores a report and takes it away again; the answer."""
    schedule = ("atTime", "durationType", "startTs", "endTs", "dayOfTheWeek", "dayOfMonth", "rangeMillis")
    kind = {"type": kind} | {name: fields.pop(name) for name in schedule if name in fields}
    if kind["type"] == "ONE_TIME":
        kind.setdefault("rangeMillis", DAY)
    source = {"type": "DEVICE", "deviceIds": list(devices), "reportDataStreams": list(columns)}
    body = {"id": next(app.ids), "name": "Temps", "reportSources": [source], "reportType": kind,
            "recipients": "reader@example.com", "isActive": True} | fields
    answer = app.ask("create_report", 1, json.dumps(body))
    return json.loads(answer) if isinstance(answer, bytes) else answer


def delete(app, made):
    assert app.ask("delete_report", 1, made["id"]) == OK


def delivered(app, *args, **fields):
    """Runs a report; the mail and the entries of its zip."""
    made = report(app, *args, **fields)
    done = json.loads(app.ask("export_report", 1, made["id"]))
    assert done["lastRunResult"] == "OK", done
    to, mail = app.box.mails[-1]
    html = mail.get_payload(decode=True).decode("utf-8")
    link = re.search(r'href="(http[^"]+\.zip)"', html).group(1)
    with urllib.request.urlopen(link) as reply:
        assert reply.headers["content-type"] == "application/zip"
        archive = zipfile.ZipFile(io.BytesIO(reply.read()))
    assert archive.testzip() is None
    entries = {}
    for name in archive.namelist():
        content = archive.read(name)
        assert not content or content[:2] == b"\xfe\xff", "a byte order mark"
        entries[name] = content.decode("utf-16")
    delete(app, made)
    return mail, html, to, entries


def clock(ms, zone, form):
    at = datetime.datetime.fromtimestamp(ms / 1000, zoneinfo.ZoneInfo(zone))
    if form == "TS":
        return str(ms)
    if form == "ISO_SIMPLE":
        return at.strftime("%Y-%m-%d %H:%M:%S")
    if form == "ISO_INSTANT":
        return at.isoformat().replace("+00:00", "Z")
    return at.strftime("%Y-%m-%dT%H:%M:%S%Z")


@pytest.mark.parametrize("zone", ZONES)
def test_times_in_every_form_and_zone(place, zone):
    # Both sides of the two clock changes of the last year, too.
    steps = [NOW // HOUR * HOUR - hours * HOUR for hours in (9000, 6000, 4000, 3000, 1, 0)]
    seed(place, "v5", [(1.5, ms) for ms in steps], "hourly")
    for form in ("TS", "ISO_SIMPLE", "ISO_INSTANT", "ISO_INSTANT_Z"):
        _, _, _, entries = delivered(place, format=form, tzName=zone, granularityType="HOURLY", rangeMillis=400 * DAY)
        wanted = "".join(f"{clock(ms, zone, form)},1.5\n" for ms in steps)
        if zone == "Australia/Lord_Howe" and form == "ISO_INSTANT_Z":  # a zone without letters: its offset
            wanted = "".join(f"{clock(ms, zone, 'ISO_INSTANT')},1.5\n" for ms in steps)
        assert entries == {"Device_0_v5.csv": wanted}, form


def test_every_output_in_a_spreadsheets_eyes(place):
    device(place, 1, 'Tür; "links"')
    device(place, 2, "Температура")
    at = NOW // MINUTE * MINUTE - 10 * MINUTE
    for id in (0, 1, 2):
        seed(place, "v1", [(id + 0.25, at), (1e7, at + MINUTE)], device=id)
        seed(place, "d6", [(-0.0, at)], device=id)
    columns, devices = [column("v1", "Wärme, innen"), column("d6")], [0, 1, 2]
    outputs = {name: delivered(place, columns=columns, devices=devices, reportOutput=name, name="Büro/1")[3]
               for name in ("CSV_FILE_PER_DEVICE_PER_PIN", "CSV_FILE_PER_DEVICE", "MERGED_CSV", "EXCEL_TAB_PER_DEVICE")}
    names = ["Device_0", "Tür;links_1", "Температура_2"]
    assert list(outputs["CSV_FILE_PER_DEVICE_PER_PIN"]) == [f"{n}_{p}.csv" for n in names for p in ("Wrmeinnen", "d6")]
    assert outputs["EXCEL_TAB_PER_DEVICE"] == outputs["CSV_FILE_PER_DEVICE_PER_PIN"]
    assert list(outputs["CSV_FILE_PER_DEVICE"]) == [f"{n}.csv" for n in names]
    assert list(outputs["MERGED_CSV"]) == ["Büro1.csv"]
    rows = [[str(at), "Wärme, innen", "0.25"], [str(at + MINUTE), "Wärme, innen", "1.0E7"], [str(at), "d6", "-0.0"]]
    for id, (name, text) in enumerate(outputs["CSV_FILE_PER_DEVICE"].items()):
        assert list(csv.reader(io.StringIO(text)))[1:] == rows[1:], name
    merged = list(csv.reader(io.StringIO(outputs["MERGED_CSV"]["Büro1.csv"])))
    assert [row[2] for row in merged[::3]] == ["Device", 'Tür; "links"', "Температура"] and len(merged) == 9


def test_granularities_and_ranges(place):
    if time.time() % 60 > 45:  # The minute must not end between the records and the report.
        time.sleep(60 - time.time() % 60)
    now = int(time.time() * 1000)
    for label, period, count in (("minute", MINUTE, 1440), ("hourly", HOUR, 24), ("daily", DAY, 1)):
        start = now // period * period
        seed(place, "v9", [(float(i), start - i * period) for i in range(count * 3, 0, -1)], label)
        kind = {"minute": "MINUTE", "hourly": "HOURLY", "daily": "DAILY"}[label]
        for days in (1, 2):
            _, _, _, entries = delivered(place, columns=[column("v9")], granularityType=kind, rangeMillis=days * DAY + HOUR)
            lines = entries["Device_0_v9.csv"].splitlines()
            assert len(lines) == count * days and lines[-1].endswith(",1.0"), (label, days)


def test_the_mail(place):
    seed(place, "v5", [(1.0, NOW // MINUTE * MINUTE - MINUTE)])
    noon = 12 * HOUR
    cases = [
        ("ONE_TIME", {}, "one time", "One time"),
        ("DAILY", {"atTime": noon}, "daily", "Daily, at 14:00"),
        ("WEEKLY", {"atTime": noon, "dayOfTheWeek": 7}, "weekly", "Weekly, at 14:00 every Sunday"),
        ("MONTHLY", {"atTime": noon, "dayOfMonth": "LAST"}, "monthly", "Monthly, at 14:00 at the last day of every month"),
        ("MONTHLY", {"atTime": noon}, "monthly", "Monthly, at 14:00 at the first day of every month"),
        ("DAILY", {"atTime": noon, "durationType": "CUSTOM", "startTs": 4102444800000, "endTs": 4102531200000 - 3 * HOUR},
         "daily", "Daily, at 14:00<br>Start date: 2100-01-01<br>End date: 2100-01-01<br>"),
    ]
    for kind, schedule, word, period in cases:
        mail, html, to, _ = delivered(place, kind, name="Büro & <Küche>", tzName="Africa/Maputo",
                                      recipients="one@example.com, two@example.com", **schedule)
        subject = make_header(decode_header(mail["subject"]))
        assert str(subject) == f"Your {word} Büro & <Küche> is ready"
        assert f"Report name: Büro &amp; &lt;Küche&gt;<br>Period: {period}" in html
        assert sorted(to) == ["one@example.com", "two@example.com"]
        assert mail["to"].replace(" ", "") == "one@example.com,two@example.com"


def next_run(place, zone, local, kind="DAILY", start=None, end=None, **more):
    """When a report at that time of day runs next; with dates, only between them."""
    tz = zoneinfo.ZoneInfo(zone)
    hour, minute = map(int, local.split(":"))
    # The time of day in the zone as it is in January.
    at = datetime.datetime(2024, 1, 10, hour, minute, tzinfo=tz).timestamp() * 1000
    if start:
        day = [int(datetime.datetime.fromisoformat(d).replace(hour=15, tzinfo=tz).timestamp() * 1000) for d in (start, end)]
        more |= {"durationType": "CUSTOM", "startTs": day[0], "endTs": day[1]}
    made = report(place, kind, tzName=zone, atTime=int(at), **more)
    if isinstance(made, int):
        return made
    delete(place, made)
    # The run is a whole number of seconds after now, so it keeps now's part of a second.
    return datetime.datetime.fromtimestamp(made["nextReportAt"] // 1000, tz).isoformat()


def test_next_runs_around_clock_changes(place):
    one = lambda zone, day, local: next_run(place, zone, local, start=day, end=day)
    # The clock jumps from 2 to 3, from 3 to 4, by half an hour.
    assert one("America/New_York", "2030-03-10", "02:30") == "2030-03-10T03:30:00-04:00"
    assert one("Europe/Kiev", "2030-03-31", "03:30") == "2030-03-31T04:30:00+03:00"
    assert one("Australia/Lord_Howe", "2030-10-06", "02:10") == "2030-10-06T02:40:00+11:00"
    # The hour that comes twice: the offset of now if it is one of the two, else the earlier.
    winter = datetime.datetime.now(zoneinfo.ZoneInfo("America/New_York")).utcoffset() == datetime.timedelta(hours=-5)
    assert one("America/New_York", "2030-11-03", "01:30") == f"2030-11-03T01:30:00-0{5 if winter else 4}:00"
    # Days of 23 and 25 hours end at midnight.
    assert one("Europe/Kiev", "2030-03-31", "23:59") == "2030-03-31T23:59:00+03:00"
    assert one("Europe/Kiev", "2030-10-27", "23:59") == "2030-10-27T23:59:00+02:00"
    # A day that never was: Samoa skipped it; nothing breaks.
    assert next_run(place, "Pacific/Apia", "10:00")


def test_next_runs_of_weeks_and_months(place):
    between = {"start": "2032-02-10", "end": "2032-12-31"}
    assert next_run(place, "UTC", "08:00", "MONTHLY", dayOfMonth="LAST", **between) == "2032-02-29T08:00:00+00:00"
    assert next_run(place, "UTC", "08:00", "MONTHLY", dayOfMonth="FIRST", **between) == "2032-03-01T08:00:00+00:00"
    for day in range(1, 8):
        ran = datetime.datetime.fromisoformat(next_run(place, "Asia/Kolkata", "00:05", "WEEKLY", dayOfTheWeek=day, **between))
        assert ran.isoweekday() == day and datetime.date(2032, 2, 10) <= ran.date() <= datetime.date(2032, 2, 16)
    assert next_run(place, "UTC", "08:00", "WEEKLY", dayOfTheWeek=0, **between) == 2
    assert next_run(place, "UTC", "08:00", start="2020-01-01", end="2020-01-02") == 11


def test_zone_texts(place):
    kept = {"GMT+3": "GMT+03:00", "+5": "+05:00", "Canada/East-Saskatchewan": "America/Regina", "Asia/Hanoi": "Asia/Ho_Chi_Minh",
            "Nowhere/Land": "UTC", "Z": "Z", "UTC": "UTC", "Europe/Kyiv": "Europe/Kyiv"}
    for text, wanted in kept.items():
        made = report(place, tzName=text)
        assert made["tzName"] == wanted, text
        delete(place, made)
