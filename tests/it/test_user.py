# SPDX-License-Identifier: MulanPSL-2.0
"""Accounts of the office: over the network with a real authenticator, and from the machine when nobody can log in any more."""
import json

from harness import need_tool, run, temporary, ward
from office import PASSWORD, Office, totp


def test_reset_on_the_machine_lets_the_owner_in_again():
    tool = need_tool("oathtool")
    folder = temporary() / "office"
    with Office(folder) as office:
        client = office.first()
        status, session = client.get("/api/session")
        login = session["user"]["login"]
        assert run([tool, "--totp", "--base32", client.secret]).stdout.strip() == totp(client.secret)  # the clients' own codes are right
        done = ward("user", "list", "--dir", folder)
        assert done.returncode == 2 and "running" in done.stderr or login in done.stdout, done
        done = ward("user", "reset", login, "--dir", folder)
        assert done.returncode == 2 and "ward is running on these records" in done.stderr, done
    done = ward("user", "list", "--dir", folder, "--format", "json")
    assert [one["login"] for one in json.loads(done.stdout)] == [login], done
    done = ward("user", "list", "--dir", folder, "--lang", "zh-CN")
    assert login in done.stdout and "正常" in done.stdout and "security" in done.stdout, done
    done = ward("user", "reset", login, "--second-factor", "--dir", folder, "--format", "json")
    given = json.loads(done.stdout)["password"]
    done = ward("user", "add", "li", "--role", "auditor", "--role", "operator", "--dir", folder)
    assert done.returncode == 2 and "nobody may be operator and auditor at once" in done.stderr, done
    assert ward("user", "add", "li", "--role", "auditor", "--dir", folder).returncode == 0
    assert ward("user", "lock", "li", "--dir", folder).returncode == 0
    assert ward("user", "add", "li", "--dir", folder).returncode == 2
    assert ward("user", "reset", "nobody", "--dir", folder).returncode == 2
    with Office(folder) as office:
        client = office.client()
        status, answer = client.post("/api/login", {"login": login, "password": PASSWORD})
        assert status == 401 and answer["error"]["code"] == "login", answer
        status, session = client.post("/api/login", {"login": login, "password": given})
        assert status == 200 and session["must"] == "password", session
        client.csrf = session["csrf"]
        status, answer = client.post("/api/password", {"old": given, "new": "another Lotus-7 pond"})
        assert status == 204, answer
        client.second_factor()
        status, answer = client.get("/api/journal?kind=user&limit=100")
        assert any(row["actor_name"].startswith("ward user: ") and row["action"] == "reset" for row in answer["rows"]), answer
        assert given not in json.dumps(answer)


def test_forged_and_stolen_sessions_open_nothing():
    with Office(temporary() / "office") as office:
        client = office.first()
        thief = office.client()
        status, _ = thief.get("/api/users")
        assert status == 401
        for cookie in ("0" * 64, "", "../../etc/passwd", client.cookie[:-1] + ("0" if client.cookie[-1] != "0" else "1"), client.cookie + "0"):
            thief.cookie = cookie
            assert thief.get("/api/session")[0] == 401, cookie
        thief.cookie, thief.csrf = client.cookie, None   # the cookie alone, from the page of another site
        assert thief.request("PATCH", "/api/me", {"lang": "vi"})[0] == 403
        thief.csrf = "0" * 64
        assert thief.request("PATCH", "/api/me", {"lang": "vi"})[0] == 403
        thief.csrf = client.csrf
        assert thief.request("PATCH", "/api/me", {"lang": "vi"}, {"Origin": "https://elsewhere.example"})[0] == 403
        assert client.request("PATCH", "/api/me", {"lang": "vi"})[0] == 204
        # A cookie that somebody planted before the login is not the session afterwards.
        planted = office.client()
        planted.cookie = "a" * 64
        status, _ = planted.post("/api/login", {"login": client.get("/api/session")[1]["user"]["login"], "password": PASSWORD})
        assert planted.cookie != "a" * 64 or status == 401
        # The address of the server takes a guesser's breath away.
        guesser = office.client()
        seen = set()
        for _ in range(12):
            status, answer = guesser.post("/api/login", {"login": "nobody", "password": "wrong password"})
            seen.add(status)
        assert seen <= {401, 429} and 429 in seen, seen
