"""Check digits and structure rules of numbers that identify people, accounts and things. Each function takes the
number without separators and says whether it can be one."""

from __future__ import annotations

from itertools import cycle


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1: doubled every second digit from the right, the sum ends in 0."""
    total = 0
    for position, character in enumerate(reversed(digits)):
        value = int(character) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def payment_card(digits: str) -> bool:
    """A card number: an issuer's prefix with its length (ISO/IEC 7812), and Luhn."""
    lengths: dict[tuple[str, ...], tuple[int, ...]] = {
        ("4",): (13, 16, 19),
        ("34", "37"): (15,),
        ("36", "38", "39", "300", "301", "302", "303", "304", "305"): (14, 16),
        ("51", "52", "53", "54", "55", "22", "23", "24", "25", "26", "27"): (16,),
        ("6011", "644", "645", "646", "647", "648", "649", "65"): (16, 19),
        ("35",): (16, 17, 18, 19),
        ("50", "56", "57", "58", "60", "61", "62", "63", "67", "68", "69"): (12, 13, 14, 15, 16, 17, 18, 19),
    }
    known = any(digits.startswith(prefixes) and len(digits) in sizes for prefixes, sizes in lengths.items())
    return known and luhn(digits) and len(set(digits)) > 1


_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
    "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
    "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29,
    "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28,
    "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip


def iban(value: str) -> bool:
    """ISO 13616: the country's length, and the rearranged number is 1 modulo 97."""
    value = value.upper()
    if _IBAN_LENGTHS.get(value[:2]) != len(value) or not value.isalnum():
        return False
    return int("".join(str(int(c, 36)) for c in value[4:] + value[:4])) % 97 == 1


def social_security(digits: str) -> bool:
    """US SSN: no area 000, 666 or 9xx, no group 00, no serial 0000."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def individual_taxpayer(digits: str) -> bool:
    """US ITIN: begins with 9, group 50-65, 70-88, 90-92 or 94-99."""
    group = int(digits[3:5])
    return digits[0] == "9" and (50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99)


def routing_number(digits: str) -> bool:
    """ABA routing number: a Federal Reserve prefix, and 3-7-1 weighted digits divide by 10."""
    prefix = int(digits[:2])
    known = prefix <= 12 or 21 <= prefix <= 32 or 61 <= prefix <= 72 or prefix == 80
    return (
        known and int(digits) > 0 and sum(int(d) * w for d, w in zip(digits, cycle((3, 7, 1)), strict=False)) % 10 == 0
    )


def social_insurance(digits: str) -> bool:
    """Canadian SIN: Luhn, and no number begins with 0 or 8."""
    return digits[0] not in "08" and luhn(digits)


def national_health_service(digits: str) -> bool:
    """UK NHS number: weights 10..2, modulo 11."""
    check = 11 - sum(int(d) * w for d, w in zip(digits[:9], range(10, 1, -1), strict=True)) % 11
    return check != 10 and check % 11 == int(digits[9]) and len(set(digits)) > 1


_VERHOEFF_D = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_P = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def aadhaar(digits: str) -> bool:
    """Indian Aadhaar: twelve digits, not from 0 or 1, with Verhoeff's check digit (1969)."""
    if digits[0] in "01":
        return False
    check = 0
    for position, digit in enumerate(reversed(digits)):
        check = int(_VERHOEFF_D[check][int(_VERHOEFF_P[position % 8][int(digit)])])
    return check == 0


_VIN_VALUES = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def vehicle_identification(value: str) -> bool:
    """ISO 3779 / 49 CFR 565: seventeen characters without I, O, Q, the ninth checks the rest modulo 11."""
    value = value.upper()
    if not any(c.isalpha() for c in value) or not any(c.isdigit() for c in value):
        return False
    total = sum((int(c) if c.isdigit() else _VIN_VALUES[c]) * w for c, w in zip(value, _VIN_WEIGHTS, strict=True))
    return value[8] == "0123456789X"[total % 11]


#: Countries with banks on SWIFT that have no IBAN.
_WITHOUT_IBAN = frozenset(
    "AR AU CA CL CN CO HK ID IN JP KE KR MX MY NG NZ PE PH RU SG TH TW US VN ZA".split()  # noqa: SIM905
)


def swift_code(value: str) -> bool:
    """ISO 9362: four letters of a bank, a country, two of a place, perhaps three of a branch."""
    return value[4:6] in _IBAN_LENGTHS or value[4:6] in _WITHOUT_IBAN


def internet_address(value: str) -> bool:
    """An IPv4 address with parts up to 255, or an IPv6 address."""
    import ipaddress

    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
