# SPDX-License-Identifier: MulanPSL-2.0
"""Who hears of what in the stream of changes: each role of an office, and somebody of the organisation below."""
import http.client
import json
import threading
import time

from harness import temporary
from office import PASSWORD, Office
from staff import staff


class Listener:
    """The stream of one person, open until stop(); .kinds are those of the changes that came."""

    def __init__(self, client):
        self.link = http.client.HTTPSConnection(client.host, client.port, timeout=60, context=client.context)
        self.link.request("GET", "/api/stream", headers={"Cookie": f"__Host-ward={client.cookie}"})
        self.answer = self.link.getresponse()
        assert self.answer.status == 200
        self.kinds, self.seen, self.begun = set(), [], threading.Event()
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()
        assert self.begun.wait(10)

    def listen(self):
        try:
            while line := self.answer.readline():
                self.begun.set()
                if line.startswith(b"data: ") and b'"kind"' in line:
                    told = json.loads(line[6:])
                    self.seen.append(told)
                    self.kinds.add(told["kind"])
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # it was stopped


def test_who_hears_of_what():
    with Office(folder=temporary() / "office", config="profile: city\n") as office:
        people = staff(office, "leader", "duty", "verifier", "supplier", "auditor")
        security = people["security"]
        root = security.get("/api/orgs")[1]["rows"][0]["id"]
        status, below = security.post("/api/records/org", {"values": {"name": "云溪区医疗保障局", "code": "YX", "kind": "bureau", "tier": "county",
                                                                      "parent": root}})
        assert status < 300, below
        status, made = security.post("/api/users", {"login": "xia", "name": "夏经办", "org": below["record"]["id"]})
        assert status == 201, made
        stranger = office.client().login("xia", made["password"])
        assert stranger.post("/api/password", {"old": made["password"], "new": PASSWORD})[0] in (200, 204)
        if stranger.session()[0] != 200:
            stranger.login("xia")
        status, pair = security.put(f"/api/users/{made['id']}/roles", {"roles": ["officer"], "reason": "岗位需要"})
        assert status == 202 and people["leader"].post(f"/api/pairs/{pair['pair']}/confirm", {"reason": "已核对"})[0] == 204
        stranger = office.client().login("xia")
        heard = {name: Listener(client) for name, client in (people | {"stranger": stranger}).items()}
        # Something for a second person; an incident and what happened in it; an account.
        duty = next(row["id"] for row in security.get("/api/users")[1]["rows"] if row["login"] == "duty")
        assert security.put(f"/api/users/{duty}/roles", {"roles": ["duty", "officer"], "reason": "兼任"})[0] == 202
        status, incident = people["duty"].post("/api/records/incident", {"values": {"summary": "门户网站被篡改", "t0": int(time.time()) - 60}})
        assert status < 300, incident
        assert people["duty"].post(f"/api/incidents/{incident['record']['id']}/timeline", {"what": "已断开网络"})[0] == 200
        assert security.post("/api/users", {"login": "newcomer", "name": "新同事"})[0] == 201
        everybody = {"pair", "incident", "timeline"}
        keepers = everybody | {"user"}
        office.wait(lambda: keepers <= heard["security"].kinds and keepers <= heard["auditor"].kinds, "what the keepers hear", 20)
        office.wait(lambda: all(everybody <= heard[name].kinds for name in ("leader", "duty", "verifier", "supplier")), "what all hear", 20)
        for name in ("leader", "duty", "verifier", "supplier"):
            assert "user" not in heard[name].kinds, (name, heard[name].kinds)
        assert not [told for told in heard["stranger"].seen if told.get("org") == root], heard["stranger"].seen
        for one in heard.values():
            one.link.sock and one.link.sock.close()
