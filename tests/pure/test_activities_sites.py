"""Titles as browsers show them, in many languages, and what they are."""

from __future__ import annotations

import pytest

from detector.activities.classifier import Classifier
from detector.activities.load import read_catalogue
from detector.activities.patterns import name_forms, normalize


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(read_catalogue())


FIREFOX = [
    # English
    ("Instagram — Mozilla Firefox", "social", "Instagram"),
    ("(3) Instagram • Chats — Mozilla Firefox", "social", "Instagram"),
    ("Anna (@anna) • Instagram photos and videos — Mozilla Firefox", "social", "Instagram"),
    (
        'Anna on Instagram: "a day at the sea - with you | The Guardian of dunes" — Mozilla Firefox',
        "social",
        "Instagram",
    ),
    ("Home / X — Mozilla Firefox", "social", "X"),
    ("(12) Home / X — Mozilla Firefox Private Browsing", "social", "X"),
    ("A talk on rust - YouTube — Mozilla Firefox", "video", "YouTube"),
    ("(1) YouTube — Mozilla Firefox", "video", "YouTube"),
    ("AITA for reading at dinner? : r/relationships — Mozilla Firefox", "social", "Reddit"),
    ("r/books — Mozilla Firefox", "social", "Reddit"),
    ("(20+) Facebook — Mozilla Firefox", "social", "Facebook"),
    ("(2) Messenger | Facebook — Mozilla Firefox", "messaging", "Messenger"),
    ("WhatsApp — Mozilla Firefox", "messaging", "WhatsApp"),
    ("(4) WhatsApp — Mozilla Firefox", "messaging", "WhatsApp"),
    ("Telegram Web — Mozilla Firefox", "messaging", "Telegram"),
    ("• Discord | #general | Our server — Mozilla Firefox", "messaging", "Discord"),
    ("Inbox (3) - anna@example.org - Gmail — Mozilla Firefox", "mail", "Gmail"),
    ("Inbox (3) - anna@example.org - Example Mail — Mozilla Firefox", "mail", "An inbox in a browser"),
    ("Mail - Anna - Outlook — Mozilla Firefox", "mail", "Outlook"),
    ("Strike enters second week | News | The Guardian — Mozilla Firefox", "news", "The Guardian"),
    ("Shop Laptops - Amazon.com : laptop — Mozilla Firefox", "shopping", "Amazon"),
    ("Amazon.com. Spend less. Smile more. — Mozilla Firefox", "shopping", "Amazon"),
    ("Tinder | Match. Chat. Meet. - Tinder — Mozilla Firefox", "dating", "Tinder"),
    ("Berlin to Potsdam - Google Maps — Mozilla Firefox", "together", "Google Maps"),
    ("Ask HN: how do you rest? | Hacker News — Mozilla Firefox", "social", "Hacker News"),
    ("python - how to sleep - Stack Overflow — Mozilla Firefox", "work", "Stack Overflow"),
    ("Marriage - Wikipedia — Mozilla Firefox", "reading", "Wikipedia"),
    # German
    ("Posteingang (12) – anna@example.org – Gmail – Mozilla Firefox (Privater Modus)", "mail", "Gmail"),
    ("Startseite / X — Mozilla Firefox", "social", "X"),
    ("Anna (@anna) • Instagram-Fotos und -Videos — Mozilla Firefox", "social", "Instagram"),
    ("Spätzle von Oma | Chefkoch — Mozilla Firefox", "together", "Recipes (German)"),
    ("Kopfhörer : Amazon.de: Elektronik & Foto — Mozilla Firefox", "shopping", "Amazon"),
    ("Wetter heute - DER SPIEGEL — Mozilla Firefox", "news", "Der Spiegel"),
    ("Ehe – Wikipedia — Mozilla Firefox", "reading", "Wikipedia"),
    # French
    ("Boîte de réception (4) - anna@example.org - Gmail — Mozilla Firefox (Navigation privée)", "mail", "Gmail"),
    ("(2) Accueil / X — Mozilla Firefox", "social", "X"),
    ("Anna (@anna) • Photos et vidéos Instagram — Mozilla Firefox", "social", "Instagram"),
    ("Grève : la deuxième semaine - Le Monde — Mozilla Firefox", "news", "Le Monde"),
    ("Mariage — Wikipédia — Mozilla Firefox", "reading", "Wikipedia"),
    # Spanish
    ("Recibidos (8) - anna@example.org - Gmail — Mozilla Firefox (Navegación privada)", "mail", "Gmail"),
    ("Bandeja de entrada - anna@example.org - Correo de Ejemplo — Mozilla Firefox", "mail", "An inbox in a browser"),
    ("Inicio / X — Mozilla Firefox", "social", "X"),
    ("Matrimonio - Wikipedia, la enciclopedia libre — Mozilla Firefox", "reading", "Wikipedia"),
    ("La huelga sigue | EL PAÍS — Mozilla Firefox", "news", "El País"),
    # Italian, Portuguese, Dutch, Polish
    ("Posta in arrivo (2) - anna@example.org - Posta — Mozilla Firefox", "mail", "An inbox in a browser"),
    ("Anna (@anna) • Fotos e vídeos do Instagram — Mozilla Firefox", "social", "Instagram"),
    ("Postvak IN (1) - anna@voorbeeld.nl - Voorbeeld — Mozilla Firefox", "mail", "An inbox in a browser"),
    ("Małżeństwo – Wikipedia, wolna encyklopedia — Mozilla Firefox", "reading", "Wikipedia"),
    # Russian, Japanese, Chinese, Korean
    ("Брак — Википедия — Mozilla Firefox", "reading", "Wikipedia"),
    ("Входящие (5) — anna@example.org — Почта — Mozilla Firefox", "mail", "An inbox in a browser"),
    ("Новости | ВКонтакте — Mozilla Firefox", "social", "VK"),
    ("肉じゃが - クックパッド — Mozilla Firefox", "together", "Cookpad"),
    ("夫婦 - ウィキペディア — Mozilla Firefox", "reading", "Wikipedia"),
    ("猫的一天_哔哩哔哩_bilibili — Mozilla Firefox", "video", "Bilibili"),
    ("받은편지함 (3) - anna@example.org - 회사 메일 — Mozilla Firefox", "mail", "An inbox in a browser"),
]

