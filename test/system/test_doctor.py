"""tenko doctor against servers that are well and that are not; each problem says what to do."""

import datetime
import json
import os
import re
import socket
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from dns_double import DnsDouble
from exchange_double import ACCOUNT, ExchangeDouble
from feed_double import FeedDouble
from harness import needs_root, wait_for
from smtp_double import SmtpDouble

FAULT = 69
DOMAIN = {("example.jp", "TXT"): ["something else", "v=spf1 ip4:192.0.2.1 -all"],
          ("example.jp", "MX"): ["mx.example.jp"],
          ("_dmarc.example.jp", "TXT"): ["v=DMARC1; p=none"]}


def doctor(tenko, *checks, code=0, more=()):
    """level -> texts of the findings"""
    only = ("--only", ",".join(checks)) if checks else ()
    answer = json.loads(tenko.cli("doctor", "--json", *only, *more, code=code).stdout)
    found = {"ok": [], "warning": [], "fault": [], "not_set_up": []}
    for finding in answer["findings"]:
        found[finding["level"]].append(finding["text"])
        assert finding["level"] not in ("warning", "fault") or finding.get("advice"), finding
    assert answer["faults"] == len(found["fault"]) and answer["warnings"] == len(found["warning"])
    return found


def certificate(folder, days, name="localhost"):
    """A certificate that signs itself and ends in so many days; (certificate, key)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.utcnow()
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=100))
            .not_valid_after(now + datetime.timedelta(days=days, hours=1 if days > 0 else -1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
            .sign(key, hashes.SHA256()))
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / f"{days}.crt", folder / f"{days}.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption()))
    paths[1].chmod(0o600)
    return paths


def relay_options(tenko, days):
    made, key = certificate(tenko.root / "tls", days)
    return ["--tls", "offered", "--cert", str(made), "--key", str(key), "--auth", "tenko:secret"]


@pytest.fixture
def strict(tenko):
    """Settings for a relay with STARTTLS and a login."""
    tenko.configure(mail={"relay_host": "localhost", "tls": "required", "username": "tenko",
                          "password": "secret", "from_address": "anpi@example.jp",
                          "tls_ca_file": tenko.root / "tls" / "90.crt"})
    tenko.conf.chmod(0o600)
    return tenko


# the whole


def test_a_sound_system_has_no_fault(strict):
    tenko = strict
    tenko.start_redis()
    with SmtpDouble(tenko.root / "relay", options=relay_options(tenko, 90)) as relay, \
            DnsDouble(DOMAIN) as dns:
        tenko.configure(tenko={"organisation": "点呼商事"}, mail={"relay_port": relay.port})
        for name in ("tenko-scheduler", "tenko-mail"):
            tenko.start(name)
        reply = tenko.start("tenko-reply")
        tenko.configure(reply={"port": 0, "base_url": f"http://127.0.0.1:{tenko.reply_port()}"})
        found = doctor(tenko, more=("--resolver", dns.address))
        assert reply.alive and not found["fault"]
        text = " | ".join(found["ok"])
        for part in ("sound", "takes the login", "good for 90 more days", "everything adds up",
                     "tenko-scheduler runs", "mail: 1 worker", "Redis", "SPF", "DMARC", "takes mail",
                     f"{tenko.reply_port()}: answers"):
            assert part in text, part
        assert relay.messages() == [], "nothing is sent"
        lines = tenko.cli("doctor", "--resolver", dns.address).stdout.splitlines()
        assert re.match(r"\d+ ok, \d+ warnings?, 0 faults, \d+ not set up$", lines[-1])
        assert any(line.startswith("ok       relay      localhost:") for line in lines)
        assert "secret" not in "\n".join(lines).replace("secret.key", "")


def test_nothing_there_at_all(bare):
    bare.configure(mail={"relay_port": 1})
    bare.conf.chmod(0o600)
    found = doctor(bare, code=FAULT)
    faults = " | ".join(found["fault"])
    assert "No such file or directory" in faults and "tenkod does not run" in faults
    assert "Redis at" in faults and "no domain that anybody knows" in faults
    assert "settings" in bare.cli("doctor", "--only", "settings").stdout


def test_a_machine_with_workers_alone(strict):
    """It has no store, no keys and no endpoint, and is not told to have them."""
    tenko = strict
    redis = tenko.start_redis()
    tenko.start("tenko-scheduler")  # on the main machine
    folder = tenko.root / "far"
    folder.mkdir(mode=0o700)
    tenko.configure(tenko={"data_dir": str(folder)}, roles={"workers": "mail"}, workers={"voice": 0, "push": 0},
                    feed={"enabled": True})
    with SmtpDouble(tenko.root / "relay", options=relay_options(tenko, 90)) as relay, DnsDouble(DOMAIN) as dns:
        tenko.configure(mail={"relay_port": relay.port})
        found = doctor(tenko, code=FAULT, more=("--resolver", dns.address))
        assert [text for text in found["fault"] if "no worker of this machine" in text] == found["fault"]
        tenko.start("tenko-mail")
        wait_for(lambda: "mail: 1 worker" in tenko.cli("doctor", "--only", "processes", code=None).stdout)
        found = doctor(tenko, more=("--resolver", dns.address))
    assert "mail: 1 worker on this machine" in found["ok"] and f"{folder}: its owner's alone" in found["ok"]
    elsewhere = [text for text in found["not_set_up"] if "is the main machine's" in text]
    assert len(elsewhere) == 5 and "voice is not in roles.workers" in found["not_set_up"]
    assert "people are not told" not in str(found["warning"])
    tenko.configure(roles={"workers": "mail,push"}, workers={"push": 1})
    assert "copy it from the main machine" in tenko.cli("doctor", "--only", "files", code=FAULT).stdout
    redis.kill()
    assert doctor(tenko, "processes")["not_set_up"]


def test_words_that_are_not_understood(bare):
    for words in (["now"], ["--only", "relay,heart"], ["--only", ""], ["--timeout", "0"],
                  ["--timeout", "soon"], ["--frobnicate"]):
        assert "tenko doctor --help" in bare.cli("doctor", *words, code=64).stderr


# the relay


def test_a_relay_that_refuses_the_login(strict):
    with SmtpDouble(strict.root / "relay", options=relay_options(strict, 90)) as relay:
        strict.configure(mail={"relay_port": relay.port, "password": "wrong"})
        text = strict.cli("doctor", "--only", "relay", code=FAULT).stdout
        assert re.search(r"^FAULT    relay      localhost:\d+: .*\(535", text, re.M)
        assert "-> see mail.username and mail.password" in text and "wrong" not in text


def test_certificates_of_the_relay(strict):
    for days, expected in ((-3, "ran out 3 days ago"), (5, "good for 5 more days")):
        with SmtpDouble(strict.root / f"relay{days}", options=relay_options(strict, days)) as relay:
            strict.configure(mail={"relay_port": relay.port, "tls_verify": True,
                                   "tls_ca_file": strict.root / "tls" / f"{days}.crt"})
            found = doctor(strict, "relay", code=FAULT if days < 0 else 0)
            assert expected in " | ".join(found["fault"] + found["warning"])
            if days < 0:
                assert "certificate has expired" in " | ".join(found["fault"])
    with SmtpDouble(strict.root / "stranger", options=relay_options(strict, 60)) as relay:
        strict.configure(mail={"relay_port": relay.port, "tls_ca_file": ""})
        assert "not trusted" in doctor(strict, "relay", code=FAULT)["fault"][0]
        strict.configure(mail={"tls": "if-offered"})
        assert "not trusted" in doctor(strict, "relay")["warning"][0]


def test_a_relay_without_what_the_settings_want(strict):
    with SmtpDouble(strict.root / "plain") as relay:
        strict.configure(mail={"relay_port": relay.port})
        assert "no STARTTLS" in doctor(strict, "relay", code=FAULT)["fault"][0]
        strict.configure(mail={"tls": "off"})
        assert "no AUTH" in doctor(strict, "relay", code=FAULT)["fault"][0]
        strict.configure(mail={"username": "", "password": "", "transport": "null"})
        found = doctor(strict, "relay")
        assert "without TLS" in found["ok"][0] and "NOTHING GOES OUT" in found["warning"][0]


def test_a_password_in_the_clear(strict):
    with SmtpDouble(strict.root / "relay", options=["--auth", "tenko:secret"]) as relay:
        strict.configure(mail={"relay_port": relay.port, "tls": "if-offered"})
        found = doctor(strict, "relay")
        assert "takes the login" in found["ok"][0] and "in the clear" in found["warning"][0]


def test_a_relay_that_hangs_holds_up_nothing_else(strict):
    """It takes the connection and never says a word; the others' findings are there all the same."""
    with socket.create_server(("127.0.0.1", 0)) as dead:
        strict.configure(mail={"relay_host": "127.0.0.1", "relay_port": dead.getsockname()[1]})
        done = strict.cli("doctor", "--only", "settings,disk,relay", "--timeout", "6", code=FAULT)
        assert "did not answer in time" in done.stdout
        assert done.stdout.index("disk") < done.stdout.index("relay")
        assert "still looking at: relay" in done.stderr


