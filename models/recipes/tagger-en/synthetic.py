"""Sentences with names and addresses in them, made from our own templates and Faker's lists (MIT licence).

Faker gives names, streets, towns, companies and countries of some twenty locales. The templates are ours. Everything
the templates leave outside the braces is known to be neither a name nor an address.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from faker import Faker

LOCALES = (  # noqa: SIM905
    "en_US en_US en_US en_GB en_CA en_AU en_IN de_DE fr_FR es_ES es_MX it_IT nl_NL nl_BE pl_PL pt_PT "
    "pt_BR cs_CZ sk_SK sv_SE da_DK no_NO fi_FI hu_HU hr_HR ro_RO tr_TR sl_SI el_GR ru_RU et_EE de_AT fr_CH"
).split()

TEMPLATES = r"""
My name is {person} and I have a question about invoice {number}.
Hello, this is {person} speaking, could you send the parcel to {address}?
hi i'm {first}, my order {number} never arrived
Please change the name on the account to {titled}.
Dear {titled},\nthank you for your letter of {date}.
Kind regards,\n{person}\n{company}\n{block}
{person}\n{block}
{person}\n{company}\n{block}\nPhone: {phone}
Ship to: {block}
Billing address:\n{person}\n{block}
Home: {address}
Delivery address is {address}, not {address}.
We moved from {city} to {address} in {year}.
I live at {street}, {city}.
She lives on {street} with {first} and {first}.
The shop on {street} closes at {time}.
The office is at {street}, {unit}, {city} {zip}.
Her postcode is {zip}
Zip code: {zip}
Town: {city}
Country: {country}
{first} was born in {city}, {country}, on {date}.
{person} grew up in {city} and works for {company}.
{last} told the reporters in {city} that {company} would close {number} plants.
According to {person}, the price of {amount} is too high.
{person} and {person} wrote the song in {year}.
The film, directed by {person}, stars {person} and {last}.
{company} of {city} announced results on {date}.
The minister of {country}, {person}, arrived in {city} yesterday.
I met {first} at the station in {city}.
{first} said to {first}: "we should leave now".
Is {first} there? It's {first} from {company}.
Can you transfer {amount} from {person} to {person}?
Patient {person}, age {age}, was admitted on {date}.
Mr. {last} is {age} years old.
Ms. {last} asked Dr. {last} for a second opinion.
The account belongs to my husband {person}, who is away.
My mother's maiden name was {last}.
Last name: {last}
First name: {first}
Name: {person}\nAge: {age}\nAddress: {address}
What is your name?\n{person}
Where do you live?\n{address}
Send it to {person}, {address}.
Return to sender: {block}
Signed by {person} on {date} in {city}.
The meeting with {first} {last} is at {time} in {city}.
cc: {person}, {person}
From: {person}\nTo: {person}\nSubject: delivery {number}
{first} likes {first}'s new house in {city}.
The train from {city} to {city} takes {number} minutes.
Flights to {country} cost {amount}.
{country} and {country} signed the treaty in {year}.
The {number} people of {city} voted on {date}.
A huge fan of {person}, I bought {number} tickets.
{person}'s album sold {number} copies in {country}.
This is the best cover of that song since {last}.
{last}, {first}
{last}, {last} and {last} LLP represent the plaintiff.
His friends call him {first}.
Everyone knows that {first} is right.
Thanks {first}!
Thanks for your help, {first}. The code {number} worked.
Could {titled} call me back at {phone}?
I am {titled} from {company}, {city}.
Directions: go to {street}, then turn left.
The fire started near {street} at {time}.
Property for sale: {street}, {city}, {country}. {amount}.
As agreed, the contract goes to:\n\n{block}
Her new address:\n{address}
Our headquarters in {city}, {country} employ {number} people.
{first} has two addresses: {address} and {address}
Order {number} shipped on {date}. Total: {amount}.
The server returned error {number} at {time}.
I'd like to cancel my subscription, please.
What are your opening hours on {date}?
The card ending in {number} was declined.
How many points do I have? I earned {number} in {year}.
version {number} was released on {date}, build {number}
ERROR {time} worker {number} exited with status {age}
Chapter {age}: the long way home
Why was I charged {amount} twice?
The recipe needs {age} grams of sugar and {age} eggs.
Call me at {phone} before {time}.
""".strip().splitlines()

KINDS = {
    "person": "NAME", "first": "NAME", "last": "NAME", "company": "COMPANY",
    "address": "ADDRESS", "block": "ADDRESS", "street": "ADDRESS", "city": "ADDRESS", "country": "ADDRESS",
    "zip": "ADDRESS", "unit": "ADDRESS",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """A text and its spans (begin, end, kind); ``place`` marks spans that are a town or a country alone."""

    text: str
    spans: tuple[tuple[int, int, str, bool], ...]


class Maker:
    """Fills templates; everything it makes follows from the seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.fakers = {locale: Faker(locale) for locale in set(LOCALES)}
        for locale, faker in self.fakers.items():
            faker.seed_instance(f"{seed}-{locale}")
        self.english = self.fakers["en_US"]

    def _street(self, faker: Faker) -> str:
        street: str = faker.street_name()
        number = str(self.random.randint(1, 999))
        if self.random.random() < 0.08:
            number += self.random.choice("abcABC")
        return f"{number} {street}" if self.random.random() < 0.55 else f"{street} {number}"

    def _unit(self) -> str:
        word = self.random.choice(["Apt.", "Apt", "Suite", "Flat", "Unit", "Floor", "#", "Room"])
        return f"{word} {self.random.randint(1, 999):0{self.random.choice([1, 3])}d}"

    def _zip(self, faker: Faker) -> str:
        return str(faker.postcode()) if self.random.random() < 0.6 else f"{self.random.randint(1, 99999):05d}"

    def _address(self, faker: Faker, breaks: bool) -> str:
        pick = self.random
        parts = [self._street(faker)]
        if pick.random() < 0.25:
            parts[0] = f"{pick.randint(1, 99):02d} {parts[0]}"
        if pick.random() < 0.35:
            parts.append(self._unit())
        parts.append(faker.city())
        if pick.random() < 0.25:
            parts.append("".join(pick.choice("ABCDEFGHIJKLMNOPRSTUVW") for _ in range(pick.choice([2, 2, 3]))))
        if pick.random() < 0.35:
            parts.append(self.english.country())
        last = self._zip(faker)
        if pick.random() < 0.6:
            parts[-1] += f" {last}"
        elif pick.random() < 0.5:
            parts.append(last)
        joint = pick.choice(["\n", "\n ", "\n    ", ",\n"]) if breaks else pick.choice([", ", ", ", " ", "\n"])
        return joint.join(parts)

    def _value(self, slot: str, faker: Faker) -> str:
        pick = self.random
        match slot:
            case "person":
                middle = f" {pick.choice('ABCDEFGHJKLMNPRSTW')}." if pick.random() < 0.08 else ""
                return f"{faker.first_name()}{middle} {faker.last_name()}"
            case "first":
                return str(faker.first_name())
            case "last":
                return str(faker.last_name())
            case "company":
                return str(faker.company())
            case "address":
                return self._address(faker, False)
            case "block":
                return self._address(faker, True)
            case "street":
                return self._street(faker)
            case "city":
                return str(faker.city())
            case "country":
                return str(self.english.country())
            case "zip":
                return self._zip(faker)
            case "unit":
                return self._unit()
            case "number":
                return str(pick.randint(2, 10 ** pick.randint(1, 9)))
            case "age":
                return str(pick.randint(1, 99))
            case "year":
                return str(pick.randint(1900, 2030))
            case "amount":
                return pick.choice(["${:,.2f}", "EUR {:.2f}", "{:,.0f} dollars"]).format(pick.random() * 10000)
            case "time":
                return f"{pick.randint(0, 23)}:{pick.randint(0, 59):02d}"
            case "date":
                return str(
                    self.english.date(pick.choice(["%Y-%m-%d", "%d %B %Y", "%m/%d/%Y", "%B %d, %Y", "%d.%m.%Y"]))
                )
            case "phone":
                return str(faker.phone_number())
        raise ValueError(slot)

    def make(self) -> Made:
        """One filled template; one in five in lower case, some in capitals."""
        template = self.random.choice(TEMPLATES).replace("\\n", "\n")
        template = template.replace(
            "{titled}", self.random.choice(["Mr. ", "Mrs. ", "Ms ", "Dr. ", "Prof. ", ""]) + "{person}"
        )
        faker = self.fakers[self.random.choice(LOCALES)]
        text, spans = "", []
        for piece in template.split("{"):
            slot, closing, rest = piece.partition("}")
            if not closing:
                text += piece
                continue
            value = self._value(slot, faker)
            if slot in KINDS:
                spans.append((len(text), len(text) + len(value), KINDS[slot], slot in ("city", "country")))
            text += value + rest
        luck = self.random.random()
        changed = text.lower() if luck < 0.2 else text.upper() if luck < 0.24 else text
        return Made(changed if len(changed) == len(text) else text, tuple(spans))