OTHER_BROWSERS = [
    ("Google-chrome", "Cats - YouTube - Google Chrome", "video"),
    ("Google-chrome", "Instagram - Google Chrome", "social"),
    ("Chromium", "Home / X - Chromium", "social"),
    ("Chromium-browser", "(2) WhatsApp - Chromium", "messaging"),
    ("Brave-browser", "Netflix - Brave", "video"),
    ("Brave-browser", "Netflix – Brave", "video"),
    ("org.gnome.Epiphany", "Cats - YouTube", "video"),
    ("Vivaldi-stable", "Cats - YouTube - Vivaldi", "video"),
    ("Tor Browser", "Home / X — Tor Browser", "social"),
    ("librewolf", "Home / X — LibreWolf", "social"),
    ("zen", "Cats - YouTube — Zen Browser", "video"),
    ("org.qutebrowser.qutebrowser", "Cats - YouTube - qutebrowser", "video"),
    ("Microsoft-edge", "Cats - YouTube - Profile 1 - Microsoft\u200b Edge", "video"),
    ("Microsoft-edge", "Cats - YouTube and 3 more pages - Personal - Microsoft\u200b Edge", "video"),
    ("Microsoft-edge", "Startseite / X und 12 weitere Seiten – Persönlich – Microsoft\u200b Edge", "social"),
    ("Microsoft-edge", "Accueil / X et 3 pages de plus - Personnel - Microsoft\u200b Edge", "social"),
    ("Microsoft-edge", "Inicio / X y 3 páginas más - Personal - Microsoft\u200b Edge", "social"),
    # an installed site, with no brand behind its title
    ("crx_aaaabbbbccccddddeeeeffffgggghhhh", "Instagram", "social"),
    ("crx_aaaabbbbccccddddeeeeffffgggghhhh", "YouTube - Cats", "video"),
    ("chrome-www.instagram.com__-Default", "Instagram • Chats", "social"),
    ("chrome-agimnkijcaahngcdmfeangaknmldooml-Default", "Cats", "video"),
    ("Google-chrome", "Instagram", "social"),
]