def test_a_check_that_cannot_be_ended_kindly_is_left(strict):
    """A certificate that is a pipe: opening it blocks for ever."""
    os.mkfifo(strict.root / "certificate")
    strict.configure(reply={"tls_certificate": strict.root / "certificate",
                            "tls_key": strict.root / "certificate"})
    found = doctor(strict, "tls", "disk", code=FAULT, more=("--timeout", "1"))
    assert found["fault"] == ["did not end in time, and was left"] and found["ok"]


# the names


@pytest.mark.parametrize("change, level, expected", [
    ({("example.jp", "TXT"): ["nothing of the kind"]}, "warning", "no SPF record"),
    ({("example.jp", "TXT"): ["v=spf1 -all", "v=spf1 ~all"]}, "fault", "2 SPF records"),
    ({("example.jp", "TXT"): ["v=spf1 +all"]}, "warning", "lets anybody send"),
    ({("_dmarc.example.jp", "TXT"): []}, "warning", "no DMARC record"),
    ({("example.jp", "MX"): []}, "warning", "takes no mail"),
    ({("example.jp", "TXT"): ["v=spf1 " + "include:a.example.jp " * 15 + "-all"]}, "ok", "has an SPF record"),
])
def test_what_the_world_can_look_up(strict, change, level, expected):
    records = {key: values for key, values in {**DOMAIN, **change}.items()}
    with DnsDouble(records) as dns:
        found = doctor(strict, "dns", code=None, more=("--resolver", dns.address))
        assert any(expected in text for text in found[level]), found


