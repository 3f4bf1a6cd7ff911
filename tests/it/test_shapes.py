# SPDX-License-Identifier: MulanPSL-2.0
"""The same events of Windows as different shippers write them, and as an EVTX file: the same rules must match the same
events, and each of the labelled cases of the Sigma project must be found by its rule."""
import json

import evtx_file
import harness

FRAME = ("Channel", "EventID", "Computer", "Provider_Name")


def rest(event):
    return {key: value for key, value in event.items() if key not in FRAME}


def winlogbeat(event):
    return {"winlog": {"channel": event["Channel"], "event_id": event["EventID"], "computer_name": event["Computer"],
                       "provider_name": event["Provider_Name"], "event_data": rest(event)}}


def winlogbeat6(event):
    return {"log_name": event["Channel"], "event_id": event["EventID"], "computer_name": event["Computer"],
            "source_name": event["Provider_Name"], "event_data": rest(event)}


def nxlog(event):
    return {"Channel": event["Channel"].lower(), "EventID": event["EventID"], "Hostname": event["Computer"],
            "SourceName": event["Provider_Name"], **rest(event)}


def evtx_dump(event):
    return {"Event": {"System": {"Channel": event["Channel"], "Computer": event["Computer"],
                                 "EventID": {"#attributes": {"Qualifiers": 7}, "#text": event["EventID"]},
                                 "Provider": {"#attributes": {"Name": event["Provider_Name"]}}}, "EventData": rest(event)}}


def wazuh(event):
    return {"data": {"win": {"system": {"channel": event["Channel"], "eventID": str(event["EventID"]),
                                        "computer": event["Computer"], "providerName": event["Provider_Name"]},
                             "eventdata": {key[0].lower() + key[1:]: value for key, value in rest(event).items()}}}}


def velociraptor(event):
    return {"System": {"Channel": event["Channel"], "EventID": {"Value": event["EventID"]}, "Computer": event["Computer"],
                       "Provider": {"Name": event["Provider_Name"]}}, "EventData": rest(event)}


SHAPES = (dict, winlogbeat, winlogbeat6, nxlog, evtx_dump, wazuh, velociraptor)


def as_evtx(events):
    return evtx_file.write([{
        "provider": event["Provider_Name"], "id": event["EventID"], "channel": event["Channel"], "computer": event["Computer"],
        "time": 1795392000 + i, "data": evtx_file.event_data([(key, str(value)) for key, value in rest(event).items()])}
        for i, event in enumerate(events)], per_chunk=10)


def found_in(rules, path):
    done = harness.ward("detect", "--json", "--rules", rules, path)
    assert done.returncode == 1, done.stderr
    return {(match["line"], match["rule"]) for match in map(json.loads, done.stdout.splitlines())}


def test_every_shape_finds_the_same():
    harness.need_tool("zstd")
    folder = harness.temporary()
    events = [json.loads(line) for line in harness.need_shared("sigma-regression.jsonl").read_text(encoding="utf-8").splitlines()]
    cases = [line.split("\t") for line in harness.need_shared("sigma-regression.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    harness.run(["tar", "-C", folder, "--zstd", "-xf", harness.need_shared("sigma-rules.tar.zst")])
    wanted = {case[0] for case in cases}
    rules = folder / "chosen"
    rules.mkdir()
    for path in folder.glob("rules*/**/*.yml"):
        text = path.read_text(encoding="utf-8")
        if any(line.startswith("id: ") and line[4:].strip() in wanted for line in text.splitlines()):
            (rules / path.name).write_text(text, encoding="utf-8")
    expected = None
    for shape in SHAPES:
        path = folder / "events.jsonl"
        path.write_text("".join(json.dumps(shape(event), ensure_ascii=False) + "\n" for event in events), encoding="utf-8")
        found = found_in(rules, path)
        expected = expected or found
        assert found == expected, (shape.__name__, found ^ expected)
    path = folder / "events.evtx"
    path.write_bytes(as_evtx(events))
    found = found_in(rules, path)
    assert found == expected, found ^ expected
    for rule, first, count in cases:
        lines = range(int(first) + 1, int(first) + 1 + int(count))
        assert any((line, rule) in expected for line in lines), rule