FRONT_PAGES = [
    ("Netflix – Serien online ansehen, Filme online ansehen", "video"),
    ("Netflix España: Ve series online, ve películas online", "video"),
    ("YouTube - Anna - Microsoft\u200b Edge", "video"),
    ("Reddit - The heart of the internet", "social"),
    ("Reddit: el corazón de Internet", "social"),
    ("Pinterest (ピンタレスト)", "social"),
    ("Pinterest Deutschland", "social"),
    ("Facebook – log in or sign up", "social"),
    ("Facebook – Anmelden oder Registrieren", "social"),
    ("Facebook - Connexion ou inscription", "social"),
    ("Instagram — Navigation privée de Mozilla Firefox", "social"),
    ("Instagram — Mozilla Firefox — navegação privativa", "social"),
    ("Instagram — Privater Modus von Mozilla Firefox", "social"),
    ("YouTube — Anna — Mozilla Firefox", "video"),
    ("YouTube - Audio playing - Google Chrome", "video"),
    ("YouTube - [InPrivate] - Microsoft\u200b Edge", "video"),
    ("LinkedIn: Log In or Sign Up", "social"),
    ("LinkedIn : connexion ou inscription", "social"),
    ("Amazon.de: Günstige Preise für Elektronik & Foto, Filme, Musik, Bücher, Games, Spielzeug & mehr", "shopping"),
    ("Amazon.fr : livres, DVD, jeux vidéo, musique, high-tech, informatique, jouets, vêtements", "shopping"),
    ("Amazon | 本, ファッション, 家電から食品まで | アマゾン", "shopping"),
    ("eBay: Neue & gebrauchte Elektronikartikel, Autos, Kleidung, Sammlerstücke & mehr", "shopping"),
    ("Zalando: Schuhe & Mode online kaufen", "shopping"),
    ("Leboncoin, site de petites annonces gratuites", "shopping"),
    (
        "【楽天市場】Shopping is Entertainment! ： インターネット最大級の通信販売、通販オンラインショッピングコミュニティ",
        "shopping",
    ),
    ("メルカリ - 日本最大のフリマサービス", "shopping"),
    ("IKEA – Möbel, Einrichtungsideen & mehr", "shopping"),
    ("Etsy - Shop for handmade, vintage, custom, and unique gifts for everyone", "shopping"),
    ("Vinted | Vendi e compra vestiti, scarpe e accessori usati", "shopping"),
    ("Allegro - atrakcyjne ceny", "shopping"),
    ("BBC - Home", "news"),
    ("DER SPIEGEL | Online-Nachrichten", "news"),
    ("ZEIT ONLINE | Nachrichten, News, Hintergründe und Debatten", "news"),
    ("Le Monde.fr - Actualités et Infos en France et dans le monde", "news"),
    ("EL PAÍS: el periódico global", "news"),
    ("la Repubblica.it - News in tempo reale", "news"),
    ("Corriere della Sera: news e ultime notizie oggi da Italia e Mondo", "news"),
    ("CNN: Breaking News, Latest News and Videos", "news"),
    ("The Guardian: News, sport and opinion from the Guardian's global edition", "news"),
    ("Yahoo!ニュース", "news"),
    ("tagesschau.de - die erste Adresse für Nachrichten und Information", "news"),
    ("Onet – Jesteś na bieżąco", "news"),
    ("G1 - O portal de notícias da Globo", "news"),
    ("Twitch", "video"),
    ("ニコニコ動画", "video"),
    ("Disney+ | Filme und Serien streamen", "video"),
    ("Booking.com | Official site | The best hotels, flights, car rentals & accommodations", "together"),
    ("Airbnb: Ferienwohnungen, Unterkünfte, Erlebnisse & Orte", "together"),
    ("Chefkoch - Rezepte & Kochen", "together"),
    ("クックパッド - 毎日の料理を楽しみにする", "together"),
    ("食べログ - ランキングと口コミで探せるグルメサイト", "together"),
    ("Tripadvisor: Over a billion reviews & contributions for Hotels, Attractions, Restaurants, and More", "together"),
    ("Marmiton : 70000 recettes de cuisine commentées et notées", "together"),
    ("Wikipedia, the free encyclopedia", "reading"),
    ("Wikipedia – Die freie Enzyklopädie", "reading"),
    ("Wikipédia, l'encyclopédie libre", "reading"),
    ("Duolingo - The world's best way to learn a language", "reading"),
    ("Tinder | Dating, Make Friends & Meet New People", "dating"),
    ("Welcome to Steam", "games"),
    ("Willkommen bei Steam", "games"),
    ("Chess.com - Play Chess Online - Free Games", "games"),
    ("GMX: E-Mail-Adresse, FreeMail, De-Mail & Nachrichten", "mail"),
    ("WEB.DE - E-Mail-Adresse kostenlos, FreeMail, De-Mail & Nachrichten", "mail"),
    ("GitHub · Where software is built", "work"),
    ("Notion – The all-in-one workspace for your notes, tasks, wikis, and databases.", "work"),
    ("WhatsApp Web", "messaging"),
    ("Discord - Group Chat That's All Fun & Games", "messaging"),
    ("Slack | Where work happens", "messaging"),
    ("Signal Messenger: Speak Freely", "messaging"),
    ("哔哩哔哩 (゜-゜)つロ 干杯~-bilibili", "video"),
    ("知乎 - 有问题，就会有答案", "social"),
    ("微博-随时随地发现新鲜事", "social"),
    ("淘宝网 - 淘！我喜欢", "shopping"),
    ("ВКонтакте | Добро пожаловать", "social"),
    ("OZON маркетплейс – миллионы товаров по выгодным ценам", "shopping"),
]
"""Front pages as they call themselves; where a browser's ending stands behind one, it is that browser's."""