def test_a_name_that_nobody_knows_and_a_resolver_that_is_silent(strict):
    with DnsDouble({("example.com", "MX"): []}) as dns:
        assert "there is no domain example.jp" in doctor(
            strict, "dns", code=FAULT, more=("--resolver", dns.address))["fault"]
    with DnsDouble(DOMAIN, silent=True) as dns:
        assert "no answer" in doctor(strict, "dns", code=FAULT,
                                     more=("--resolver", dns.address))["fault"][0]
        assert dns.asked
    assert "is no address" in doctor(strict, "dns", code=FAULT,
                                     more=("--resolver", "example.jp"))["fault"][0]


def test_dmarc_may_stand_at_the_domain_above(strict):
    strict.configure(mail={"from_address": "anpi@mail.example.jp"})
    records = {**DOMAIN, ("mail.example.jp", "TXT"): ["v=spf1 -all"], ("mail.example.jp", "MX"): ["mx"]}
    with DnsDouble(records) as dns:
        assert "mail.example.jp has a DMARC record" in doctor(
            strict, "dns", more=("--resolver", dns.address))["ok"]


# Redis


def test_a_redis_that_forgets(tenko):
    redis = tenko.start_redis()
    redis.client.config_set("appendonly", "no")
    redis.client.config_set("maxmemory-policy", "allkeys-lru")
    found = doctor(tenko, "redis")
    assert "keeps nothing on disk" in found["warning"][0] and "allkeys-lru" in found["warning"][1]
    redis.client.config_set("maxmemory", "100mb")
    assert "throws jobs away" in doctor(tenko, "redis", code=FAULT)["fault"][0]
    redis.client.config_set("maxmemory", "0")
    redis.client.execute_command("ACL", "SETUSER", "default", "-set")
    assert "does not let us write" in doctor(tenko, "redis", code=FAULT)["fault"][0]


