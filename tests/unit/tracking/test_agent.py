"""What an agent says of its program: tables of browsers, odd ones and programs, and that nothing hostile costs much."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.tracking.agent import Likeness, device_of, is_mail_app, read

WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 15; SM-A556E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile Safari/537.36"
)
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (WINDOWS, "Windows"),
        (f"{WINDOWS} Edg/142.0.0.0", "Windows"),
        (f"{WINDOWS} coc_coc_browser/140.0.0", "Windows"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0", "Windows"),
        ("Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", "Windows"),
        (f"{MAC} Version/18.5 Safari/605.1.15", "Mac"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Linux"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
         "Chromebook"),
        (f"{IPHONE} Version/18.5 Mobile/15E148 Safari/604.1", "iPhone"),
        (f"{IPHONE} Mobile/15E148 Zalo iOS/485 ZaloTheme/light ZaloLanguage/vi", "iPhone"),
        (f"{IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/480.0;FBDV/iPhone15,2;FBLC/vi_VN]", "iPhone"),
        (IPHONE.replace("iPhone; CPU iPhone", "iPad; CPU") + " Mobile/15E148", "iPad"),
        (ANDROID, "Android"),
        (ANDROID.replace("SM-A556E", "CUBOT_P20"), "Android"),  # a brand of phones
        (ANDROID.replace("SM-A556E", "XBot Junior"), "Android"),
        (ANDROID.replace("SM-A556E", "Zeus 10 Pro Build/RP1A; wv"), "Android"),
        ("Opera/9.80 (Windows NT 6.1; U; vi) Presto/2.10 Version/12.00", "Windows"),
        ("Nokia6300/2.0 (07.21) Profile/MIDP-2.0 Configuration/CLDC-1.1", "phone"),
    ],
)  # fmt: skip
def test_a_browser_is_made_of_known_parts(agent: str, device: str) -> None:
    """Whatever the phone's model is called."""
    assert (read(agent).likeness, read(agent).device) == (Likeness.BROWSER, device)


@pytest.mark.parametrize(
    ("agent", "mark"),
    [
        (f"{WINDOWS} LinkChecker/2.0", "linkchecker/2.0"),
        (WINDOWS.replace("; x64)", "; x64; Catchpoint)"), "catchpoint"),
        (f"{ANDROID} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "http://www.google.com/bot.html"),
        ("Mozilla/5.0 (compatible; Something/1.0; +https://something.example)", "https://something.example"),
        (f"{WINDOWS} (ops@watch.example)", "ops@watch.example"),
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Thing) Chrome/119.0 Safari/9", "compatible"),
        ("python-requests/2.32", "python-requests/2.32"),
        ("Go-http-client/2.0", "go-http-client/2.0"),
        ("<script>alert(1)</script>", "<script>alert"),
    ],
)  # fmt: skip
def test_a_program_gives_itself_away(agent: str, mark: str) -> None:
    """By the address of its maker, by what it calls itself, by being compatible to nothing."""
    assert (read(agent).likeness, read(agent).mark) == (Likeness.PROGRAM, mark)


@pytest.mark.parametrize(
    ("agent", "likeness"),
    [
        (f"{WINDOWS} Wunderbar/3.1", Likeness.ODD),  # an app's own browser, or a machine in disguise
        (WINDOWS.replace("; x64)", "; x64; Wunderbar)"), Likeness.ODD),
        ("Wunderbar/3.1", Likeness.BARE),
        ("Mozilla/5.0", Likeness.BARE),
        ("okhttp/4.12.0", Likeness.BARE),
        ("", Likeness.BARE),
    ],
)
def test_what_is_neither_is_left_open(agent: str, likeness: Likeness) -> None:
    """Other signs decide."""
    assert read(agent).likeness is likeness


def test_a_mail_app_names_itself() -> None:
    """Outlook on a desk, on a phone, Thunderbird."""
    apps = (
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.12026; Pro)",
        "Outlook-iOS/709.2189947.prod.iphone (3.24.0)",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0",
    )
    assert all(map(is_mail_app, apps))
    assert not is_mail_app(WINDOWS)


@given(st.text(max_size=300))
def test_nothing_a_stranger_writes_breaks_it(agent: str) -> None:
    """An agent is whatever comes."""
    assert read(agent).likeness in set(Likeness)
    assert isinstance(device_of(agent), str)


@pytest.mark.parametrize(
    "agent",
    ["Mozilla/5.0 " + "(" * 290, "Mozilla/5.0 (" + "a;" * 145, "a-" * 150, "Mozilla/5.0 (" + "()" * 145, "a." * 150],
)
def test_a_hostile_agent_costs_no_more_than_its_share(agent: str) -> None:
    """No expression runs away."""
    started = time.process_time()
    for number in range(20):
        read(f"{agent[:295]}{number}")
    assert time.process_time() - started < 0.5
