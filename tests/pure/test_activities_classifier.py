"""The order in which an activity is found, and what a verdict says."""

from __future__ import annotations

import pytest

from detector.activities.classifier import Classifier
from detector.activities.load import read_catalogue
from detector.activities.settings import OwnEntry
from detector.core.observations import Activity

APPS = [
    ("org.telegram.desktop", None, None, "messaging"),
    ("TelegramDesktop", None, None, "messaging"),
    ("org.telegram.desktop.desktop", None, None, "messaging"),
    ("Signal", None, None, "messaging"),
    ("discord", None, None, "messaging"),
    ("thunderbird_thunderbird", None, None, "mail"),
    ("Mail", None, None, "other"),
    ("steam_app_1091500", None, None, "games"),
    ("Minecraft* 1.20.4", None, None, "games"),
    ("jetbrains-pycharm", None, None, "work"),
    ("libreoffice-writer", None, None, "work"),
    ("vlc", None, None, "video"),
    ("org.gnome.Maps", None, None, "together"),
    ("org.gnome.Nautilus", None, None, "system"),
    ("Spotify", None, None, "other"),
    ("waydroid.com.instagram.android", None, None, "social"),
    # Electron says nothing of itself: the program does
    ("electron", "slack", None, "messaging"),
    ("Electron", "signal-desktop", None, "messaging"),
    ("", "telegram-desktop", None, "messaging"),
    ("electron", "never-heard-of", None, "other"),
    # X11, Wayland, ActivityWatch and Windows write one app in many ways
    ("Code - Insiders", None, None, "work"),
    ("org.telegram.desktop._abc123", None, None, "messaging"),
    ("WINWORD.EXE", None, None, "work"),
    ("OUTLOOK.EXE", None, None, "mail"),
    ("Microsoft Word", None, None, "work"),
    ("UnrealEditor", None, None, "work"),
    ("com.discordapp.Discord.Canary", None, None, "messaging"),
    ("io.example.thunderbird", None, None, "mail"),
    ("Signal Beta", None, None, "messaging"),
    ("Signal Generator", None, None, "other"),
    ("org.gnome.Software", None, None, "system"),
    ("LockApp.exe", None, None, "system"),
    ("org.gnome.Calls", None, None, "call"),
    # what runs inside a terminal
    ("XTerm", "xterm", "neomutt", "mail"),
    ("kitty", "kitty", "weechat", "messaging"),
    ("foot", "foot", "toot", "social"),
    ("org.gnome.Terminal", "gnome-terminal-server", "newsboat", "news"),
    ("Alacritty", None, "nethack", "games"),
    ("org.kde.konsole", None, "vim", "work"),
    ("XTerm", "xterm", "bash", "system"),
    ("XTerm", "xterm", "never-heard-of", "system"),
    ("XTerm", "xterm", None, "system"),
    # what calls itself something else is that, whatever a sensor found behind it
    ("vlc", "xterm", "neomutt", "video"),
]


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(read_catalogue())


@pytest.mark.parametrize(("app_id", "program", "inside", "category"), APPS)
def test_an_app_is_found(
    classifier: Classifier, app_id: str, program: str | None, inside: str | None, category: str
) -> None:
    verdict = classifier.classify(app_id, "", program, inside)
    assert verdict.category == category, verdict.why


@pytest.mark.parametrize(
    ("package", "category"),
    [
        ("com.instagram.android", "social"),
        ("com.burbn.instagram", "social"),
        ("com.google.android.gm", "mail"),
        ("com.tinder", "dating"),
        ("com.google.android.dialer", "call"),
        ("com.android.vending", "system"),
        ("net.whatsapp.WhatsApp", "messaging"),
        ("com.android.chrome", "unknown"),
        ("com.example.unheard", "other"),
        ("", "other"),
    ],
)
def test_an_app_on_a_phone_is_found_by_its_package(classifier: Classifier, package: str, category: str) -> None:
    assert classifier.classify_phone(package).category == category


def test_the_persons_own_entries_win_over_everything() -> None:
    own = (
        OwnEntry(category="together", name="Our series", sites=("YouTube",)),
        OwnEntry(category="reading", apps=("org.telegram.desktop",)),
        OwnEntry(category="games", programs=("neomutt", "firefox")),
        OwnEntry(category="work", android=("com.instagram.android",)),
    )
    classifier = Classifier(read_catalogue(), own)
    watched = classifier.classify("firefox", "Cats - YouTube — Mozilla Firefox")
    assert (watched.category, watched.name) == ("together", "Our series")
    assert watched.entry == "activity 1 in config.toml"
    assert classifier.classify("org.telegram.desktop").category == "reading"
    assert classifier.classify("xterm", inside="neomutt").category == "games"
    assert classifier.classify("firefox", "Nothing known — Mozilla Firefox", "firefox").category == "games"
    assert classifier.classify_phone("com.instagram.android").category == "work"