def test_a_redis_over_tcp_without_a_password(tenko):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    redis = tenko.start_redis()
    redis.client.config_set("port", port)
    tenko.configure(redis={"address": f"127.0.0.1:{port}"})
    assert "redis.password is empty" in tenko.cli("doctor", code=78).stderr
    tenko.configure(redis={"allow_insecure": True})
    assert "without a password" in doctor(tenko, "redis")["warning"][0]
    redis.client.config_set("requirepass", "something")
    tenko.configure(redis={"password": "something"})
    tenko.conf.chmod(0o600)
    assert not doctor(tenko, "redis")["fault"]
    tenko.configure(redis={"password": "wrong"})
    text = tenko.cli("doctor", "--only", "redis", code=FAULT).stdout
    assert "WRONGPASS" in text and "redis.password" in text


# files, disk, store


def test_modes_and_keys(tenko):
    (tenko.data_dir / "secret.key").chmod(0o640)
    (tenko.data_dir / "vapid.key").unlink()
    tenko.data_dir.chmod(0o755)
    tenko.configure(mail={"username": "a", "password": "hidden"})
    tenko.conf.chmod(0o644)
    found = doctor(tenko, "files", code=FAULT)
    assert "others can look into it (mode 755)" in found["warning"][0]
    faults = " | ".join(found["fault"])
    assert "secret.key: others than its owner can read it (mode 640)" in faults
    assert "vapid.key: No such file" in faults and "holds passwords" in faults
    assert "hidden" not in faults
    tenko.configure(mail={"username": "", "password": ""}, reply={"admin_token": "hidden"})
    assert "holds passwords" in str(doctor(tenko, "files", code=FAULT)["fault"])


def test_a_store_that_is_damaged_or_does_not_add_up(tenko):
    assert doctor(tenko, "store", "records")["ok"]
    tenko.sql("INSERT INTO tally VALUES (1, 'state', 1, 5)")
    tenko.sql("INSERT INTO broadcast(id, title, body, kind, state, lane, targets, channels, mail_retries,"
              " voice_retries, push_retries, temporary_retries, retry_interval, final_wait, rounds,"
              " round_interval, targeted, requested_at, requested_by, expires_at)"
              " VALUES (1, 'T', '', 1, 5, 0, 'all', 2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 'x', 2)")
    assert "does not add up" in doctor(tenko, "records", code=FAULT)["fault"][0]
    path = tenko.data_dir / "tenko.db"
    data = bytearray(path.read_bytes())
    for at in range(8192, len(data), 4096):
        data[at:at + 200] = b"\xff" * 200
    path.write_bytes(data)
    assert doctor(tenko, "store", code=FAULT)["fault"]


@needs_root
def test_a_disk_that_is_nearly_full(tenko):
    small = tenko.root / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=50m", "tenko", small], check=True)
    try:
        tenko.configure(tenko={"data_dir": str(small)})
        assert "MB free" in doctor(tenko, "disk", code=FAULT)["fault"][0]
    finally:
        subprocess.run(["umount", small], check=True)


# outside


def test_accounts_at_the_provider(tenko):
    sid = ACCOUNT.split(":")[0]
    with ExchangeDouble(tenko.root / "exchange", options=["--account", ACCOUNT]) as exchange:
        tenko.configure(broadcast={"channels": "voice"},
                        voice={"api_url": exchange.url, "accounts": f"{ACCOUNT}:+815000000000"})
        assert "the provider knows it" in doctor(tenko, "voice")["ok"][0]
        tenko.configure(voice={"accounts": f"{sid}:wrong:+815000000000"})
        text = tenko.cli("doctor", "--only", "voice", code=FAULT).stdout
        assert "refuses the login (401)" in text and sid not in text and "wrong" not in text
        exchange.rules("account=suspended")
        tenko.configure(voice={"accounts": f"{ACCOUNT}:+815000000000"})
        assert "suspended" in doctor(tenko, "voice", code=FAULT)["fault"][0]
        assert exchange.calls() == []
    assert doctor(tenko, "voice", code=FAULT)["fault"]
    assert "not in broadcast.channels" in doctor(tenko, "relay", "push", "dns")["not_set_up"][0]