NOT_A_SITE = [
    ("firefox", "Instagram - The Obscure Gazette — Mozilla Firefox", "unknown"),
    ("firefox", "Why Netflix raises its prices again - Obscure Gazette — Mozilla Firefox", "unknown"),
    ("firefox", "TikTok: how teenagers spend their evening - Bote vom Untermain — Mozilla Firefox", "unknown"),
    # what an article is about is not where it stands
    ("firefox", "What Instagram did | Obscure Gazette — Mozilla Firefox", "unknown"),
    ("firefox", "What Instagram did | Technology | The Guardian — Mozilla Firefox", "news"),
    ("firefox", "Instagram: what it does to us | Obscure Gazette — Mozilla Firefox", "unknown"),
    ("firefox", "Instagram - Obscure Gazette — Mozilla Firefox", "unknown"),
    ("firefox", "YouTube - how it began - Obscure Gazette — Mozilla Firefox", "unknown"),
    ("firefox", "How to delete WhatsApp - Wikipedia — Mozilla Firefox", "reading"),
    ("firefox", "The end of Twitter / X in Brazil - Le Monde — Mozilla Firefox", "news"),
    ("org.gnome.Epiphany", "Instagram - Obscure Gazette", "unknown"),
    # a piece of a word is not the word
    ("firefox", "Linux — Mozilla Firefox", "unknown"),
    ("firefox", "Solving for X — Mozilla Firefox", "unknown"),
    ("firefox", "Solving for the variable - X — Mozilla Firefox", "unknown"),
    ("firefox", "Linux / Unix — Mozilla Firefox", "unknown"),
    ("firefox", "MyInstagram — Mozilla Firefox", "unknown"),
    ("firefox", "Instagrammer — Mozilla Firefox", "unknown"),
    ("firefox", "NotMessenger | Facebook — Mozilla Firefox", "social"),
    ("firefox", "Mozilla Firefox", "unknown"),
    ("firefox", "", "unknown"),
    # a browser alone shows sites
    ("org.gnome.TextEditor", "Instagram", "other"),
    ("code", "YouTube - Visual Studio Code", "work"),
    ("org.gnome.Nautilus", "Home / X", "system"),
    ("org.gnome.Evince", "How Instagram works - YouTube", "reading"),
    ("xterm", "Inbox - Gmail", "system"),
    ("", "Instagram", "other"),
    ("unheard.of.Program", "Instagram", "other"),
]


@pytest.mark.parametrize(("title", "category", "name"), FIREFOX)
def test_a_title_in_firefox_names_its_site(classifier: Classifier, title: str, category: str, name: str) -> None:
    verdict = classifier.classify("firefox", title)
    assert (verdict.category, verdict.name) == (category, name), verdict.why


@pytest.mark.parametrize(("app_id", "title", "category"), OTHER_BROWSERS)
def test_what_other_browsers_append_is_taken_off(
    classifier: Classifier, app_id: str, title: str, category: str
) -> None:
    verdict = classifier.classify(app_id, title)
    assert verdict.category == category, verdict.why


