# SPDX-License-Identifier: MulanPSL-2.0
"""An office with its people, for tests that need more than the first one.

The first security administrator gives roles alone until there is somebody who could confirm; from then on that one does."""
from office import PASSWORD

PEOPLE = {
    "operator": ("沈运维", ["operator"]),
    "leader": ("周局长", ["leader"]),
    "officer": ("何经办", ["officer"]),
    "duty": ("田值班", ["duty"]),
    "verifier": ("苏复核", ["verifier"]),
    "supplier": ("魏外包", ["supplier"]),
    "auditor": ("严审计", ["auditor"]),
}
SECOND_FACTOR = {"operator", "security", "auditor"}


def staff(office, *roles, only=False):
    """{role: Client} with `security`, who used the one-time link, and those that are named (all without a name; `only`: nobody else), each logged in;
    .person is the number of their person record, .name their name."""
    security = office.first(login="security", name="陈立国", org="青石市医疗保障局", kind="city")
    security.name, security.person = "陈立国", security.session()[1]["person"]
    people = {"security": security}
    for role in [role for role in PEOPLE if not only and (not roles or role in roles)]:
        name, given = PEOPLE[role]
        status, made = security.post("/api/users", {"login": role, "name": name})
        assert status == 201, (status, made)
        status, said = security.put(f"/api/users/{made['id']}/roles", {"roles": given, "reason": "岗位需要"})
        if status == 202:
            second = next(people[name] for name in ("leader", "auditor") if name in people)
            status, said = second.post(f"/api/pairs/{said['pair']}/confirm", {"reason": "已核对"})
        assert status in (200, 204), (status, said)
        client = office.client().login(role, made["password"])
        status, said = client.post("/api/password", {"old": made["password"], "new": PASSWORD})
        assert status in (200, 204), (status, said)
        if client.session()[0] != 200:
            client.login(role)
        if set(given) & SECOND_FACTOR:
            client.second_factor()
        client.name, client.person = name, client.session()[1]["person"]
        people[role] = client
    return people


def described(office, people, **more):
    """For a test in the browser: where the office is, and whose session is whose."""
    return {"base": f"https://127.0.0.1:{office.port}/",
            "people": {role: {"cookie": one.cookie, "person": one.person, "name": one.name} for role, one in people.items()}} | more
