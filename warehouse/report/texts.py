"""The fixed texts of the pages, each in Danish and English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from warehouse.report.figures import Language

_TEXTS: dict[str, tuple[str, str]] = {
    "site": ("Integrationsgab i {place}", "Integration gaps in {place}"),
    "skip": ("Gå til indholdet", "Skip to the content"),
    "menu": ("Sider", "Pages"),
    "overview": ("Overblik", "Overview"),
    "quality": ("Datakvalitet", "Data quality"),
    "method": ("Metode", "Method"),
    "other_language": ("English", "Dansk"),
    "other_language_label": ("Read this page in English", "Læs siden på dansk"),
    "sample_mark": ("EKSEMPELTAL – SAMPLE", "SAMPLE FIGURES"),
    "sample_text": (
        "Tallene er opdigtede og kommer fra de indbyggede eksempelkilder. De siger intet om kommunen.",
        "The figures are made up and come from the built-in sample sources. They say nothing about the municipality.",
    ),
    "question": (
        "Hvor langt er borgere med ikke-vestlig oprindelse fra øvrige borgere i arbejde, uddannelse, bolig og "
        "demokrati, og bliver afstanden mindre?",
        "How far are citizens of non-western origin from other citizens in work, education, housing and democracy, "
        "and is the distance getting smaller?",
    ),
    "how_to_read": (
        "Et gab er forskellen mellem de to grupper i procentpoint. Er gabet over 0, er målgruppen ringere stillet. "
        "Er forskellen eller ændringen ikke sikker, står det, og så er der ingen retning at læse.",
        "A gap is the difference between the two groups in percentage points. Above 0, the target group is worse off. "
        "Where a difference or a change is not certain, it says so, and there is no direction to read.",
    ),
    "cards": ("De fire indsatsområder", "The four focus areas"),
    "gap_now": ("Gabet nu", "The gap now"),
    "movement": ("Udviklingen", "The development"),
    "target": ("Målet", "The target"),
    "read_more": ("Se alle mål for {area}", "See all indicators of {area}"),
    "who": ("Hvem det handler om", "Whom it is about"),
    "who_text": (
        "Strategiens egen tabel, i strategiens kvartal og i det nyeste kvartal. Målgruppen er borgere med oprindelse "
        "i ikke-vestlige lande.",
        "The strategy's own table, in the strategy's quarter and in the newest one. The target group is citizens with "
        "origin in non-western countries.",
    ),
    "all_indicators": ("Alle mål på ét sted", "All indicators in one place"),
    "indicator": ("Mål", "Indicator"),
    "origin": ("Oprindelse", "Origin"),
    "total": ("I alt", "Total"),
    "danish_origin": ("Dansk oprindelse", "Danish origin"),
    "immigrants": ("Indvandrere", "Immigrants"),
    "descendants": ("Efterkommere", "Descendants"),
    "period": ("Periode", "Period"),
    "target_rate": ("Ikke-vestlig (%)", "Non-western (%)"),
    "reference_rate": ("Øvrige (%)", "Others (%)"),
    "gap_pp": ("Gab (procentpoint)", "Gap (percentage points)"),
    "gap_index": ("Indekspoint", "Index points"),
    "from": ("Fra", "From"),
    "to": ("Til", "To"),
    "persons": ("Antal i målgruppen", "Size of target group"),
    "remark": ("Bemærkning", "Remark"),
    "area": ("Område", "Area"),
    "group": ("Gruppe", "Group"),
    "not_certain": ("ikke sikker", "not certain"),
    "break": ("databrud", "series break"),
    "table_behind": ("Tallene bag", "The figures behind"),
    "download_csv": ("Hent som CSV", "Download as CSV"),
    "worth_knowing": ("Værd at vide", "Worth knowing"),
    "how_measured": ("Sådan måles det", "How it is measured"),
    "not_measured": ("Endnu ikke målt", "Not measured yet"),
    "source": ("Kilde", "Source"),
    "licence": ("Licens", "Licence"),
    "citation": ("Henvisning", "Citation"),
    "on_this_page": ("På siden", "On this page"),
    "method_short": ("Metoden i tre sætninger", "The method in three sentences"),
    "method_1": (
        "Vi sammenligner andelen blandt borgere med ikke-vestlig oprindelse med andelen blandt øvrige borgere; "
        "forskellen er gabet.",
        "We compare the share among citizens of non-western origin with the share among other citizens; the "
        "difference is the gap.",
    ),
    "method_2": (
        "Usikkerheden (95 %) viser, hvor meget en gruppe af den størrelse kan svinge af tilfældige grunde, og kun "
        "forskelle og ændringer, der er større end det, kaldes sikre.",
        "The uncertainty (95 %) shows how much a group of that size can vary by chance, and only differences and "
        "changes larger than that are called certain.",
    ),
    "method_3": (
        "Hvor få personer ligger bag, eller hvor kilden mangler, vises intet tal, men en grund.",
        "Where few persons are behind a figure, or the source is missing, no figure is shown but a reason.",
    ),
    "chart_trend": ("gabet over tid", "the gap over time"),
    "chart_rates": ("de to grupper", "the two groups"),
    "chart_groups": ("gabet efter køn, alder og herkomst", "the gap by sex, age and origin"),
    "chart_places": ("gabet i boligområderne", "the gap in the housing communities"),
    "chart_areas": ("gabet her og andre steder", "the gap here and elsewhere"),
    "note_pp": ("Procentpoint med 95 %-usikkerhed", "Percentage points with 95 % uncertainty"),
    "note_index": ("Indekspoint fra 0 til 100", "Index points from 0 to 100"),
    "note_pct": ("Procent", "Per cent"),
    "note_areas": (
        "Gråt bånd: den midterste halvdel af kommunerne. Stiplet: den midterste kommune.",
        "Grey band: the middle half of the municipalities. Dashed: the middle one.",
    ),
    "alt_end": ("Tallene står i tabellen ved figuren.", "The figures are in the table beside the chart."),
    "everybody": ("Alle", "Everybody"),
    "men": ("Mænd", "Men"),
    "women": ("Kvinder", "Women"),
    "non_western_immigrant": ("Indvandrere", "Immigrants"),
    "non_western_descendant": ("Efterkommere", "Descendants"),
    "name_target": ("Ikke-vestlig oprindelse", "Non-western origin"),
    "name_reference": ("Øvrige borgere", "Other citizens"),
    "name_target_areas": ("Størst ikke-vestlig andel", "Largest non-western share"),
    "name_reference_areas": ("Mindst andel", "Smallest share"),
    "break_unknown": (
        "Tallene fra {period} kan ikke sammenlignes med de tidligere.",
        "The figures from {period} on cannot be compared with the earlier ones.",
    ),
    "break_known": ("Databrud ved {period}: {text}", "Series break at {period}: {text}"),
    "quality_lead": (
        "Hvad der er hentet, hvad der er afvist, og hvad der mangler.",
        "What was loaded, what was rejected, and what is missing.",
    ),
    "loaded": ("Hentet og godkendt", "Loaded and accepted"),
    "loaded_text": (
        "Hver leverance bliver kontrolleret, før den må bruges. Tabellen viser de leverancer, som tallene bygger på.",
        "Every delivery is checked before it may be used. The table shows the deliveries behind the figures.",
    ),
    "dataset": ("Datasæt", "Dataset"),
    "received": ("Modtaget", "Received"),
    "updated": ("Opdateret af kilden", "Updated by the source"),
    "rows": ("Rækker", "Rows"),
    "checks": ("Kontroller", "Checks"),
    "failed": ("Ikke opfyldt", "Not met"),
    "verdict": ("Afgørelse", "Verdict"),
    "reason": ("Grund", "Reason"),
    "promoted": ("godkendt", "accepted"),
    "rejected": ("afvist", "rejected"),
    "superseded": ("afløst af en senere", "superseded by a later one"),
    "rejected_heading": ("Afvist", "Rejected"),
    "rejected_none": ("Ingen leverance er afvist.", "No delivery was rejected."),
    "superseded_heading": ("Tidligere leverancer", "Earlier deliveries"),
    "expected_heading": ("Hvornår de næste tal ventes", "When the next figures are expected"),
    "expected_text": (
        "Status er den dag, udgivelsen blev lavet. Et datasæt er forsinket, når fristen er gået efter den ventede dag.",
        "The status is that of the day this release was made. A dataset is late when the days of grace have gone by.",
    ),
    "newest": ("Nyeste periode", "Newest period"),
    "next_period": ("Næste periode", "Next period"),
    "expected_day": ("Ventes", "Expected"),
    "expected_on_time": ("endnu ikke ventet", "not yet due"),
    "expected_due": ("ventes nu", "due now"),
    "expected_late": ("forsinket", "late"),
    "expected_sample": ("eksempeltal", "sample figures"),
    "missing_heading": ("Hvad der mangler, og hvorfor", "What is missing, and why"),
    "missing_none": ("Der mangler ingen tal.", "No figures are missing."),
    "missing_periods": ("Perioder uden tal", "Periods without figures"),
    "status": ("Status", "Status"),
    "unknown_heading": ("Hvor svaret er ukendt", "Where the answer is unknown"),
    "unknown_text": (
        "Personer, som kilden ikke kender svaret for. De tæller ikke med i nogen af grupperne.",
        "Persons for whom the source does not know the answer. They count in neither group.",
    ),
    "unknown_share": ("Ukendt (%)", "Unknown (%)"),
    "unknown_of": ("Hvad der er ukendt", "What is unknown"),
    "unknown_outcome": ("udfaldet", "the outcome"),
    "unknown_origin": ("oprindelsen", "the origin"),
    "remarks_heading": ("Bemærkninger fra kontrollen", "Remarks from the checks"),
    "remarks_none": ("Alle kontroller er opfyldt.", "All checks were met."),
    "check": ("Kontrol", "Check"),
    "severity": ("Betydning", "Severity"),
    "blocking": ("afviser leverancen", "rejects the delivery"),
    "advisory": ("bemærkes", "is noted"),
    "count": ("Rækker, det gælder", "Rows concerned"),
    "revisions_heading": ("Rettede tal", "Revised figures"),
    "revisions_none": ("Ingen tal er rettet siden sidst.", "No figures have been revised."),
    "revisions_text": ("De nyeste rettelser, højst 50.", "The newest revisions, at most 50."),
    "object": ("Tabel", "Table"),
    "old": ("Før", "Before"),
    "new": ("Nu", "Now"),
    "all_validation": ("Alle kontroller, leverance for leverance", "All checks, delivery by delivery"),
    "method_lead": ("Hvad tallene viser, og hvor de kommer fra.", "What the figures show, and where they come from."),
    "purpose_heading": ("Hvad tallene må bruges til", "What the figures may be used for"),
    "purpose": (
        "Kun til at følge forskelle mellem grupper; ikke til afgørelser om enkeltpersoner.",
        "Only for following differences between groups; not for decisions about single citizens.",
    ),
    "groups_heading": ("Grupperne", "The groups"),
    "reading_heading": ("Sådan læses et gab", "How to read a gap"),
    "reading_change": (
        "En ændring kaldes kun sikker, når dens egen 95 %-usikkerhed ikke når 0. Med mange mål vil omkring ét ud af "
        "tyve se sikkert ud ved et tilfælde.",
        "A change is called certain only when its own 95 % uncertainty does not reach 0. Of many indicators, about one "
        "in twenty will look certain by chance.",
    ),
    "reading_parity": (
        "Antallet af personer, et gab svarer til, er rundet op og regnet med de øvrige borgeres andel holdt fast.",
        "The number of persons a gap amounts to is rounded up, with the share among other citizens held still.",
    ),
    "reading_small": (
        "Et tal, der bygger på mindre end {small} personer i en gruppe, skjules.",
        "A figure that rests on fewer than {small} persons in a group is suppressed.",
    ),
    "reading_axes": (
        "Alle figurer går fra 0, så en forskel ikke ser større ud, end den er. Linjer brydes, hvor tallene ikke kan "
        "sammenlignes.",
        "All charts start at 0, so that no difference looks larger than it is. Lines are cut where figures cannot be "
        "compared.",
    ),
    "warnings_heading": ("Forbehold", "Cautions"),
    "definitions_heading": ("Målene og deres kilder", "The indicators and their sources"),
    "cite_heading": ("Sådan henvises til tallene", "How to cite"),
    "cite": (
        "Integrationsgab i {place}, udgivelse {release}. Egne beregninger på tal fra de nævnte kilder.",
        "Integration gaps in {place}, release {release}. Own calculations on figures from the sources named.",
    ),
    "cite_licence": (
        "Beregningerne må bruges frit med henvisning (CC BY 4.0). Kildernes egne vilkår står ved hvert mål.",
        "The calculations may be used freely with attribution (CC BY 4.0). The sources' own terms stand with each "
        "indicator.",
    ),
    "dictionary": ("Alle tabeller og kolonner", "All tables and columns"),
    "release": ("Udgivelse", "Release"),
    "small_note": ("Udgivet {day}", "Released {day}"),
    "scroll": ("tabellen kan rulles til siden", "the table scrolls sideways"),
}
_MONTHS: dict[Language, tuple[str, ...]] = {
    "da": (
        *("januar", "februar", "marts", "april", "maj", "juni"),
        *("juli", "august", "september", "oktober", "november", "december"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}


def texts(language: Language) -> Mapping[str, str]:
    """The fixed texts of one language by name."""
    return {name: both[0 if language == "da" else 1] for name, both in _TEXTS.items()}


def day(value: date, language: Language) -> str:
    """A day in words: ``5. maj 2026`` or ``5 May 2026``."""
    dot = "." if language == "da" else ""
    return f"{value.day}{dot} {_MONTHS[language][value.month - 1]} {value.year}"
