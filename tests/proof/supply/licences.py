"""The licences of locked packages, as SPDX expressions, from what is installed of them."""

import re
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata

from packaging.licenses import canonicalize_license_expression

ALLOWED = frozenset(
    {
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "MIT",
        "MIT-0",
        "PSF-2.0",
    }
)
"""Licences that ask for nothing but their own text to be kept."""

EXCEPTIONS = {
    "certifi": "MPL-2.0: certificates and a path to them, used as they come; the MPL binds changes "
    "to its own files, of which we make none",
    "orjson": "MPL-2.0 for parts, used as it comes: likewise",
}
"""Packages under another licence, and why they may be here."""

SPELLINGS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache License 2.0": "Apache-2.0",
    "ISC License": "ISC",
    "MIT License": "MIT",
}
"""What packages without a License-Expression say in its place, besides SPDX's own names."""

CLASSIFIERS = {
    "License :: OSI Approved :: MIT License": "MIT",
}
"""What the classifiers say that mean one licence only. "BSD License" does not say which."""

READ = {
    "async-timeout": "Apache-2.0",
    "colorama": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "python-dateutil": "Apache-2.0 AND BSD-3-Clause",
    "uvloop": "Apache-2.0 OR MIT",
}
"""What had to be read in the packages' own files: they are installed only on other systems
(async-timeout, colorama), or their metadata says less than their licence file."""


def licence(name: str) -> str | None:
    """Give the SPDX expression of a package's licence, or None if it does not say."""
    if name in READ:
        return READ[name]
    try:
        return stated(metadata(name))
    except PackageNotFoundError:
        return None


def stated(package: PackageMetadata) -> str | None:
    """Give what a package's metadata says, the plainest first (PEP 639)."""
    for field in ("License-Expression", "License"):
        for said in package.get_all(field) or ():
            return str(canonicalize_license_expression(SPELLINGS.get(said, said)))
    classified = {CLASSIFIERS.get(line) for line in package.get_all("Classifier") or ()} - {None}
    return next(iter(classified)) if len(classified) == 1 else None


def foreign(expression: str) -> set[str]:
    """Give the licences in an expression that are not allowed: of a choice, each one has to be."""
    return set(re.findall(r"[\w.-]+", expression)) - {"AND", "OR"} - ALLOWED
