"""Calls by a provider that is spoken to over TLS."""

import os

import pytest
from exchange_double import ACCOUNT, ExchangeDouble
from harness import wait_for
from https_double import Authority
from voice_system import VoiceSystem, telephone


@pytest.fixture
def system(tenko, tmp_path):
    with VoiceSystem(tenko) as system:
        system.authority = Authority(tmp_path / "authority")
        system.tenko.configure(voice={"tls_ca_file": system.authority.file},
                               escalation={"voice_retries": 0})
        yield system


def move(system, authority, port=0, **certificate):
    """To an exchange with such a certificate."""
    system.exchange.stop()
    options = ["--account", ACCOUNT, "--certificate", authority.certificate(**certificate)]
    system.exchange = ExchangeDouble(system.tenko.root / "tls", "callee *=answer 1", options=options,
                                     port=port).start()
    system.tenko.configure(voice={"api_url": system.exchange.url})


def test_calls_are_asked_for_over_tls(system):
    move(system, system.authority)
    assert system.exchange.url.startswith("https:")
    system.exchange.rules("place:1=hang", "callee *1111=answer 1 & silent", "callee *=answer 2")
    system.load(telephone("u1", "09011111111"), telephone("u2", "09022222222"))
    system.start()
    system.ask()
    assert system.finished()["answered"] == 2
    assert len(system.calls(count=2)) == 2


@pytest.mark.parametrize("wrong", ["unknown authority", "another address", "out of date"])
def test_no_call_and_no_password_goes_to_who_is_not_the_provider(system, tmp_path, wrong):
    authority, certificate = {
        "unknown authority": (Authority(tmp_path / "else", "Somebody"), {}),
        "another address": (system.authority, {"address": "127.0.0.9"}),
        "out of date": (system.authority, {"days": -1})}[wrong]
    move(system, authority, **certificate)
    system.load(telephone("u1", "09011111111"))
    _, _, worker, _ = system.start()
    system.ask()
    worker.wait_log("its certificate is not trusted")
    wait_for(lambda: system.status()["attempts"]["voice"].get("outage"))
    assert system.exchange.calls() == [] and system.status()["exhausted"] == 0
    move(system, system.authority, system.exchange.port)
    assert system.finished()["answered"] == 1
    assert len(system.calls()) == 1


def test_a_file_without_certificates_is_said_at_once(system):
    system.tenko.configure(voice={"tls_ca_file": system.tenko.root / "none"})
    worker = system.tenko.start("tenko-voice", ready=False)
    assert worker.wait() == os.EX_CONFIG
    assert "voice.tls_ca_file" in worker.log() and "no certificates" in worker.log()
