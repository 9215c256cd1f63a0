"""What sets the broadcast going. Each is a function of the system that sees to it that there is one,
says what it did, and gives what was Asked.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Asked:
    """The broadcast, and its title by language."""
    broadcast: int
    title: dict


TITLE = "【安否確認】地震が発生しました"
TITLE_EN = "Safety check: earthquake"
BODY = "21日午前、強い揺れがありました。\n下のリンクから状況をお知らせください。"
BODY_EN = "A strong earthquake was felt this morning.\nPlease tell us how you are."


def by_command(system, output):
    """An operator's command, to everybody; first what would come of it."""
    body, body_en = system.folder / "body.txt", system.folder / "body.en.txt"
    body.write_text(BODY + "\n", encoding="utf-8")
    body_en.write_text(BODY_EN + "\n", encoding="utf-8")
    words = ("--title", TITLE, "--title-en", TITLE_EN, "--body", body, "--body-en", body_en,
             "--to", "all", "--yes")
    ahead = system.tenko_json("broadcast", *words, "--dry-run")["attempts"]
    output.say("if nobody answers: " + ", ".join(f"{n} by {c}" for c, n in ahead.items()))
    told = system.tenko_json("broadcast", *words)
    output.say(f"broadcast {told['broadcast']}, {told['targeted']} people: {TITLE}")
    return Asked(told["broadcast"], {"ja": TITLE, "en": TITLE_EN})
