"""Domains of one mail provider, which share one rate: an answer of gmail.com says the same for googlemail.com. Pure.

A firm's own domain is a group of its own, wherever its mail lies: telling that takes the DNS, which is not asked.
"""

_GROUPS: dict[str, tuple[str, ...]] = {
    "gmail.com": ("gmail.com", "googlemail.com"),
    "yahoo.com": (
        "yahoo.com", "yahoo.com.vn", "yahoo.co.uk", "yahoo.co.jp", "yahoo.co.in", "yahoo.com.sg", "yahoo.com.au",
        "yahoo.com.tw", "yahoo.com.hk", "yahoo.com.br", "yahoo.fr", "yahoo.de", "yahoo.it", "yahoo.es", "yahoo.ca",
        "ymail.com", "rocketmail.com", "myyahoo.com", "aol.com", "aim.com",
    ),
    "outlook.com": (
        "outlook.com", "outlook.com.vn", "outlook.fr", "outlook.de", "outlook.jp", "hotmail.com", "hotmail.com.vn",
        "hotmail.co.uk", "hotmail.fr", "hotmail.de", "hotmail.it", "hotmail.es", "live.com", "live.com.vn",
        "live.co.uk", "live.fr", "msn.com", "passport.com", "windowslive.com",
    ),
    "icloud.com": ("icloud.com", "me.com", "mac.com"),
    "viettel.com.vn": ("viettel.com.vn", "viettel.vn", "viettelgroup.vn"),
    "vnpt.vn": ("vnpt.vn", "vnpt.com.vn", "vnn.vn", "hcm.vnn.vn", "hn.vnn.vn", "vdc.com.vn"),
    "fpt.com.vn": ("fpt.com.vn", "fpt.com", "fpt.vn", "fpt.net", "hcm.fpt.vn", "hn.fpt.vn"),
    "qq.com": ("qq.com", "foxmail.com", "vip.qq.com"),
    "163.com": ("163.com", "126.com", "yeah.net"),
    "mail.ru": ("mail.ru", "bk.ru", "inbox.ru", "list.ru", "internet.ru"),
    "yandex.ru": ("yandex.ru", "yandex.com", "ya.ru"),
    "proton.me": ("proton.me", "protonmail.com", "pm.me"),
    "zoho.com": ("zoho.com", "zohomail.com"),
    "gmx.net": ("gmx.net", "gmx.de", "gmx.com", "gmx.at", "gmx.ch", "web.de"),
}  # fmt: skip
_GROUP_OF = {domain: group for group, domains in _GROUPS.items() for domain in domains}


def group_of(address: str) -> str:
    """The group of an address's domain: its provider's first domain, or the domain itself."""
    domain = address.rpartition("@")[2].lower()
    return _GROUP_OF.get(domain, domain)


def domain_group(domain: str) -> str:
    """The same of a domain."""
    return _GROUP_OF.get(domain.lower(), domain.lower())
