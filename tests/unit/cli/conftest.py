"""The command line speaks English here, whatever the developer's terminal speaks; it decides once, when imported."""

import importlib

import pytest

with pytest.MonkeyPatch.context() as patch:
    patch.setenv("NURTURE_LANGUAGE", "en")
    importlib.import_module("nurture.cli.words")
