"""Currencies with their ISO 4217 codes; our own list of facts.

Only currencies of one country are here, apart from a few small territories, so that a code has one country.
"""

# fmt: off
CURRENCIES: tuple[tuple[tuple[str, str, str], ...], ...] = (
    (
        ("Japan", "JPY", "yen"), ("China", "CNY", "yuan"), ("India", "INR", "rupee"),
        ("Russia", "RUB", "ruble"), ("Mexico", "MXN", "peso"), ("Brazil", "BRL", "real"),
        ("Canada", "CAD", "dollar"), ("Poland", "PLN", "zloty"), ("Sweden", "SEK", "krona"),
        ("Turkey", "TRY", "lira"), ("South Korea", "KRW", "won"), ("Thailand", "THB", "baht"),
        ("Israel", "ILS", "shekel"), ("South Africa", "ZAR", "rand"), ("Norway", "NOK", "krone"),
        ("Hungary", "HUF", "forint"),
    ),
    (
        ("Czechia", "CZK", "koruna"), ("Vietnam", "VND", "dong"), ("Indonesia", "IDR", "rupiah"),
        ("Malaysia", "MYR", "ringgit"), ("Ukraine", "UAH", "hryvnia"), ("Romania", "RON", "leu"),
        ("Iceland", "ISK", "krona"), ("Argentina", "ARS", "peso"), ("Egypt", "EGP", "pound"),
        ("Saudi Arabia", "SAR", "riyal"), ("Nigeria", "NGN", "naira"), ("Kenya", "KES", "shilling"),
        ("New Zealand", "NZD", "dollar"), ("Pakistan", "PKR", "rupee"), ("Peru", "PEN", "sol"),
        ("Iran", "IRR", "rial"),
    ),
    (
        ("Bangladesh", "BDT", "taka"), ("Serbia", "RSD", "dinar"), ("Georgia", "GEL", "lari"),
        ("Mongolia", "MNT", "tugrik"), ("Cambodia", "KHR", "riel"), ("Laos", "LAK", "kip"),
        ("Ghana", "GHS", "cedi"), ("Ethiopia", "ETB", "birr"), ("Kazakhstan", "KZT", "tenge"),
        ("Albania", "ALL", "lek"), ("Costa Rica", "CRC", "colon"), ("Guatemala", "GTQ", "quetzal"),
        ("Paraguay", "PYG", "guarani"), ("Armenia", "AMD", "dram"), ("North Macedonia", "MKD", "denar"),
        ("Myanmar", "MMK", "kyat"),
    ),
    (
        ("Azerbaijan", "AZN", "manat"), ("Moldova", "MDL", "leu"), ("Kyrgyzstan", "KGS", "som"),
        ("Uzbekistan", "UZS", "som"), ("Zambia", "ZMW", "kwacha"), ("Botswana", "BWP", "pula"),
        ("Angola", "AOA", "kwanza"), ("Mozambique", "MZN", "metical"), ("Madagascar", "MGA", "ariary"),
        ("Haiti", "HTG", "gourde"), ("Honduras", "HNL", "lempira"), ("Nicaragua", "NIO", "cordoba"),
        ("Afghanistan", "AFN", "afghani"), ("Papua New Guinea", "PGK", "kina"),
        ("Maldives", "MVR", "rufiyaa"), ("Belarus", "BYN", "ruble"),
    ),
    (
        ("Malawi", "MWK", "kwacha"), ("Lesotho", "LSL", "loti"), ("Eswatini", "SZL", "lilangeni"),
        ("Gambia", "GMD", "dalasi"), ("Mauritania", "MRU", "ouguiya"), ("Eritrea", "ERN", "nakfa"),
        ("Tajikistan", "TJS", "somoni"), ("Turkmenistan", "TMT", "manat"), ("Samoa", "WST", "tala"),
        ("Tonga", "TOP", "paanga"), ("Vanuatu", "VUV", "vatu"), ("Comoros", "KMF", "franc"),
        ("Rwanda", "RWF", "franc"), ("Djibouti", "DJF", "franc"), ("Somalia", "SOS", "shilling"),
        ("Liberia", "LRD", "dollar"),
    ),
)
"""Per tier: rows of a country, the code of its currency, and the currency's name without the country's adjective."""

CURRENCY_ALIASES: dict[str, tuple[str, ...]] = {
    "yuan": ("renminbi",),
    "ruble": ("rouble", "rubel"),
    "tugrik": ("togrog", "tögrög", "tugrug"),
    "shekel": ("sheqel",),
    "paanga": ("pa'anga",),
    "som": ("sum", "soum", "so'm"),
    "leu": ("lei",),
    "krona": ("kronor",),
    "krone": ("kroner",),
    "metical": ("meticais",),
    "riel": ("riels",),
}
"""Further right names of a currency; plurals in -s are right without being listed."""

SHARED_NAMES = frozenset(
    {"dollar", "peso", "pound", "rupee", "franc", "dinar", "shilling", "krona", "krone", "lira", "riyal", "rial"}
)
"""Names that currencies of several countries have: not asked for, as a guess would often be right."""