def test_an_own_site_fits_in_any_segment_but_never_within_one() -> None:
    classifier = Classifier(read_catalogue(), (OwnEntry(category="work", sites=("Choir",)),))
    assert classifier.classify("firefox", "Rehearsal - Choir - Obscure Gazette — Mozilla Firefox").category == "work"
    assert classifier.classify("firefox", "Our Choir - Obscure Gazette — Mozilla Firefox").category == "unknown"


@pytest.mark.parametrize(
    "app_id",
    ["Firefox Developer Edition", "FFPWA-01HZX3", "io.github.zen_browser.zen", "firefox_firefox", "Firefox 128.0"],
)
def test_a_browser_is_known_by_its_family_and_an_unknown_page_in_it_is_unknown(
    classifier: Classifier, app_id: str
) -> None:
    assert classifier.classify(app_id, "YouTube").category == "video"
    assert classifier.classify(app_id, "Our Choir").category == "unknown"


def test_electron_is_what_its_title_ends_with(classifier: Classifier) -> None:
    verdict = classifier.classify("Electron", "● notes.md - project - Visual Studio Code")
    assert (verdict.category, verdict.name) == ("work", "Visual Studio Code")
    assert classifier.classify("Electron", "Instagram").category == "other"


def test_of_two_own_entries_the_first_wins() -> None:
    own = (OwnEntry(category="work", apps=("a",)), OwnEntry(category="games", apps=("a",)))
    assert Classifier((), own).classify("a").category == "work"


def test_own_entries_that_would_fit_everything_fit_nothing() -> None:
    own = (OwnEntry(category="work", apps=("", "*", " "), sites=("", "…", " - "), programs=("",), android=("",)),)
    classifier = Classifier((), own)
    assert classifier.classify("a", "b", "c", "d").category == "other"
    assert classifier.classify("").category == "other"
    assert classifier.classify_phone("").category == "other"


@pytest.mark.parametrize(
    ("categories", "category"),
    [
        (("Network", "InstantMessaging"), "messaging"),
        (("Game", "ActionGame"), "games"),
        (("Office", "Email"), "mail"),
        (("Network", "Feed"), "news"),
        (("AudioVideo", "Video", "Player"), "video"),
        (("AudioVideo", "Audio", "Player"), "other"),
        (("Development", "IDE"), "work"),
        (("Office", "Viewer"), "reading"),
        (("System", "TerminalEmulator"), "system"),
        (("Education", "Maps"), "together"),
        (("Settings",), "system"),
        (("X-Unheard",), "other"),
        ((), "other"),
    ],
)
def test_the_desktop_files_categories_are_asked_last(categories: tuple[str, ...], category: str) -> None:
    classifier = Classifier(read_catalogue(), (), lambda _: categories)
    assert classifier.classify("unheard.of.Program").category == category
    assert classifier.classify("org.telegram.desktop").category == "messaging"


def test_a_browser_that_only_its_desktop_file_knows_shows_sites_too() -> None:
    classifier = Classifier(read_catalogue(), (), lambda _: ("Network", "WebBrowser"))
    assert classifier.classify("unheard.of.Browser", "Cats - YouTube").name == "YouTube"
    assert classifier.classify("unheard.of.Browser", "Instagram - Obscure Gazette").category == "unknown"


def test_a_verdict_says_which_entry_decided_and_what_fits(classifier: Classifier) -> None:
    verdict = classifier.classify("firefox", "Cats - YouTube — Mozilla Firefox")
    assert verdict.why == "It is the browser Firefox, and its title fits “YouTube”, as YouTube in video.toml says."
    assert verdict.entry == "YouTube in video.toml"
    assert verdict.activity() == Activity(category="video", name="YouTube")


def test_a_verdict_holds_nothing_of_the_title_but_the_pattern(classifier: Classifier) -> None:
    for title in ("zanzibar - YouTube", "zanzibar", "Instagram • zanzibar", 'zanzibar on Instagram: "zanzibar"'):
        assert "zanzibar" not in repr(classifier.classify("firefox", f"{title} — Mozilla Firefox"))