@pytest.mark.parametrize(("title", "category"), FRONT_PAGES)
def test_a_front_page_is_known_by_its_name_at_either_end(classifier: Classifier, title: str, category: str) -> None:
    browsers = {"Edge": "microsoft-edge", "Google Chrome": "google-chrome"}
    app_id = next((app for ending, app in browsers.items() if title.endswith(ending)), "firefox")
    shown = title if app_id != "firefox" or "Mozilla Firefox" in title else f"{title} — Mozilla Firefox"
    verdict = classifier.classify(app_id, shown)
    assert verdict.category == category, verdict.why


@pytest.mark.parametrize(
    "private",
    [
        "Mozilla Firefox Private Browsing",
        "Navigation privée de Mozilla Firefox",
        "Mozilla Firefox — navegação privativa",
        "Mozilla Firefox – Privater Modus",
        "Mozilla Firefox — tryb prywatny",
        "Mozilla Firefox (Navegación privada)",
        "Приватный просмотр Mozilla Firefox",
        "Anna — Mozilla Firefox",
        "Privates Fenster von Firefox Developer Edition",
    ],
)
def test_what_a_private_window_or_a_profile_adds_in_any_language_is_taken_off(
    classifier: Classifier, private: str
) -> None:
    assert classifier.classify("firefox", f"Cats - YouTube — {private}").category == "video"
    assert classifier.classify("firefox", f"YouTube — {private}").category == "video"
    assert classifier.classify("firefox", f"Our Choir — {private}").category == "unknown"


@pytest.mark.parametrize(("app_id", "title", "category"), NOT_A_SITE)
def test_a_word_in_a_title_is_not_yet_a_site(classifier: Classifier, app_id: str, title: str, category: str) -> None:
    verdict = classifier.classify(app_id, title)
    assert verdict.category == category, verdict.why


@pytest.mark.parametrize(
    "title",
    [
        "Instagram\x00 — Mozilla Firefox",
        "\u200fInstagram\u200e — Mozilla Firefox",
        "Insta\u200bgram — Mozilla Firefox",
        "\x07 (3) Instagram\x1b — Mozilla Firefox",
        "INSTAGRAM\u00a0—\u2009mozilla firefox\n",
    ],
)
def test_marks_that_are_not_seen_do_not_hide_a_site(classifier: Classifier, title: str) -> None:
    assert classifier.classify("firefox", title).name == "Instagram"


def test_a_title_of_a_megabyte_is_judged_by_its_edges(classifier: Classifier) -> None:
    long = "x" * 1_000_000
    assert classifier.classify("firefox", f"{long} - YouTube — Mozilla Firefox").name == "YouTube"
    assert classifier.classify("firefox", f"Instagram • {long} — Mozilla Firefox").name == "Instagram"
    hidden = f'{long} Anna on Instagram: "{long}'
    assert classifier.classify("firefox", f"{hidden} — Mozilla Firefox").category == "unknown"


def test_the_middle_of_a_long_title_is_not_joined_into_a_name(classifier: Classifier) -> None:
    # Cut at the edge of what is looked at, the pieces must not make "YouTube" where there was none.
    head, tail = "x" * 196 + " - You", "Tube — Mozilla Firefox"
    title = head[-200:] + "y" * 500 + " " * (200 - len(tail)) + tail
    assert classifier.classify("firefox", title).category == "unknown"


@pytest.mark.parametrize(
    "piece", [".com", " (a)", " us", "!", "free ", "welcome to ", "日-", "【", "a, ", " online shop"]
)
def test_no_title_makes_a_name_take_long(classifier: Classifier, piece: str) -> None:
    # With a pattern that tries every division of these, the test would never end.
    title = (piece * 200)[:390] + "x"
    for shown in (title, f"{title} — Mozilla Firefox", f"{title} - y — Mozilla Firefox"):
        assert classifier.classify("firefox", shown).category == "unknown"


@pytest.mark.parametrize(
    "greeting", ["Bem-vindo ao", "Bem-vindo(a) ao", "Bem-vindas à", "Welcome to", "Willkommen bei"]
)
def test_a_greeting_before_a_sites_name_is_left_out(greeting: str) -> None:
    assert "mercado livre" in name_forms(normalize(f"{greeting} Mercado Livre"))