def test_keys_for_push(tenko):
    tenko.configure(broadcast={"channels": "push"}, push={"fcm_service_account": tenko.root / "fcm.json"})
    (tenko.root / "fcm.json").write_text("{}")
    (tenko.root / "fcm.json").chmod(0o600)
    found = doctor(tenko, "push", code=FAULT)
    assert "no service account" in found["fault"][0] and "push.contact is empty" in found["warning"][0]
    (tenko.data_dir / "vapid.key").write_text("nonsense")
    tenko.configure(push={"contact": "anpi@example.jp", "fcm_service_account": ""})
    found = doctor(tenko, "push", code=FAULT)
    assert "vapid.key" in found["fault"][0] and "mailto:" in found["fault"][1]


def test_feeds_and_the_clock_by_them(tenko):
    with FeedDouble(tenko.root / "feeds") as feeds:
        (tenko.root / "feeds" / "eqvol").mkdir()
        tenko.configure(feed={"enabled": True, "allow_private": True,
                              "atom_urls": f"{feeds.url('/feed/eqvol.xml')} {feeds.url('/missing/b.xml')}"})
        found = doctor(tenko, "feeds", "clock", code=None)
        assert any("eqvol.xml: answers" in text for text in found["ok"]), found
        assert any("the clock of the first feed" in text for text in found["ok"]), found
        tenko.sql("INSERT INTO feed VALUES (?, 1, 1, '')", feeds.url("/feed/eqvol.xml"))
        assert any("no sound answer for" in text
                   for text in doctor(tenko, "feeds", code=FAULT)["fault"])
        tenko.configure(feed={"allow_private": False})
        assert "no https address" in doctor(tenko, "feeds", code=FAULT)["fault"][0]
    tenko.configure(feed={"enabled": False})
    assert "feed.enabled = no" in doctor(tenko, "feeds")["not_set_up"][0]


def test_what_answers_at_the_address_of_the_links(tenko):
    """The reply page itself, somebody else, nobody."""
    tenko.start("tenko-reply")
    port = tenko.reply_port()
    tenko.configure(reply={"base_url": f"http://127.0.0.1:{port}"})
    found = doctor(tenko, "reply")
    assert "answers" in found["ok"][0] and "only this machine" in found["warning"][0]
    with FeedDouble(tenko.root / "other") as other:
        tenko.configure(reply={"base_url": other.url("/").rstrip("/")})
        assert "somebody else answers" in doctor(tenko, "reply", code=FAULT)["fault"][0]
    tenko.configure(reply={"base_url": "http://127.0.0.1:1"})
    assert "connect" in doctor(tenko, "reply", code=FAULT)["fault"][0]


def test_certificates_of_the_reply_page(tenko):
    good, old = certificate(tenko.root / "tls", 90), certificate(tenko.root / "tls", -2)
    tenko.configure(reply={"tls_certificate": good[0], "tls_key": old[1]})
    found = doctor(tenko, "tls", code=FAULT)
    assert "do not belong together" in found["fault"][0]
    tenko.configure(reply={"tls_certificate": old[0], "base_url": "https://127.0.0.1:1"})
    faults = " | ".join(doctor(tenko, "tls", code=FAULT)["fault"])
    assert "ran out 2 days ago" in faults and "https://127.0.0.1:1" in faults
    tenko.configure(reply={"tls_certificate": good[0], "tls_key": good[1]})
    tenko.start("tenko-reply")
    tenko.configure(reply={"base_url": f"https://localhost:{tenko.reply_port()}"})
    found = doctor(tenko, "tls", code=FAULT)
    assert "good for 90 more days" in found["ok"][0] and "phones will not trust" in found["fault"][0]
