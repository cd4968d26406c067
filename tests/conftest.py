"""Settings of all tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def own_cache() -> Iterator[None]:
    """Leave the cache of whoever runs the tests alone."""
    with (
        tempfile.TemporaryDirectory(prefix="adgen-tests-", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("ADGEN_CACHE_DIR", os.path.join(folder, "cache"))
        yield
